"""A run as one chat.completion, which is what a stream of its chunks comes to."""

import json
from random import Random
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from service.events import BARE_CHAIN
from service.wire.completion import Completion
from tests.wire.parsers import openai
from tests.wire.random_logs import random_log
from tests.wire.stories import encoded, logged
from tests.wire.test_responses_format import begun


def joined(chunks: list[dict[str, Any]]) -> tuple[str, str, dict[int, list[str]]]:
    text, thoughts, calls = "", "", dict[int, list[str]]()
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            delta = choice["delta"]
            text += delta.get("content") or ""
            thoughts += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls", ()):
                parts = calls.setdefault(
                    call["index"], [call.get("id", ""), call["function"].get("name", ""), ""]
                )
                parts[2] += call["function"]["arguments"]
    return text, thoughts, calls


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("chain", [BARE_CHAIN, "agent"])
def test_it_is_what_the_chunks_of_the_stream_come_to(chain: str, seed: int) -> None:
    events = [record.event() for record in random_log(Random(seed), at_most=60).records]
    records = logged(begun(chain), *(event for event in events if event.type != "run"))
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
