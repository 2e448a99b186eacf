"""The wheel: what is in it, and that it works in an environment that has nothing else of this repository."""

import re
import subprocess
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.metadata import parse_email
from packaging.requirements import Requirement

from service import __version__
from tests.api.event_streams import frames_of
from tests.installed import ROOT, printed_by
from tests.project.commands import answer_of, graph_saying, running, users_environment
from tests.serving import read_answer, request_bytes

pytestmark = pytest.mark.needs("hatchling")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "agent.py").write_text(graph_saying("the first thing"))
    return tmp_path


def test_a_wheel_has_one_package_with_all_that_ships_in_it(wheel: Path) -> None:
    names = [name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name]
    names.remove("chainstream/handbook/README.md")
    shipped = {
        "service": "chainstream",
        "chains": "chainstream/chains",
        "static": "chainstream/static",
        "docs": "chainstream/handbook/docs",
    }
    assert sorted(names) == sorted(
        f"{place}/{path.relative_to(ROOT / folder)}"
        for folder, place in shipped.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    assert {"chainstream/py.typed", "chainstream/chains/chat.py", "chainstream/static/app.js"} <= set(names)


def test_a_wheel_requires_what_the_project_depends_on_and_has_the_source_s_version(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with ZipFile(wheel) as files:
        (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
        metadata, _ = parse_email(files.read(name))
    assert set(map(Requirement, metadata["requires_dist"])) == set(map(Requirement, project["dependencies"]))
    assert (metadata["version"], metadata["requires_python"]) == (__version__, project["requires-python"])


def test_nothing_called_service_or_chains_reaches_a_users_environment(programs: Path) -> None:
    code = "from importlib.util import find_spec as find; print(find('service'), find('chains'))"
    assert printed_by(programs / "python", code) == "None None"


def test_the_handler_of_an_installed_package_needs_no_server(programs: Path) -> None:
    code = (
        "import sys; from chainstream.callbacks import AsyncIteratorCallbackHandler; "
        "print({'fastapi', 'starlette', 'uvicorn'} & set(sys.modules))"
    )
    assert printed_by(programs / "python", code) == "set()"


def test_without_a_target_the_installed_command_serves_the_shipped_chains_and_the_page(
    programs: Path, project: Path
) -> None:
    with running([programs / "chainstream"], project) as command:
        client = command.serves()
        assert "chains agent, chat, docs, extract, summarize" in command.lines[-1]
        assert "Chainstream" in answer_of(client)
        for path in ("/", "/docs", "/static/app.js"):
            assert client.get(path, {"Accept": "text/html"}).status == 200
        answer = client.get("/stream?chain=docs&format=events&query=What is RUN_TIMEOUT_SECONDS").text
        assert '"README.md: Settings"' in answer and "event: done" in answer


def test_the_installed_command_migrates_and_says_its_own_name(programs: Path, project: Path) -> None:
    ran = subprocess.run(
        [programs / "chainstream", "migrate"],
        cwd=project,
        env=users_environment(DATABASE_URL=""),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "data/chainstream.db, which had none, has the newest schema now" in ran.stdout
    assert (project / "data" / "chainstream.db").exists()
    code = "from chainstream.migrations import COMMAND; print(COMMAND)"
    assert printed_by(programs / "python", code) == "chainstream migrate"


def test_an_edit_of_a_served_file_is_seen_and_a_broken_one_told_until_it_is_healed(
    programs: Path, project: Path
) -> None:
    agent = project / "agent.py"
    with running([programs / "chainstream", "serve", "./agent.py:graph", "--reload"], project) as command:
        assert answer_of(command.serves()) == "the first thing"
        agent.write_text(graph_saying("another thing"))
        assert answer_of(command.serves()) == "another thing"
        agent.write_text(graph_saying("a broken thing") + "\nthis is no Python\n")
        said = command.says(r"does not load").string
        assert "./agent.py:graph" in said and "SyntaxError" in said and "(agent.py, line 10)" in said
        agent.write_text(graph_saying("a healed thing"))
        assert answer_of(command.serves()) == "a healed thing"
    assert "Traceback" not in "".join(command.lines)


def test_an_open_stream_does_not_hold_up_the_start_after_an_edit(programs: Path, project: Path) -> None:
    endless = "import asyncio\nasync def answer(state): await asyncio.Event().wait()\n"
    agent = project / "agent.py"
    agent.write_text(endless + re.sub("lambda state: .*", "answer)", graph_saying("")))
    with running([programs / "chainstream", "serve", "./agent.py:graph", "--reload"], project) as command:
        with command.serves().connected() as connection:
            connection.sendall(request_bytes("GET", "/stream?query=hi&format=events", b"", {}))
            first = connection.recv(200)
            agent.write_text(graph_saying("a new thing"))
            answer = read_answer(connection, head=first)
        last = frames_of(answer.body)[-1]
        assert answer.whole and (last.event, last.json["reason"]) == ("cancelled", "shutdown")
        assert answer_of(command.serves()) == "a new thing"
