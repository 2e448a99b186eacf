"""The script that CI runs, with stand-ins for the programs that it calls."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = ["make lint", "make test", "make types"]
PROGRAMS = ("chromium", "python3", "initdb", "promtool", "redis-server", "go", "npm")
NEEDED = ("bash", "cat", "dirname", "env", "nice", "nproc")

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs .ci/run where the given programs exist; tells its exit status and what it called."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(shutil.which(name) or "")
    (tmp_path / "clone" / ".ci").mkdir(parents=True)
    script = shutil.copy(ROOT / ".ci" / "run", tmp_path / "clone" / ".ci")
    install = tmp_path / "clone" / "tests" / "instructor" / "install"
    install.parent.mkdir(parents=True)
    install.write_text(f"#!{folder}/bash\n")
    install.chmod(0o755)

    def stand_in(name: str, body: str = "") -> None:
        (folder / name).write_text(f'#!{folder}/bash\necho "{name} $*" >> "{calls}"\n{body}\n')
        (folder / name).chmod(0o755)

    def start(*programs: str, failing: str = "") -> tuple[int, list[str]]:
        for program in programs:
            stand_in(program)
        stand_in("make", f'test "$CI $1" != "true {failing}"')
        stand_in("npm")
        stand_in("apt-get")
        stand_in("sudo", '"$@"')
        result = subprocess.run([script], env={"PATH": str(folder)}, capture_output=True, check=False)
        return result.returncode, calls.read_text().splitlines()

    return start


def without(program: str) -> list[str]:
    return [each for each in PROGRAMS if each != program]


def checks_of(calls: list[str]) -> list[str]:
    """Types are checked beside the tests, so either may come first."""
    checks = [call for call in calls if call.startswith("make")]
    return [*checks[:1], *sorted(checks[1:])]


def test_nothing_is_installed_where_nothing_is_missing(run: Run) -> None:
    status, calls = run(*PROGRAMS)
    assert status == 0
    assert [call for call in calls if not call.startswith(("python3", "make", "npm"))] == []
    assert checks_of(calls) == CHECKS


def test_what_is_missing_is_installed_after_an_update_of_the_lists(run: Run) -> None:
    status, calls = run(*without("chromium"))
    installs = [call for call in calls if call.startswith("apt-get")]
    assert status == 0
    assert installs[0].startswith("apt-get update")
    assert installs[1].startswith("apt-get install")
    assert installs[1].endswith("chromium-headless-shell fonts-dejavu-core fonts-noto-color-emoji")
    assert checks_of(calls) == CHECKS


def test_another_browser_of_the_family_will_do(run: Run) -> None:
    _, calls = run("google-chrome", *without("chromium"))
    assert not any(call.startswith("apt-get") for call in calls)


def test_redis_is_installed_where_it_is_missing(run: Run) -> None:
    _, calls = run(*without("redis-server"))
    assert [call.split()[-1] for call in calls if call.startswith("apt-get install")] == ["redis-server"]


def test_promtool_is_installed_where_it_is_missing(run: Run) -> None:
    _, calls = run(*without("promtool"))
    assert [call.split()[-1] for call in calls if call.startswith("apt-get install")] == ["prometheus"]


@pytest.mark.parametrize("failing", ["lint", "types", "test"])
def test_each_check_runs_though_another_fails_and_the_status_tells(run: Run, failing: str) -> None:
    status, calls = run(*PROGRAMS, failing=failing)
    assert status == 1
    assert checks_of(calls) == CHECKS
