"""What the events of a run tell is what its bridge and its writer knew."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from service.bill import no_tokens
from service.event_log.base import entry_of
from service.events import (
    Approval,
    Cancelled,
    Event,
    MessageEnd,
    Reasoning,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
)
from service.retold import Retold, retell
from service.run_tree import Tool
from tests.runs.driving import started


def told(*events: Event) -> Retold:
    """Of a run whose first event is not given."""
    return retell((event, len(entry_of(event).line)) for event in (started(), *events))


def token(text: str, message_id: str = "m1", channel: Any = "answer", t: int = 1) -> Token:
    return Token(t=t, message_id=message_id, step=None, channel=channel, text=text)


def call(piece: str, call_id: str = "c1", message_id: str = "m1", t: int = 1) -> ToolCall:
    return ToolCall(
        t=t, message_id=message_id, step=None, tool_call_id=call_id, index=0, name="add", args_delta=piece
    )


def ended(reason: Any = "stop", message_id: str = "m1", t: int = 1) -> MessageEnd:
    return MessageEnd(t=t, message_id=message_id, finish_reason=reason)


def used(message_id: str = "m1") -> Usage:
    return Usage(
        t=1,
        message_id=message_id,
        model=None,
        input_tokens=1,
        output_tokens=2,
        total_tokens=3,
        cached_tokens=4,
        reasoning_tokens=5,
    )


def tool_start(call_id: str = "c1", t: int = 1) -> ToolStart:
    return ToolStart(t=t, tool_call_id=call_id, step=None, name="add", input={"a": 1})


def tool_end(call_id: str = "c1") -> ToolEnd:
    return ToolEnd(t=1, tool_call_id=call_id, name="add", output=1, duration_ms=1)


def tool_error(call_id: str = "c1") -> ToolError:
    return ToolError(t=1, tool_call_id=call_id, name="add", code="x", message="", duration_ms=1)


def asked(interrupt_id: str = "i", t: int = 1) -> Approval:
    return Approval(t=t, interrupt_id=interrupt_id, value=1, requests=[])


def step(number: int) -> StepStart:
    return StepStart(t=1, step=f"s{number}", name="x", parent=None)


def totals(**tokens: int) -> dict[str, int]:
    return {**no_tokens(), **tokens}  # type: ignore[dict-item]  # a TypedDict as a dict


def test_without_events_it_is_a_run_that_begins() -> None:
    assert retell([]) == Retold()
    assert told() == Retold(begun=True, seq=1)


def test_messages_and_steps_are_counted_also_those_that_said_nothing() -> None:
    reasoning = Reasoning(t=1, message_id="m2", step=None, text="x")
    retold = told(step(1), token("a"), ended(), reasoning, ended(message_id="m3"), step(2), step(3))
    assert (retold.messages, retold.steps) == (3, 3)


def test_the_answer_is_told_message_by_message_and_without_inner_text() -> None:
    retold = told(token("a", t=4), token("x", "m2", "inner"), token("c", "m3"), token("b", t=9))
    assert retold.answers == {"m1": "ab", "m3": "c"}
    assert retold.first_token_at == 4


def test_its_size_is_that_of_all_lines_but_the_first() -> None:
    events: list[Event] = [token("a"), ended(), asked()]
    assert told(*events).size == sum(len(entry_of(event).line) for event in events)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([token("a"), ended("length")], "length"),
        ([token("a"), ended("length"), token("b", "m2", "inner"), ended("stop", "m2")], "length"),
        ([call("{}"), ended("tool_calls")], "tool_calls"),
        ([tool_start(), call("{}", "c2", "m2"), ended("tool_calls", "m2")], "stop"),
    ],
)
def test_the_finish_reason_is_that_of_the_last_message_of_the_answer(
    events: Sequence[Event], expected: str
) -> None:
    assert told(*events).finish_reason == expected


def test_what_models_used_is_summed() -> None:
    retold = told(token("a"), ended(), used(), ended(message_id="m2"), used("m2"))
    expected = {"input_tokens": 2, "output_tokens": 4, "total_tokens": 6}
    assert retold.used == totals(**expected, cached_tokens=8, reasoning_tokens=10)


def test_what_they_cost_is_summed_and_calls_of_unknown_cost_are_counted() -> None:
    priced = replace(used(), cost_usd=0.25)
    retold = told(ended(), priced, ended(message_id="m2"), replace(priced, message_id="m2"))
    assert (retold.usd, retold.unpriced) == (0.5, 0)
    silent, unknown, failed = ended(message_id="m3"), used("m4"), ended("error", "m5")
    retold = told(ended(), priced, silent, ended(message_id="m4"), unknown, failed)
    assert (retold.usd, retold.unpriced) == (0.25, 2)


def test_calls_that_were_written_and_have_not_started_are_known_with_their_arguments() -> None:
    written = [call('{"a":'), call("1}"), call("{}", "c2"), call("{}", "c3"), call("{}", "c4")]
    retold = told(*written, tool_start("c2"), tool_error("c3"), tool_end("c4"))
    assert retold.written == {"c1": ("add", '{"a":1}')}
    assert retold.places == ("c1", "c2", "c3", "c4")


def test_tools_that_did_not_end_will_start_again() -> None:
    progress = ToolProgress(t=2, tool_call_id="c1", name="x", data_=1)
    retold = told(
        tool_start(t=7), progress, tool_start("c2"), tool_end("c2"), tool_start("c3"), tool_error("c3")
    )
    assert retold.interrupted == (Tool("c1", "add", {"a": 1}, 7),)


def test_only_ids_of_ours_are_counted() -> None:
    retold = told(tool_start("tool1"), tool_start("tool2"), call("{}", "tool7"), tool_start("tool7"))
    assert retold.unnamed_tools == 2


def test_it_waits_for_what_was_asked_last_and_knows_all_that_was() -> None:
    first, second, third = asked("a"), asked("b"), asked("c")
    assert told(first, second).approvals == (first, second)
    later = told(first, token("on"), second, third)
    assert (later.approvals, later.asked) == ((second, third), (first, second, third))
    assert told(first, token("on")).approvals == ()


def test_the_time_in_which_it_waited_is_no_work() -> None:
    retold = told(token("a", t=10), asked(t=12), asked("b", t=12), token("b", t=1000), asked(t=1003))
    assert (retold.t, retold.asked_at, retold.worked) == (1003, 1003, 15)


def test_it_waits_for_nothing_once_it_is_over() -> None:
    end = Cancelled(t=5, reason="user", output="", usage={**no_tokens(), "cost_usd": None}, duration_ms=5)
    over = told(asked(), StepEnd(t=4, step="s1", name="x", parent=None, duration_ms=1), end)
    assert over.approvals == () and over.t == 5
