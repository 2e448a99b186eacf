"""The examples of docs/openai.md run as they stand, but for the address."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, blocks
from tests.needs import INSTRUCTOR, NODE
from tests.serving import Served

DOCUMENT = ROOT / "docs" / "openai.md"
CHAT, INSTRUCTED, RESUMED = blocks(DOCUMENT, "python")


def run(command: list[str | Path], code: str, served: Served, folder: Path) -> str:
    code = code.replace("http://localhost:8000", served.url)
    ran = subprocess.run(command, cwd=folder, input=code, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_chain_is_asked_by_openais_sdk(served: Served, tmp_path: Path) -> None:
    assert "1591" in run([sys.executable, "-"], CHAT, served, tmp_path)


def test_a_response_is_gone_on_with(served: Served, tmp_path: Path) -> None:
    told = run([sys.executable, "-"], RESUMED, served, tmp_path).split()
    assert (told[0], told[-1]) == ("response.in_progress", "response.completed")


@pytest.mark.needs("node")
def test_a_chain_is_asked_from_node(served: Served) -> None:
    (code,) = blocks(DOCUMENT, "javascript")
    assert "1591" in run(["node", "--input-type=module", "-"], code, served, NODE)


@pytest.mark.needs("instructor")
def test_values_grow_with_instructor(served: Served, tmp_path: Path) -> None:
    python = INSTRUCTOR / ".venv" / "bin" / "python"
    *_, last = run([python, "-W", "ignore", "-"], INSTRUCTED, served, tmp_path).splitlines()
    assert last == "name='Ann Lee' age=34"
