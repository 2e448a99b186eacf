"""`partial` events of JSON answers: valid, only ever growing, few, and the last is the whole."""

import itertools
import json
from random import Random
from typing import Any

import pytest

from service.events import BridgeEvent, MessageEnd, Partial, Restart, Token
from service.executor.partials import STEPS, Partials, extends


def written(text: str, size: int, message_id: str = "m1") -> list[BridgeEvent]:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    tokens: list[BridgeEvent] = [
        Token(t=1, message_id=message_id, step=None, channel="answer", text=piece) for piece in pieces
    ]
    return [*tokens, MessageEnd(t=2, message_id=message_id, finish_reason="stop")]


def values_of(events: list[BridgeEvent]) -> list[Any]:
    return [event.value for event in Partials().beside(events) if isinstance(event, Partial)]


def random_value(random: Random, depth: int = 4) -> Any:
    kind = random.randrange(7 if depth else 5)
    match kind:
        case 5:
            return [random_value(random, depth - 1) for _ in range(random.randrange(4))]
        case 6:
            return {f"k{n}": random_value(random, depth - 1) for n in range(random.randrange(4))}
        case 0:
            return random.choice([True, False, None])
        case 1 | 2:
            return random.choice([0, -12, 3.25, 1e30, 123456])
    return "".join(random.choices('ab"\\\n👍é{}[],: ', k=random.randrange(12)))


@pytest.mark.parametrize("seed", range(50))
def test_a_value_only_ever_grows_to_the_whole(seed: int) -> None:
    random = Random(seed)
    whole = {"first": random_value(random), "second": random_value(random)}
    text = json.dumps(whole, indent=random.choice([None, 2]), ensure_ascii=random.random() < 0.5)
    values = values_of(written(text, random.randint(1, 6)))
    assert values[-1] == whole
    assert all(extends(later, earlier) for earlier, later in itertools.pairwise(values))
    assert all(later != earlier for earlier, later in itertools.pairwise(values))


def test_a_long_text_is_told_in_few_steps() -> None:
    values = values_of(written(json.dumps({"text": "word " * 20_000}), 5))
    assert STEPS < len(values) < STEPS * 14  # it grows by a part of itself each time


def test_events_keep_their_order_and_inner_text_is_no_value() -> None:
    inner = Token(t=1, message_id="m2", step=None, channel="inner", text='{"a": 1}')
    events = [inner, *written('{"b": "x"}', 3)]
    told = Partials().beside(events)
    assert [event for event in told if not isinstance(event, Partial)] == events
    assert [event.value for event in told if isinstance(event, Partial)][-1] == {"b": "x"}


def test_a_second_message_is_told_only_where_it_is_more() -> None:
    less, more = written('{"c": 1}', 4, "m2"), written('{"b": "xy"}', 4, "m3")
    assert values_of([*written('{"b": "x"}', 20), *less, *more])[-1] == {"b": "xy"}
    assert {"c": 1} not in values_of([*written('{"b": "x"}', 20), *less])


def test_what_is_no_object_is_no_value_and_a_fence_around_one_is_none_of_it() -> None:
    assert values_of(written("No, I will not.", 3)) == []
    assert values_of(written('{"a": nonsense}', 3))[-1:] in ([], [{}])
    assert values_of(written('```json\n{"a": "b"}', 3))[-1] == {"a": "b"}


def test_a_value_begins_anew_where_another_model_does() -> None:
    failed = Restart(t=2, message_id="m1", code="provider_cut", model=None, next_model=None)
    lost = written('{"a": "lost", "b', 5)[:-1]
    assert values_of([*lost, failed, *written('{"c": 1}', 20, "m2")])[-1] == {"c": 1}
