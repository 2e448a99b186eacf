"""A client that was cut off anywhere, any number of times, has in the end what one that was not has."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.event_log.base import Record
from tests.wire.connections import CLIENTS, Finished, read_with_cuts
from tests.wire.random_logs import RUN_ID, random_log
from tests.wire.stories import done, ended, failed, logged, restart, token, tool_end, tool_start

pytestmark = pytest.mark.parametrize("format_name", CLIENTS)

# One event of each kind of trouble: a marker in two frames, a CRLF shared by two tokens, an answer that waits
# and comes in several frames, a new attempt, an end in two frames.
AGENT = logged(
    token("a\r"),
    token("\n[DONE]"),
    token("b1\n", "m2"),
    token("b2", "m2"),
    token("[ERROR]", "m2"),
    tool_start(),
    token("👩"),
    tool_end("x\r\ny"),
    ended("m1"),
    token("c", "m2"),
    done(),
    attempts=[1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4],
)
FAILED = logged(token("a"), token("b", "m2"), token("\r", "m2"), failed("no"))

# Text that waits, with it text of another message that is to be told again, a CR before what takes its place.
RESTARTED = logged(
    token("a"),
    token("b\r", "m2"),
    token("c1", "m3"),
    ended("m2"),
    ended("m1"),
    token("c2\r", "m3"),
    restart("m3", 3),
    ended("m3"),
    token("\nd", "m4"),
    done(),
)


@pytest.mark.parametrize("records", [AGENT, FAILED, RESTARTED], ids=["done", "error", "restart"])
async def test_a_cut_at_any_byte_loses_repeats_and_reorders_nothing(
    format_name: str, records: list[Record]
) -> None:
    served = await Finished.of(records)
    body = await served.body(format_name, "")
    assert body is not None
    uncut = await read_with_cuts(served, format_name, [])
    for cut in range(len(body) + 1):
        assert await read_with_cuts(served, format_name, [cut]) == uncut


async def test_a_second_cut_at_any_byte_does_not_either(format_name: str) -> None:
    served = await Finished.of(AGENT)
    body = await served.body(format_name, "")
    assert body is not None
    uncut = await read_with_cuts(served, format_name, [])
    for first in range(60, len(body), 97):
        for second in range(0, len(body) - first, 7):
            assert await read_with_cuts(served, format_name, [first, second]) == uncut


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_neither_do_several_cuts_of_a_random_run(format_name: str, seed: int) -> None:
    asyncio.run(_assert_several_cuts_change_nothing(format_name, Random(seed)))


async def _assert_several_cuts_change_nothing(format_name: str, random: Random) -> None:
    served = await Finished.of(random_log(random).records)
    body = await served.body(format_name, "")
    assert body is not None
    cuts = [random.randint(0, len(body)) for _ in range(random.randint(1, 5))]
    assert await read_with_cuts(served, format_name, cuts) == await read_with_cuts(served, format_name, [])


@pytest.mark.parametrize("seed", range(5))
async def test_nor_hundreds_of_cuts_of_a_long_run(format_name: str, seed: int) -> None:
    random = Random(seed)
    served = await Finished.of(random_log(random, at_most=600).records)
    cuts = [random.randint(0, 2_000) for _ in range(300)]
    assert await read_with_cuts(served, format_name, cuts) == await read_with_cuts(served, format_name, [])


async def test_a_client_that_has_it_all_is_told_so_and_stops(format_name: str) -> None:
    served = await Finished.of(AGENT)
    assert await served.body(format_name, f"{RUN_ID}.4.11") is None


async def test_every_id_is_under_64_bytes_and_has_no_colon_and_frames_end_with_lf(format_name: str) -> None:
    body = await (await Finished.of(AGENT)).body(format_name, "")
    assert body is not None
    ids = [
        message.last_event_id for message in await read_with_cuts(await Finished.of(AGENT), format_name, [])
    ]
    assert max(map(len, ids)) < 64
    assert not [event_id for event_id in ids if ":" in event_id or not event_id.isascii()]
    assert b"\r" not in body
    assert body.endswith(b"\n")
