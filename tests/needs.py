"""A pytest plugin for tests that need something which a machine may lack: `@pytest.mark.needs("chromium")`.

Where it is missing the test is skipped, and the last lines say what to install. In CI nothing may be skipped,
for whatever reason: there such a test fails (the variable CI is set, and is not "0" or "false").
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

# The first without windows and what belongs to them: pages open in half the time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
LINUX, MAC_OS = "sudo apt-get install -y", "brew install"
PACKAGES = "pip install -r requirements-dev.txt"
NODE = Path(__file__).parent / "node"
TYPESCRIPT_CLIENT = Path(__file__).parents[1] / "clients" / "typescript"
INSTRUCTOR = Path(__file__).parent / "instructor"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that can be missing; `install` is the command that brings it."""

    name: str
    present: Callable[[], bool]
    install: str

    def __str__(self) -> str:
        return f"{self.name} is not installed; install it with: {self.install}"


def chromium_path() -> str | None:
    """Where this machine has a Chromium or Chrome, if it has one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def postgresql_programs() -> Path | None:
    """The folder with PostgreSQL's programs for servers, which Debian keeps out of the PATH."""
    folders = [Path(found).parent] if (found := shutil.which("initdb")) else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _system(name: str, present: Callable[[], bool]) -> Part:
    installer = MAC_OS if sys.platform == "darwin" else LINUX
    return Part(name=name, present=present, install=f"{installer} {name}")


def _package(name: str, module: str | None = None) -> Part:
    module = module or name.replace("-", "_")
    return Part(name=name, present=lambda: find_spec(module) is not None, install=PACKAGES)


# What a test can name, and the parts that it then needs.
NEEDS: dict[str, tuple[Part, ...]] = {
    "chromium": (_system("chromium", lambda: chromium_path() is not None), _package("playwright")),
    "hatchling": (_package("hatchling"),),
    "langchain-classic": (_package("langchain-classic"),),
    "postgresql": (_system("postgresql", lambda: postgresql_programs() is not None),),
    "redis": (
        Part(
            name="redis-server",
            present=lambda: shutil.which("redis-server") is not None,
            install="brew install redis" if sys.platform == "darwin" else f"{LINUX} redis-server",
        ),
    ),
    "promtool": (
        Part(
            name="promtool",
            present=lambda: shutil.which("promtool") is not None,
            install="brew install prometheus" if sys.platform == "darwin" else f"{LINUX} prometheus",
        ),
    ),
    "node": (
        _system("nodejs", lambda: shutil.which("node") is not None),
        Part(
            name="what tests/node lists",
            present=lambda: (NODE / "node_modules" / ".package-lock.json").exists(),
            install="npm ci --prefix tests/node",
        ),
    ),
    "go": (
        _system("go" if sys.platform == "darwin" else "golang-go", lambda: shutil.which("go") is not None),
    ),
    "typescript-client": (
        _system("nodejs", lambda: shutil.which("node") is not None),
        Part(
            name="what clients/typescript lists",
            present=lambda: (TYPESCRIPT_CLIENT / "node_modules" / ".package-lock.json").exists(),
            install="npm ci --prefix clients/typescript",
        ),
    ),
    "instructor": (
        Part(
            name="instructor's own environment",
            present=lambda: (INSTRUCTOR / ".venv" / "complete").exists(),
            install="tests/instructor/install",
        ),
    ),
    "make": (_system("make", lambda: shutil.which("make") is not None),),
    "xdist": (_package("pytest-xdist", "xdist"),),
}

# What a test's report carries where a part was missing: reports cross from xdist's processes, counters do not
MISSING = "missing"


def in_ci() -> bool:
    """Whether a skipped test is a failure here."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"needs(name): needs a part of the machine: {', '.join(NEEDS)}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture, so that none has to cope with what is missing."""
    if missing := next((part for part in _needed(item) if not part.present()), None):
        item.user_properties.append((MISSING, str(missing)))
        pytest.skip(str(missing))


def _needed(item: pytest.Item) -> Generator[Part]:
    for name in (name for mark in item.iter_markers("needs") for name in mark.args):
        if name not in NEEDS:
            pytest.fail(f"needs({name!r}): tests/needs.py knows only {', '.join(NEEDS)}", pytrace=False)
        yield from NEEDS[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):  # an expected failure is reported as skipped too
        _forbid_skips(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skips(report)
    return report


def _forbid_skips(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and in_ci():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped in CI. {reason}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcome = "failed" if in_ci() else "skipped"
    missing = (
        sentence
        for category in ("skipped", "error")  # a failure before the test is an error
        for report in terminalreporter.getreports(category)
        if isinstance(report, pytest.TestReport)
        for name, sentence in report.user_properties
        if name == MISSING
    )
    for part, count in Counter(missing).items():
        tests = "1 test" if count == 1 else f"{count} tests"
        terminalreporter.write_line(f"{tests} {outcome}: {part}", yellow=True)
