"""`python -m benchmarks` runs end to end; its figures are for people and are never asserted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.needs("langchain-classic")
def test_quick_run_prints_a_row_for_each_system_and_every_other_table(tmp_path: Path) -> None:
    """LangServe's is left out where it is not installed, and a quick run installs nothing."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    rows = {line.split(" | ")[0]: line.split(" | ")[1:] for line in ran.stdout.splitlines()}
    assert len(rows["| plain LangChain service"]) == len(rows["| this service"]) > 5
    assert "Without a row for LangServe: it is installed by a full run only." in rows
    assert "Left out, since LiteLLM's proxy is not here: it is installed by a full run only." in rows
    assert "### Readers of one run" in rows
    assert "### Growth" in rows
    hops = ("the provider itself", "service → provider", "client server → service → provider")
    assert [rows[f"| {name}"][-1] for name in hops] == ["0.00 |"] * 3  # tokens lost
    assert "### What history costs, medians of 1" in rows
    assert "### What keys, limits and budgets cost, medians of 1" in rows
    assert "### What it costs to be seen, medians of 1" in rows
    assert "### What filters cost, medians of 1" in rows and "### Hostile text" in rows
    assert any(row.startswith("### A history of 1,000 runs") for row in rows)
    assert float(rows["| search, simple: a word of nearly all runs"][0].split()[0]) > 0


def test_a_service_that_does_not_start_ends_the_benchmark_with_what_it_said(tmp_path: Path) -> None:
    """A broken start must not look like a slow one."""
    (tmp_path / "service.py").write_text("raise SystemExit('no chain of that name')")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(root=str(tmp_path))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "no chain of that name" in ran.stdout


PROGRAM = """
from benchmarks.processes import StartFailed, running
try:
    with running(("service",), core=0, env={{"PYTHONPATH": {root!r}}}):
        pass
except StartFailed as failure:
    print(failure)
"""
