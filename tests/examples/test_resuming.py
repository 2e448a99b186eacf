"""Every example of a client that resumes has the whole answer, once, through a network that cuts anywhere."""

from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest

from tests.amounts import CUTS
from tests.examples.cutting import cutting, random_lengths
from tests.examples.running import Command, node, python, run
from tests.serving import Served

TOKENS = 60
WHOLE = "".join(f"run:{number}; " for number in range(1, TOKENS + 1))
PROMPT = f"tool=gated tokens={TOKENS}"

CommandOf = Callable[[pytest.FixtureRequest], Command]


def _go(request: pytest.FixtureRequest) -> Command:
    program: Command = request.getfixturevalue("go_program")
    return program


def _node(name: str) -> CommandOf:
    def command(request: pytest.FixtureRequest) -> Command:
        folder: Path = request.getfixturevalue("node_folder")
        return node(folder, name)

    return command


CLIENTS = [
    pytest.param(_go, id="go", marks=pytest.mark.needs("go")),
    pytest.param(lambda _: python("openai_sdk.py"), id="openai"),
    pytest.param(_node("ai_sdk.mjs"), id="ai-sdk", marks=pytest.mark.needs("node")),
    pytest.param(_node("ag_ui.mjs"), id="ag-ui", marks=pytest.mark.needs("node")),
]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_answer_is_whole_and_told_once_wherever_connections_end(
    request: pytest.FixtureRequest, numbered: Served, client: CommandOf
) -> None:
    command, cuts, runs = client(request), 0, 0
    while cuts < CUTS // 10:
        with cutting(numbered.port, random_lengths(runs), clean=runs % 2 == 0) as (url, cutter):
            ended = run(command, url, PROMPT)
        assert (ended.status, ended.complained) == (0, "")
        assert ended.said.count(WHOLE) == 1 and ended.said.count("run:") == TOKENS
        cuts, runs = cuts + cutter.cuts, runs + 1


@pytest.mark.parametrize("client", CLIENTS[:3])  # the two of Node.js have one way to go on
def test_an_answer_that_stays_cut_is_an_error_and_no_success(
    request: pytest.FixtureRequest, numbered: Served, client: CommandOf
) -> None:
    impatient = ["-patience", "1s"] if client is _go else []
    with cutting(numbered.port, repeat(0), clean=True) as (url, _):
        ended = run(client(request), url, *impatient, PROMPT)
    assert ended.status == 1
    assert "cut off" in ended.complained and len(ended.complained.splitlines()) == 1
