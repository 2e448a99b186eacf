"""How the examples that show a run end with it: failed, waiting for a person, cancelled by Ctrl-C."""

import re
from collections.abc import Iterator

import orjson
import pytest

from tests.examples.running import Command, interrupted, python, run
from tests.page.runs import wait_for_status
from tests.page.sse import DONE, RUN_ID, STARTED, stream, token
from tests.page.wire import wired_to
from tests.serving import Served, serving

TYPED = python("typed_client.py")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
ANNOUNCE = ("--chain", "announcer", 'Announce "We ship on Friday"')


@pytest.fixture(scope="module")
def asking() -> Iterator[Served]:
    """The README's service with an agent that asks."""
    with serving(chains=("./examples/approving.py:announcer",)) as asking:
        yield asking


def newest_run(served: Served) -> str:
    [run] = orjson.loads(served.get("/runs?limit=1").body)["items"]
    return str(run["run_id"])


@pytest.fixture(params=["typed", pytest.param("go", marks=pytest.mark.needs("go"))])
def asked(request: pytest.FixtureRequest) -> Command:
    """Those that show runs of any chain."""
    return TYPED if request.param == "typed" else request.getfixturevalue("go_program")


def of(chain: str, command: Command) -> Command:
    return (*command, "--chain" if command is TYPED else "-chain", chain)


def test_a_run_that_fails_ends_it_with_the_reason(numbered: Served, asked: Command) -> None:
    ended = run(of("numbered", asked), numbered.url, "tokens=5 fail=3")
    assert (ended.status, "run:2; " in ended.said) == (1, True)
    assert ended.complained.strip() == "provider_failed: The model call failed with ConnectionError."


def test_ctrl_c_cancels_the_run(numbered: Served, asked: Command, gate: str) -> None:
    prompt = f"tokens=5 hold=3 gate={gate}"
    ended = interrupted(of("numbered", asked), numbered.url, prompt, after="run:2; ")
    assert (ended.status, ended.complained.strip().lower().rstrip(".")) == (1, "cancelled")
    wait_for_status(numbered, newest_run(numbered), "cancelled")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("y\n", "← Everybody has read: We ship on Friday\n"),
        ("We ship on Monday\n", "← Everybody has read: We ship on Monday\n"),
        ("n\n", "✗ The person said no.\n"),
    ],
)
def test_what_a_person_says_to_a_call_is_done(asking: Served, typed: str, shown: str) -> None:
    ended = run(TYPED, asking.url, *ANNOUNCE, typed=typed)
    assert (ended.status, ended.complained) == (0, "")
    assert "? announce {'text': 'We ship on Friday'}" in ended.said and shown in ended.said


def test_a_run_that_nobody_answered_is_come_back_to_as_it_says(asking: Served) -> None:
    left = run(TYPED, asking.url, *ANNOUNCE)
    [arguments] = re.findall(r"Come back by: (--resume \w{26})$", left.complained.strip())
    assert left.status == 1
    ended = run(TYPED, asking.url, *arguments.split(), typed="y\n")
    assert ended.status == 0 and "← Everybody has read: We ship on Friday\n" in ended.said


@pytest.mark.needs("go")
def test_the_client_in_go_says_where_to_answer(asking: Served, go_program: Command) -> None:
    ended = run((*go_program, "-chain", "announcer"), asking.url, ANNOUNCE[-1])
    assert ended.status == 1 and "? " in ended.said
    path = f"/runs/{newest_run(asking)}/approvals"
    assert ended.complained == f"the run waits for a person: answer it at {asking.url}{path}\n"


@pytest.mark.needs("go")
def test_the_client_in_go_takes_each_event_once_and_a_snapshot_for_what_was_lost(
    numbered: Served, go_program: Command
) -> None:
    messages = [{"message_id": "m1", "channel": "answer", "text": "one two three"}]
    gap = ("gap", {"reason": "ahead_of_log", "as_of": f"{RUN_ID}.1.9", "snapshot": {"messages": messages}})
    restart = ("restart", {"t": 1, "reason": "fallback", "message_id": "m1", "next_model": "openai:other"})
    first = stream(STARTED, token("one "))
    again = stream(token("one "), token("two "), first=2)
    lost = stream(gap, first=9) + stream(restart, token(" four", "m2"), DONE, first=10)
    with wired_to(numbered.port) as wire:
        wire.answer_next(*(HEAD + body.encode() for body in (first, again, "", lost)))
        ended = run(go_program, wire.url, "anything")
    assert ended.said.splitlines() == [
        "one two ",
        "[events were lost; the answer so far:]",
        "one two three",
        "[fallback: what it said counts no more, openai:other answers]",
        " four",
        "— 0 tokens, the first after 1 ms, all in 9 ms",
    ]
