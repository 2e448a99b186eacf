"""The package as its users have it: built, and installed where only what it requires is besides."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.installed import PIP, ROOT, printed_by
from tests.serving import Served

PACKAGE = ROOT / "clients" / "python"
PROGRAM = Path(__file__).parent / "user_program.py"

pytestmark = pytest.mark.needs("hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client-wheel")
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*PIP, *build, str(PACKAGE)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel and what it requires, which is linked from that of the tests."""
    folder = tmp_path_factory.mktemp("client")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    install = ["--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run([*PIP, *install], check=True)
    packages = Path(printed_by(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    for path in _required(tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["dependencies"]):
        (packages / path.name).symlink_to(path)
    return python


def _required(requirements: list[str]) -> set[Path]:
    """The files and folders in site-packages of these packages, and of those that they require."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        wanted = waiting.pop()
        if wanted.name not in found and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            found[wanted.name] = made = distribution(wanted.name)
            waiting += map(Requirement, made.requires or ())
    return {path for each in found.values() for path in _top_of(each)}


def _top_of(made: Distribution) -> Iterator[Path]:
    names = {file.parts[0] for file in made.files or ()} - {"..", "__pycache__"}
    return (Path(str(made.locate_file(name))) for name in names)


def test_the_wheel_has_the_package_alone_with_its_types_and_its_version(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"chainstream_client"}
    source = PACKAGE / "src"
    assert {name for name in names if ".dist-info/" not in name} == {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    version = re.search(r'__version__ = "(.+)"', (source / "chainstream_client" / "version.py").read_text())
    assert version and wheel.name == f"chainstream_client-{version[1]}-py3-none-any.whl"
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_streams_runs_where_there_is_nothing_of_the_service(service: Served, python: Path) -> None:
    code = f"""
import asyncio
from importlib.util import find_spec
from chainstream_client import AsyncChainstream, Chainstream, Done

others = ("service", "tests", "chainstream", "fastapi", "langchain_core")
assert not [name for name in others if find_spec(name)]

async def last_of_a_run():
    async with AsyncChainstream({service.url!r}) as client:
        async for event in client.stream("tokens=2", chain="numbered"):
            pass
        return event

with Chainstream({service.url!r}) as client:
    *_, last = client.stream("tokens=2", chain="numbered")
assert isinstance(last, Done) and isinstance(asyncio.run(last_of_a_run()), Done)
print(last.output)
"""
    assert printed_by(python, code) == "run:1; run:2;"


def test_a_program_of_its_users_is_of_strict_types_and_a_mistake_in_it_is_found(
    python: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    wrong = '\n\ndef wrong(client: Chainstream) -> None:\n    client.start("hi", chains="chat")\n'
    program.write_text(PROGRAM.read_text() + wrong)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python)]
    ended = subprocess.run(
        [*command, "--config-file", "", "--cache-dir", str(tmp_path / "cache"), str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert 'Unexpected keyword argument "chains" for "start"' in ended.stdout, ended.stdout
    assert "Found 1 error in 1 file" in ended.stdout
