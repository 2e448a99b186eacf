"""What `serve` takes on its command line and from its folder; `python -m service` is that command here."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from service import __version__
from tests.project.commands import answer_of, graph_saying, running, users_environment

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-m", "service", "serve"]
ELSEWHERE = {"PYTHONPATH": str(ROOT)}  # to be run in a user's folder


def ended(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=folder,
        env=users_environment(**ELSEWHERE, COLUMNS="80"),
        capture_output=True,
        text=True,
        check=False,
    )


def refused(*arguments: str, folder: Path = ROOT) -> str:
    result = ended(*arguments, folder=folder)
    assert result.returncode != 0 and len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr


def test_it_tells_its_version() -> None:
    assert ended("--version").stdout == f"chainstream {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--help"], ["serve", "--version"]), (["serve", "--help"], ["TARGET", "--host", "--port", "--reload"])],
)
def test_its_help_is_short_and_names_all_that_it_takes(
    arguments: Sequence[str], named: Sequence[str]
) -> None:
    said = ended(*arguments).stdout
    assert all(each in said for each in named) and len(said.splitlines()) < 20


def test_targets_are_served_alone_and_the_first_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(graph_saying("one"))
    (tmp_path / "two.py").write_text(graph_saying("two"))
    with running([*SERVE, "./two.py:graph", "first=one:graph"], tmp_path, **ELSEWHERE) as command:
        client = command.serves()
        assert "chains graph, first ·" in command.lines[-1]
        assert (answer_of(client), answer_of(client, "first")) == ("two", "one")
        assert "chain=graph" in client.get("/").text


def test_the_env_file_of_the_folder_reaches_chains_and_what_the_environment_has_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("USERS_KEY=from the file\nUSERS_OTHER=from the file\n")
    told = "import os\nfrom langchain_core.runnables import RunnableLambda\n"
    told += "told = RunnableLambda(lambda _: os.environ['USERS_KEY'] + ', ' + os.environ['USERS_OTHER'])\n"
    (tmp_path / "agent.py").write_text(told)
    with running([*SERVE, "agent:told"], tmp_path, **ELSEWHERE, USERS_OTHER="from outside") as command:
        assert answer_of(command.serves()) == "from the file, from outside"


def test_a_langgraph_json_is_served_from_its_path(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "agent.py").write_text(graph_saying("as LangGraph's own serves it"))
    (tmp_path / "project" / "langgraph.json").write_text('{"graphs": {"mine": "./agent.py:graph"}}')
    with running([*SERVE, "project/langgraph.json"], tmp_path, **ELSEWHERE) as command:
        assert answer_of(command.serves(), "mine") == "as LangGraph's own serves it"


def test_a_target_that_cannot_be_served_ends_the_command_with_one_sentence(tmp_path: Path) -> None:
    assert "./missing.py" in refused("./missing.py:graph", folder=tmp_path)
    assert "./file.py:name" in refused("nonsense", folder=tmp_path)
    assert "./file.py:name" in refused("nonsense", "--reload", folder=tmp_path)


@pytest.mark.parametrize("port", ["seventy", "70000"])
def test_a_port_that_is_none_is_told_by_its_setting(port: str) -> None:
    assert "PORT" in refused("--port", port)


def test_an_edit_is_seen_while_a_module_s_import_does_not_end(tmp_path: Path) -> None:
    """As of an example from a tutorial that asks its user questions in a loop."""
    agent = tmp_path / "agent.py"
    agent.write_text("import time\nprint('importing', flush=True)\nwhile True: time.sleep(0.01)\n")
    with running([*SERVE, "./agent.py:graph", "--reload"], tmp_path, **ELSEWHERE) as command:
        command.says("importing")
        agent.write_text(graph_saying("at last"))
        assert answer_of(command.serves()) == "at last"
