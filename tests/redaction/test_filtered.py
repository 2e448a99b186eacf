"""A run's events, in and out: what is held of each text, and when it is told."""

from typing import Any

import pytest

from service.events import (
    BridgeEvent,
    FinishReason,
    MessageEnd,
    Reasoning,
    ScoredToken,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
)
from service.redaction.filtered import Filtered
from service.redaction.rule import RuleSet
from service.redaction.rules import rules_named
from service.redaction.whole_events import ERROR_MAX_CHARS

ADDRESS = "ann@b.example"


def filtered() -> Filtered:
    rules = [RuleSet(tuple(rules_named(["email"])))]
    return Filtered(answer=rules, written=rules, rules=rules)


def token(text: str, message_id: str = "m1", t: int = 1) -> Token:
    return Token(t=t, message_id=message_id, step=None, channel="answer", text=text)


def call(delta: str, tool_call_id: str = "c1") -> ToolCall:
    return ToolCall(
        t=1, message_id="m1", step="s1", tool_call_id=tool_call_id, index=0, name="look", args_delta=delta
    )


def end(reason: FinishReason = "stop", message_id: str = "m1") -> MessageEnd:
    return MessageEnd(t=9, message_id=message_id, finish_reason=reason)


def test_what_is_held_comes_before_the_end_of_its_message_as_an_event_of_its_kind() -> None:
    thought = Reasoning(t=1, message_id="m1", step=None, text="a thought")
    events = filtered().take([thought, token("two words"), call('{"q": "an'), end()])
    assert [type(event) for event in events] == [
        Reasoning,
        Token,
        ToolCall,
        Reasoning,
        Token,
        ToolCall,
        MessageEnd,
    ]
    assert events[3:5] == [Reasoning(t=9, message_id="m1", step=None, text="thought"), token("words", t=9)]
    assert isinstance(events[5], ToolCall) and (events[5].args_delta, events[5].t, events[5].step) == (
        "an",
        9,
        "s1",
    )


@pytest.mark.parametrize("reason", ["length", "error", "content_filter"])
def test_of_a_text_that_was_cut_the_end_that_may_be_half_of_a_match_is_not_shown(
    reason: FinishReason,
) -> None:
    events = filtered().take([token("write to ann@b.exam"), call('{"q": "ann@b'), end(reason)])
    assert [getattr(event, "text", getattr(event, "args_delta", "")) for event in events] == [
        "write to ",
        '{"q": "',
        "",
    ]


def test_texts_of_messages_and_calls_side_by_side_do_not_mix() -> None:
    events = filtered().take(
        [
            token("ann@"),
            token("bob ", "m2"),
            call('"ann@'),
            call('"x', "c2"),
            token("b.example ,"),
            end(),
            end(message_id="m2"),
        ]
    )
    said = {"m1": "", "m2": ""}
    for event in events:
        if isinstance(event, Token):
            said[event.message_id] += event.text
    assert said == {"m1": "[email] ,", "m2": "bob "}


def test_the_first_event_of_a_call_comes_at_once_and_no_other_without_a_text() -> None:
    stream = filtered()
    assert stream.take([call("12")]) == [call("")]
    assert stream.take([call("3")]) == []
    assert stream.take([call("]")]) == [call("123]")]


def test_a_text_that_nothing_ends_is_told_when_the_run_ends() -> None:
    stream = filtered()
    stream.take([token("two words")])
    assert stream.end(5) == [token("words", t=5)] and stream.end(6) == []


def tool_end(output: Any, whole: Any = None) -> ToolEnd:
    size = None if whole is None else 99
    return ToolEnd(
        t=1,
        tool_call_id="c1",
        name="look",
        output=output,
        duration_ms=1,
        truncated=size is not None,
        size=size,
        whole=whole,
    )


@pytest.mark.parametrize(
    ("output", "whole", "shown"),
    [
        (f"to {ADDRESS}", None, "to [email]"),
        ("to ann@b.ex", f"to {ADDRESS}", "to "),
        ('{"to":"ann@b.ex', {"to": ADDRESS}, '{"to":"'),
        ({"to": [ADDRESS, 1]}, None, {"to": ["[email]", 1]}),
    ],
)
def test_a_tools_result_is_clean_also_where_it_was_cut(output: Any, whole: Any, shown: Any) -> None:
    (event,) = filtered().take([tool_end(output, whole)])
    assert isinstance(event, ToolEnd) and event.output == shown
    assert ADDRESS not in str(event.whole)


def test_a_tools_error_is_clean_also_where_it_was_cut() -> None:
    def shown(message: str) -> str:
        error = ToolError(t=1, tool_call_id="c1", name="look", code="x", message=message, duration_ms=1)
        events: list[BridgeEvent] = filtered().take([error])
        assert isinstance(events[0], ToolError)
        return events[0].message

    assert shown(f"no {ADDRESS}") == "no [email]"
    long = f"{'no ' * ERROR_MAX_CHARS}"[: ERROR_MAX_CHARS - 5] + "ann@b"
    assert shown(long) == long[:-5]


def test_what_no_rule_matches_is_the_same_event() -> None:
    event = token("plain text ")
    assert filtered().take([event])[0] is event


def test_log_probabilities_are_left_out_since_they_tell_the_text_piece_by_piece() -> None:
    scored = ScoredToken(
        t=1, message_id="m1", step=None, channel="answer", text="ann@ ", logprobs=[{"token": "ann@b.example"}]
    )
    events = filtered().take([scored, end()])
    assert [type(event) for event in events] == [Token, MessageEnd]
