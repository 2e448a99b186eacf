"""The programs of examples/README.md, run by its own commands."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.examples.running import EXAMPLES, ROOT, Command, environment, node, python, run
from tests.needs import NODE
from tests.serving import Served, serving

README = (EXAMPLES / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S) for line in block.splitlines()
]
PREPARING = [
    "make run",
    ". .venv/bin/activate",
    "pip install ./clients/python",
    "npm install --prefix examples/node",
]
SERVER = "python examples/example_streaming_chain_server.py"  # test_chain_server.py
PROGRAMS = [line for line in COMMANDS if line not in (*PREPARING, SERVER)]

# What each prints, without which it would not be worth running.
SHOWN = {
    "example_basic_usage.py": r"(?s)Job \w{26}.*48 out, of offline:demo\n.*completed: 1 call.*one credit",
    "example_streaming.py": r"(?s)There was once.*first token \d+ ms · \d+ tokens · .* · total [\d.]+ s\n",
    "example_structured_outputs.py": r"(?s)name: John Smith\n.*age: 35\n.*skills: Python, FastAPI, Postgre"
    r".*sentiment: positive.*completed: extract_person, fill_person, extract_resume",
    "typed_client.py": r"(?s)Run \w{26}: agent on offline:demo\n.*→ calculator .*← 37\*43 = 1591\n.*— \d+",
    "openai_sdk.py": r"(?s)Chains and models: agent, .*1591.*— \d+ tokens, the first after",
    "ai_sdk.mjs": r"(?s)→ calculator .*← calculator 37\*43 = 1591\n.*1591.*— \d+ tokens, the first after",
    "ag_ui.mjs": r"(?s)> What is 37\*43\?\n.*1591.*> Convert .*42\.16.*— 8 messages in the thread",
    ".": r"(?s)→ calculator .*← calculator 37\*43 = 1591\n.*1591.*— \d+ tokens, the first after",
}


def needed(line: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.needs(part) for part in ("go", "node") if f"{part} " in line]


def program(line: str, request: pytest.FixtureRequest) -> tuple[Command, list[str]]:
    """A line of the document as a command: its program, from where this machine has it, and its arguments."""
    words = shlex.split(line)
    if line.startswith("cd examples/go"):
        return request.getfixturevalue("go_program"), words[6:]
    file = Path(words[1])
    if words[0] == "node":
        return node(request.getfixturevalue("node_folder"), file.name), words[2:]
    return python(file.name), words[2:]


def name_of(line: str) -> str:
    words = shlex.split(line)
    return words[5] if line.startswith("cd ") else Path(words[1]).name


def of_each(lines: list[str]) -> pytest.MarkDecorator:
    tried = [pytest.param(line, id=name_of(line), marks=needed(line)) for line in lines]
    return pytest.mark.parametrize("line", tried)


PROGRAM = of_each(PROGRAMS)
OF_RUNS = of_each([line for line in PROGRAMS if "/example_" not in line])  # the others want a team's key


def test_every_command_is_of_a_kind_that_is_tried_here() -> None:
    assert {name_of(line) for line in PROGRAMS} == SHOWN.keys()
    assert SERVER in COMMANDS and set(PREPARING) < set(COMMANDS)


def test_every_example_is_in_the_document() -> None:
    files = {path for path in EXAMPLES.iterdir() if path.is_file()} | set((EXAMPLES / "node").glob("*_*.mjs"))
    for path in files - {EXAMPLES / "README.md"}:
        assert f"]({path.relative_to(EXAMPLES)})" in README
    for name in re.findall(r"\]\(([^):#]+)", README):
        assert (EXAMPLES / name).exists()


def test_every_variable_that_an_example_reads_is_in_the_document() -> None:
    text = "".join(path.read_text() for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".mjs", ".go"))
    read = re.findall(r"(?:environ\.get\(|Getenv\(|process\.env\.)\"?([A-Z_]+)", text)
    assert len(read) > 8
    assert {name for name in read if f"`{name}`" not in README} == set()


def test_the_packages_that_it_installs_are_those_that_are_tried_here() -> None:
    wanted, tried = (
        orjson.loads((folder / "package.json").read_bytes())["dependencies"]
        for folder in (EXAMPLES / "node", NODE)
    )
    assert wanted == {name: tried[name] for name in wanted}


@pytest.mark.needs("go")
def test_the_client_in_go_is_formatted_and_has_no_known_mistakes() -> None:
    for command in (["gofmt", "-l", "."], ["go", "vet", "."]):
        checked = subprocess.run(command, cwd=EXAMPLES / "go", capture_output=True, text=True, check=True)
        assert checked.stdout + checked.stderr == ""


@PROGRAM
def test_it_shows_what_it_is_for(request: pytest.FixtureRequest, served: Served, line: str) -> None:
    command, arguments = program(line, request)
    ended = run(command, served.url, *arguments)
    assert (ended.status, ended.complained) == (0, "")
    assert re.search(SHOWN[name_of(line)], ended.said), ended.said


@PROGRAM
def test_without_a_service_it_ends_with_a_line_that_says_so(
    request: pytest.FixtureRequest, nowhere: str, line: str
) -> None:
    ended = run(program(line, request)[0], nowhere)
    assert ended.status == 1
    assert re.fullmatch(
        rf"(?i)there is no service at {nowhere}: start it with `make run`.*\n", ended.complained
    )


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with serving(api_key="the-key") as served:
        yield served


@OF_RUNS
def test_a_service_that_asks_for_a_key_is_shown_it(
    request: pytest.FixtureRequest, guarded: Served, line: str
) -> None:
    command, arguments = program(line, request)
    ended = run(command, guarded.url, *arguments, CHAINSTREAM_KEY="the-key")
    assert (ended.status, ended.complained) == (0, "")


def test_a_teams_key_is_made_by_the_command_of_the_document(tmp_path: Path) -> None:
    """And its job costs one of the credits that the command gave."""
    database = f"sqlite:///{tmp_path / 'jobs.db'}"
    made = subprocess.run(
        [sys.executable, "-m", "service", "jobs", "bootstrap"],
        cwd=ROOT,
        env=environment("", DATABASE_URL=database),
        capture_output=True,
        text=True,
        check=True,
    )
    team = dict(line.split("=", 1) for line in made.stdout.splitlines())
    assert "bootstrap > jobs.env     # TEAM_ID, MODEL_GROUP, VIRTUAL_KEY" in README
    assert list(team) == ["TEAM_ID", "MODEL_GROUP", "VIRTUAL_KEY"]
    with serving(database_url=database) as served:
        refused = run(python("example_basic_usage.py"), served.url)
        ended = run(python("example_basic_usage.py"), served.url, **team)
    assert refused.status == 1 and "key" in refused.complained
    assert ended.said.endswith("one credit; the team has 999 credits left\n")
