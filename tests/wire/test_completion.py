"""A run as one chat.completion, which is what a stream of its chunks comes to."""

import json
from random import Random
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from service.events import BARE_CHAIN, Event
from service.wire.completion import CompletedMessage, Completion
from tests.wire.parsers import openai
from tests.wire.random_logs import random_log
from tests.wire.stories import done, encoded, ended, logged, restart, token
from tests.wire.test_responses_format import begun, call, thought


def joined(chunks: list[dict[str, Any]]) -> tuple[str, str, dict[int, list[str]]]:
    text, thoughts, calls = "", "", dict[int, list[str]]()
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            delta = choice["delta"]
            text += delta.get("content") or ""
            thoughts += delta.get("reasoning_content") or ""
            for piece in delta.get("tool_calls", ()):
                parts = calls.setdefault(
                    piece["index"], [piece.get("id", ""), piece["function"].get("name", ""), ""]
                )
                parts[2] += piece["function"]["arguments"]
    return text, thoughts, calls


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("chain", [BARE_CHAIN, "agent"])
def test_it_is_what_the_chunks_of_the_stream_come_to(chain: str, seed: int) -> None:
    events = [record.event() for record in random_log(Random(seed), at_most=60).records]
    # The stream cannot take back what was superseded, the whole answer has none of it: that is below.
    records = logged(begun(chain), *(event for event in events if event.type not in ("run", "restart")))
    completion = Completion()
    for record in records:
        completion.take(record.event(), record.seq)
    told = completion.told()
    ChatCompletion.model_validate(told)
    data = [message.data for message in openai([encoded("openai", records)])]
    text, thoughts, calls = joined([json.loads(each) for each in data if each != "[DONE]"])
    (choice,) = told["choices"]
    message = choice["message"]
    if records[-1].terminal:
        assert (message["content"] or "") == text
    assert message.get("reasoning_content", "") == thoughts
    whole = [
        [call["id"], call["function"]["name"], call["function"]["arguments"]]
        for call in message.get("tool_calls", ())
    ]
    assert whole == list(calls.values())
    assert chain == BARE_CHAIN or not (thoughts or calls)


def whole(chain: str, *events: Event) -> CompletedMessage:
    completion = Completion()
    for record in logged(begun(chain), *events):
        completion.take(record.event(), record.seq)
    return completion.told()["choices"][0]["message"]


def test_what_was_superseded_is_not_in_the_whole_answer() -> None:
    said: list[Event] = [
        token("Kept. ", "m0"),
        ended("m0"),
        token("Lost"),
        restart(),
        ended(),
        token("Won", "m2"),
        done(),
    ]
    assert whole("agent", *said)["content"] == "Kept. Won"


def test_of_a_model_alone_its_thoughts_and_calls_are_superseded_too() -> None:
    lost: list[Event] = [thought("hm"), call(1, '{"a'), restart(), ended()]
    won: list[Event] = [call(2, "{}", "m2"), ended("m2"), done()]
    message = whole(BARE_CHAIN, *lost, *won)
    assert "reasoning_content" not in message
    assert [each["id"] for each in message["tool_calls"]] == ["c2"]


def test_a_stream_whose_calls_are_superseded_ends_with_an_error_before_anybody_runs_them() -> None:
    lost: list[Event] = [call(1, '{"a'), restart(), ended()]
    won: list[Event] = [call(2, "{}", "m2"), ended("m2"), done()]
    *_, error, last = openai([encoded("openai", logged(begun(BARE_CHAIN), *lost, *won))])
    assert json.loads(error.data)["error"]["code"] == "restarted"
    assert last.data == "[DONE]"


@pytest.mark.parametrize("text", ["", "Lost"])
def test_a_stream_says_where_thoughts_are_superseded_too(text: str) -> None:
    lost: list[Event] = [thought("hm"), *([token(text)] if text else []), restart(discard_from=2), ended()]
    won: list[Event] = [thought("aha", "m2"), token("Won", "m2"), ended("m2"), done()]
    messages = openai([encoded("openai", logged(begun(BARE_CHAIN), *lost, *won))])
    chunks = [json.loads(message.data) for message in messages[:-1]]
    note = "\n[Restarted: first failed (provider_cut), second answers instead]\n"
    said, thoughts, _ = joined(chunks)
    assert said == (f"{text}{note}Won" if text else "Won")
    assert thoughts == f"hm{note}aha"
    [told] = [chunk["restart"] for chunk in chunks if "restart" in chunk]
    assert (told["message_id"], told["discard_from"]) == ("m1", 2)
