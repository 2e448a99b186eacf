"""Much text is looked at in a thread, so that one run's large result holds up no other run."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from anyio import fail_after

from service.events import BridgeEvent, Custom, Token, ToolCall
from service.redaction.aside import MUCH, size_of, size_of_events
from service.redaction.filters import Filters
from tests.redaction.speaking import LOOKED_AT_IN
from tests.serving import Served, serving


def token(text: str) -> Token:
    return Token(t=1, message_id="m1", step=None, channel="answer", text=text)


def call(args: str) -> ToolCall:
    return ToolCall(t=1, message_id="m1", step=None, tool_call_id="c1", index=0, name="x", args_delta=args)


@pytest.mark.parametrize(
    ("value", "much"),
    [
        ("a" * MUCH, True),
        ("a" * 1_000, False),
        (["a" * 1_000] * 100, True),
        ({"a" * MUCH: 1}, True),
        ([{"n": number} for number in range(MUCH)], True),
        ([1, None, 2.5, True], False),
    ],
)
def test_much_is_known_in_any_value(value: Any, much: bool) -> None:
    assert (size_of(value) >= MUCH) is much


@pytest.mark.parametrize(
    ("events", "much"),
    [
        ([token("word ")] * 100, False),
        ([token("word " * MUCH)], True),
        ([token("word " * 1_000)] * 20, True),
        ([call("[1, 2")] * 100, False),
        ([call("[1, 2" * MUCH)], True),
        ([Custom(t=1, name="note", data_={"deep": ["a" * MUCH]})], True),
        ([Custom(t=1, name="note", data_={"deep": ["a"]})] * 10, False),
    ],
)
def test_much_is_known_in_events(events: list[BridgeEvent], much: bool) -> None:
    assert (size_of_events(events) >= MUCH) is much


async def test_tools_that_hang_in_all_threads_keep_no_large_value_from_being_filtered() -> None:
    hangs = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    hanging = loop.run_in_executor(None, hangs.wait)
    filters = Filters(["email"])
    try:
        filtered = filters.of_run()
        assert filtered is not None
        with fail_after(20):
            assert (await filtered.output("ann@b.example, " + "a " * MUCH)).startswith("[email], a a")
    finally:
        hangs.set()
        await hanging
        filters.close()


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
