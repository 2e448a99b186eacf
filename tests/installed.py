"""The project as its users have it: the wheel, and a fresh environment in which it is installed."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.project.commands import users_environment

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "wheel",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run([*PIP, *build], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of a fresh environment with the wheel; what it requires is that of the tests' environment."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    install = ["--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run([*PIP, *install], check=True)
    packages = printed_by(python, "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(packages) / "required.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def printed_by(python: Path, code: str) -> str:
    folder, environment = python.parent, users_environment()
    ended = subprocess.run([python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
