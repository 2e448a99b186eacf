"""Much text is looked at in a thread, so that one run's large result holds up no other run."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service.events import Custom, Token
from service.redaction.aside import MUCH, has_much
from tests.redaction.speaking import LOOKED_AT_IN
from tests.serving import Served, serving


def token(text: str) -> Token:
    return Token(t=1, message_id="m1", step=None, channel="answer", text=text)


@pytest.mark.parametrize(
    ("value", "much"),
    [
        ("a" * MUCH, True),
        ("a" * 1_000, False),
        (["a" * 1_000] * 100, True),
        ({"a" * MUCH: 1}, True),
        ([{"n": number} for number in range(MUCH)], True),
        ([token("word ")] * 100, False),
        ([token("word " * MUCH)], True),
        ([Custom(t=1, name="note", data_={"deep": ["a" * MUCH]})], True),
        ([1, None, 2.5, True], False),
    ],
)
def test_much_is_known_in_any_value(value: Any, much: bool) -> None:
    assert has_much(value) is much


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    noticing = ("tests.redaction.speaking:noticing",)
    chains = ("tests.redaction.speaking:telling", "tests.redaction.speaking:output_only")
    with serving(chains=chains, shipped_chains=False, filters=noticing, redact=("email",)) as served:
        yield served


@pytest.mark.parametrize("chain", ["telling", "output_only"])
def test_a_large_value_is_filtered_in_a_thread_and_a_small_one_where_the_run_is(
    served: Served, chain: str
) -> None:
    for size, threads in ((10, {"the loop"}), (MUCH // 5, {"another"})):
        LOOKED_AT_IN.clear()
        given = f"ann@b.example{' word' * size} end"
        answer = served.post("/runs/wait", json.dumps({"chain": chain, "input": given}).encode())
        assert answer.status == 200 and "ann@" not in answer.text and "[email] word" in answer.text
        assert LOOKED_AT_IN == threads
