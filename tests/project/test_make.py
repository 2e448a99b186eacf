"""The Makefile: what it lists, what it installs, and its one sentence for each thing that a machine lacks."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("make")

ROOT = Path(__file__).parents[2]
TARGETS = ["run", "dev", "test", "lint", "types", "format", "bench", "lock", "schema", "clean"]
SERVICE = "import sys; print('serving', *sys.argv[1:])"

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def plain_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment, made once: making one takes seconds."""
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    return folder / ".venv"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a path with a space, that needs no package and serves by printing its arguments."""
    folder = tmp_path / "a project"
    (folder / "service").mkdir(parents=True)
    (folder / "service" / "__main__.py").write_text(SERVICE)
    shutil.copy(ROOT / "Makefile", folder)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        (folder / lock).write_text("# nothing\n")
    return folder


@pytest.fixture
def installed(project: Path, plain_venv: Path) -> Path:
    """The project after `make run`."""
    shutil.copytree(plain_venv, project / ".venv", symlinks=True)
    shutil.copy(project / "requirements.txt", project / ".venv")
    return project


@pytest.fixture
def make(project: Path, quick_python: str) -> Make:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", quick_python, *arguments]
        return subprocess.run(command, cwd=project, env=environment(), capture_output=True, text=True)

    return run


def environment() -> dict[str, str]:
    """Ours, without what an outer make tells an inner one, and without any place to install from."""
    foreign = ("MAKE", "MFLAGS", "PIP_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return ours | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


def write_script(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return f"PYTHON={path}"


@pytest.fixture
def quick_python(tmp_path: Path, plain_venv: Path) -> str:
    """This Python, but it makes a virtual environment by copying one."""
    copy = f'[ "$2" != venv ] || {{ rm -rf "$4" && exec cp -R "{plain_venv}" "$4"; }}'
    return write_script(tmp_path / "quick-python3", copy, f'exec "{sys.executable}" "$@"')


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], str]:
    """Makes a Python like this one, but for a line that it runs before the code after -c."""

    def build(line: str) -> str:
        return write_script(
            tmp_path / "python3", f"exec '{sys.executable}' -c 'import sys; {line}; exec(sys.argv[2])' \"$@\""
        )

    return build


def sentences(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What was said besides make's own note that a command failed."""
    assert result.returncode != 0
    return [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]


def test_help_lists_every_target_with_a_line_each(make: Make) -> None:
    listed = dict(re.findall(r"^ +make (\w+) +(\S.*)$", make("help").stdout, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    assert [f".PHONY: {' '.join(listed)}"] == re.findall(r"^\.PHONY: .*$", makefile, re.MULTILINE)
    assert all(f"\n{target}: ## {line}\n" in makefile for target, line in listed.items())
    assert set(TARGETS) <= listed.keys()


def test_make_alone_shows_the_help(make: Make) -> None:
    assert make().stdout == make("help").stdout


def test_run_makes_the_environment_installs_and_serves(project: Path, make: Make) -> None:
    result = make("run", f"PYTHON={sys.executable}", "ARGS=--port 1")
    assert (result.returncode, result.stdout) == (0, "serving --port 1\n"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Installing requirements.txt into .venv")
    assert not (project / ".venv.incomplete").exists()


@pytest.mark.usefixtures("installed")
def test_a_warm_start_says_nothing_and_needs_no_python_but_the_installed_one(make: Make) -> None:
    result = make("run", "PYTHON=/nowhere/python3")
    assert (result.returncode, result.stdout, result.stderr) == (0, "serving\n", "")


@pytest.mark.usefixtures("installed")
def test_dev_serves_with_reload(make: Make) -> None:
    assert make("dev").stdout == "serving --reload\n"


def test_a_changed_lock_file_is_installed_once(installed: Path, make: Make) -> None:
    (installed / "requirements.txt").write_text("# something else\n")
    assert "Installing" in make("run").stderr
    assert make("run").stderr == ""


def test_an_install_that_fails_says_why_and_is_tried_again(installed: Path, make: Make) -> None:
    (installed / "requirements.txt").write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64)
    failed = make("run")
    assert failed.returncode != 0
    assert failed.stdout == ""
    assert "No matching distribution found for no-such-package" in failed.stderr
    (installed / "requirements.txt").write_text("# nothing\n")
    assert make("run").stdout == "serving\n"


def test_what_an_interrupted_install_left_is_thrown_away(installed: Path, make: Make) -> None:
    (installed / ".venv" / "half-written").touch()
    (installed / ".venv" / "requirements.txt").unlink()
    (installed / ".venv.incomplete").touch()
    assert make("run").stdout == "serving\n"
    assert not (installed / ".venv" / "half-written").exists()


def test_an_environment_of_the_users_own_is_kept(installed: Path, make: Make) -> None:
    (installed / ".venv" / "of-the-user").touch()
    (installed / ".venv" / "requirements.txt").unlink()
    assert make("run").stdout == "serving\n"
    assert (installed / ".venv" / "of-the-user").exists()


def test_an_environment_without_pip_is_made_again(project: Path, make: Make) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    assert make("run").stdout == "serving\n"


def test_an_environment_whose_python_is_gone_is_made_again(installed: Path, make: Make) -> None:
    for link in (installed / ".venv" / "bin").glob("python*"):
        link.unlink()
    (installed / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    assert make("run").stdout == "serving\n"


def test_no_python_is_told_in_one_sentence(make: Make) -> None:
    (sentence,) = sentences(make("run", "PYTHON=python3.99"))
    assert sentence.startswith("There is no python3.99: install Python 3.11 or newer")


def test_a_python_that_is_too_old_is_told_in_one_sentence(
    project: Path, make: Make, python: Callable[[str], str]
) -> None:
    (sentence,) = sentences(make("run", python('sys.version_info = (3, 9, 6, "final", 0)')))
    assert sentence == (
        "Python 3.9 is too old: install Python 3.11 or newer, then name it, as in: make PYTHON=python3.11 run"
    )
    assert not (project / ".venv").exists()


def test_a_missing_venv_module_is_told_in_one_sentence_and_leaves_nothing(
    project: Path, make: Make, python: Callable[[str], str]
) -> None:
    result = make("run", python('sys.modules["ensurepip"] = None'))
    assert sentences(result) == ["python3-venv is missing: sudo apt-get install python3-venv"]
    assert not (project / ".venv").exists()
    assert make("run").stdout == "serving\n"


def test_clean_removes_what_make_made_and_nothing_else(installed: Path, make: Make) -> None:
    kept = {path for path in installed.rglob("*") if ".venv" not in path.parts}
    (installed / "service" / "__pycache__").mkdir()
    (installed / ".mypy_cache").mkdir()
    (installed / ".venv.incomplete").touch()
    assert make("clean").returncode == 0
    assert set(installed.rglob("*")) == kept


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM to make", "Ctrl-C"])
def test_a_signal_ends_the_service_cleanly(project: Path, number: signal.Signals) -> None:
    (project / "service" / "__main__.py").write_text(
        "import signal\n"
        "signals = [signal.SIGTERM, signal.SIGINT]\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n"
        "print('ready', flush=True)\n"
        "print('ended by', signal.Signals(signal.sigwait(signals)).name)\n"
    )
    command, env = ["make", "run"], environment()
    with subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        # A terminal sends Ctrl-C to the whole group, a supervisor SIGTERM to the one process that it knows.
        os.killpg(process.pid, number) if number == signal.SIGINT else process.terminate()
        assert process.stdout.read() == f"ended by {number.name}\n"
