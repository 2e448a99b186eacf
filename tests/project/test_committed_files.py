"""What is committed works on any machine: no index, no path of a developer's, locks with hashes."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-run.txt"]

INDEX = re.compile(rb"pythonhosted\.org|pypi\.org|--(extra-)?index-url|--find-links|registry\.npmjs\.org")
HOME = re.compile(rb"(?<![\w.])(/home/\w|/Users/\w|/root/)|[A-Z]:\\Users\\", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def committed_files() -> list[Path]:
    """What git has or would take; without git, all but hidden folders that tools make."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
        return [path for name in names if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _made(path.relative_to(ROOT))]


def _made(path: Path) -> bool:
    return any(part == "__pycache__" or (part.startswith(".") and part != ".ci") for part in path.parts[:-1])


def matching(pattern: re.Pattern[bytes]) -> dict[str, str]:
    """The files, besides this one, that hold the pattern, with its first match."""
    found = {}
    for path in committed_files():
        if path != Path(__file__) and (match := pattern.search(path.read_bytes())):
            found[str(path.relative_to(ROOT))] = match[0].decode()
    return found


def pins(lock: str) -> dict[str, set[str]]:
    """Each package of a lock file with its versions: one, or one for each of several Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^(\S+?)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def wanted(requirements: str) -> set[str]:
    """None of the lock for run time, which pyproject.toml alone is for."""
    file = ROOT / requirements
    lines = file.read_text().splitlines() if file.exists() else []
    return {match[0].lower() for line in lines if (match := NAME.match(line))}


def dependencies() -> set[str]:
    """What pyproject.toml names for run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {match[0].lower() for line in project["dependencies"] if (match := NAME.match(line))}


def test_no_committed_file_names_a_package_index() -> None:
    assert matching(INDEX) == {}


def test_no_committed_file_names_a_home_folder() -> None:
    assert matching(HOME) == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place_on_a_machine(lock: str) -> None:
    assert re.findall(r"(?:^|\s)(?:file:|~|/)\S*", (ROOT / lock).read_text()) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_every_package_that_its_requirements_name(lock: str) -> None:
    names = wanted(lock.replace(".txt", ".in"))
    assert dependencies()
    assert (names | dependencies()) - pins(lock).keys() == set()


def test_a_package_is_named_with_its_range_in_one_place() -> None:
    places = [dependencies(), wanted("requirements.in"), wanted("requirements-dev.in")]
    assert len(set.union(*places)) == sum(map(len, places))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_file_has_a_hash(lock: str) -> None:
    entries = re.findall(r"^\S+==.*(?:\n[ ]+.*)*", (ROOT / lock).read_text(), re.MULTILINE)
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_developers_lock_file_has_all_of_the_other_at_the_same_versions() -> None:
    run, dev = (pins(lock) for lock in LOCKS[:2])
    assert {name: dev.get(name) for name in run} == run


def test_the_lock_file_for_run_time_has_no_more_than_the_other_at_the_same_versions() -> None:
    both, run = pins("requirements.txt"), pins("requirements-run.txt")
    assert {name: both.get(name) for name in run} == run
    assert not wanted("requirements.in") & run.keys() - {"httpx2"}  # which the service's packages need too


def test_the_ci_script_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
