"""What is superseded counts no more: in the log's answer, in snapshots, and for a process that takes over."""

from collections.abc import Sequence

import pytest

from service.errors import RunFailed
from service.event_log.base import entry_of
from service.event_log.memory import MemoryEventLog
from service.events import BridgeEvent, Event, Reasoning, Restart
from service.executor.writer import RunWriter
from service.history.recorded_log import answer_in
from service.retold import Retold, retell
from service.snapshot import fold
from tests.runs.driving import started
from tests.runs.test_retold import call, ended, token, tool_start
from tests.wire.stories import logged, restart

# m2 goes on while m1 fails and m3 takes its place; c2 is m2's.
EVENTS: Sequence[BridgeEvent] = [
    *(token("one "), token("two ", "m2"), call("{"), call("{}", "c2", "m2"), token("more ")),
    *(restart("m1", 2), ended("error"), token("anew", "m3"), call("{}", "c3", "m3")),
]


async def written(
    *events: BridgeEvent, max_chars: int = 100, retold: Retold | None = None
) -> tuple[RunWriter, list[Event]]:
    """The writer after these, and what the log has of them."""
    log = MemoryEventLog(60, 10_000)
    await log.open("r")
    writer = RunWriter(log, "r", 3, max_bytes=9_999, max_chars=max_chars, retold=retold or Retold())
    if retold is None:
        await writer.start(started())
    await writer.write(events)
    await log.close("r")
    return writer, [record.event() async for batch in log.read("r") for record in batch]


def place(events: Sequence[Event]) -> tuple[int, int]:
    [told] = [event for event in events if isinstance(event, Restart)]
    return told.attempt, told.discard_from


async def test_the_log_says_from_which_event_on_a_message_is_superseded() -> None:
    _, events = await written(token("x"), ended(), token("a", "m2"), token("b", "m2"), restart("m2", 0))
    assert place(events) == (3, 4)


async def test_reasoning_and_calls_are_places_to_begin_too() -> None:
    thought = Reasoning(t=1, message_id="m1", step=None, text="hm")
    _, events = await written(thought, token("a"), restart("m1", 0))
    assert place(events) == (3, 2)
    _, events = await written(call("{"), token("a"), restart("m1", 0))
    assert place(events) == (3, 2)


async def test_a_process_that_takes_over_counts_on_from_where_the_log_is() -> None:
    before: Sequence[Event] = [started(), token("a"), ended()]
    retold = retell((event, len(entry_of(event).line)) for event in before)
    _, events = await written(token("b", "m2"), restart("m2", 0), retold=retold)
    assert place(events) == (3, 4)


async def test_superseded_text_is_no_part_of_the_answer_nor_of_its_bound() -> None:
    writer, _ = await written(*EVENTS, max_chars=len("one two more "))
    assert writer.answer == "two anew"
    with pytest.raises(RunFailed) as raised:
        await written(*EVENTS, max_chars=len("one two more ") - 1)
    assert raised.value.code == "output_limit"


def test_a_snapshot_has_neither_its_text_nor_its_calls() -> None:
    state = fold(logged(started(), *EVENTS)).snapshot()
    assert {each["message_id"]: each["text"] for each in state["messages"]} == {"m2": "two ", "m3": "anew"}
    assert [each["tool_call_id"] for each in state["tools"]] == ["c2", "c3"]


def test_a_call_that_another_message_wrote_under_the_same_id_stays() -> None:
    state = fold(logged(started(), call("{}", "c1", "m2"), tool_start("c1"), restart("m1", 1))).snapshot()
    assert [(each["tool_call_id"], each["status"]) for each in state["tools"]] == [("c1", "running")]


def test_a_process_that_takes_over_knows_only_what_counts() -> None:
    retold = retell((event, len(entry_of(event).line)) for event in (started(), *EVENTS))
    assert retold.answers == {"m2": "two ", "m3": "anew"}
    assert retold.written.keys() == {"c2", "c3"}
    assert retold.messages == 3


def test_the_answer_of_a_run_that_failed_is_read_from_its_log_without_it() -> None:
    assert answer_in(logged(started(), *EVENTS)) == "two anew"
