"""A run read through a network that breaks off at random bytes is the uncut run: event by event, and once."""

import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from chainstream_client import Chainstream, ConnectionFailed, Event, Retry, StreamTruncated

from tests.amounts import CUTS
from tests.page.wire import Wire, wired_to
from tests.python_client.conftest import Connect
from tests.served_chains import MODEL_CALLS
from tests.serving import Served

AT_ONCE = Retry(longest=0)
RUNS = {
    "numbered_agent": "tool=gated twice=1 tokens=20 halves=1",
    "agent": "What is 37*43, and what time is it in Tokyo? 🦜",
    "silent": "é🦜\u2028\r\n\u0000" * 40,
}
MOST = 4  # cuts of one run


@pytest.fixture
def wire(service: Served) -> Iterator[Wire]:
    with wired_to(service.port) as wire:
        yield wire


@pytest.fixture
def cut(connect: Callable[..., Any], wire: Wire) -> Iterator[Chainstream]:
    """A client behind the wire, which comes back at once."""
    with connect(wire.url, retry=AT_ONCE) as client:
        yield client


@pytest.mark.parametrize("chain", RUNS)
def test_a_run_cut_at_random_bytes_is_the_uncut_run(
    cut: Chainstream, wire: Wire, service: Served, chain: str
) -> None:
    *_, last = cut.stream(RUNS[chain], chain=chain)
    assert last.type == "done"
    length, chosen, cuts = wire.passed, random.Random(chain), 0
    with Chainstream(service.url) as uncut:
        while cuts < CUTS // (2 * len(RUNS)):
            number = chosen.randint(1, MOST)
            lengths = [chosen.randrange(length // number) for _ in range(number)]
            prompt = f"{RUNS[chain]} {uuid4().hex}"
            wire.cut_next_after(*lengths)
            with cut.stream(prompt, chain=chain) as stream:
                events = list(stream)
            assert wire.cuts_to_come == 0, lengths
            whole = uncut.resume(stream.run_id)
            assert events == list(whole), lengths
            assert stream.text == whole.text and events[-1].type == "done"
            assert MODEL_CALLS.count(prompt) == (2 if chain == "numbered_agent" else 0)
            cuts += number


def test_a_service_that_is_gone_for_good_truncates_the_stream(cut: Chainstream, wire: Wire) -> None:
    wire.cut_next_after(1500, *[0] * 20)
    seen: list[Event] = []
    with pytest.raises(StreamTruncated) as raised, cut.stream("tokens=50", chain="numbered") as stream:
        seen.extend(stream)
    assert raised.value.run_id == stream.run_id
    assert raised.value.cursor == stream.cursor == (seen[-1].id if seen else None)
    assert 20 - wire.cuts_to_come == AT_ONCE.attempts - 1


def test_what_was_read_until_the_truncation_is_gone_on_with(
    cut: Chainstream, wire: Wire, client: Chainstream
) -> None:
    wire.cut_next_after(1500, *[0] * (AT_ONCE.attempts - 1))
    stream, seen = cut.stream("tokens=50", chain="numbered"), list[Event]()
    with pytest.raises(StreamTruncated):
        seen.extend(stream)
    rest = list(client.resume(stream.run_id, after=stream.cursor))
    assert [*seen, *stream] == [*seen, *rest] == list(client.resume(stream.run_id))


def test_a_start_whose_answer_is_lost_is_run_once(cut: Chainstream, wire: Wire) -> None:
    prompt = f"tokens=2 {uuid4().hex}"
    wire.cut_next_after(0, 10, 100)
    assert cut.wait(prompt, chain="numbered").status == "succeeded"
    wire.cut_next_after(10)
    started = cut.start(prompt, chain="numbered")
    assert cut.resume(started.run_id).wait().status == "succeeded"
    assert MODEL_CALLS.count(prompt) == 2


def test_answers_that_are_cut_off_are_asked_for_again(cut: Chainstream, wire: Wire) -> None:
    wire.cut_next_after(5, 300)
    assert cut.chains().items
    wire.cut()  # what is kept alive
    wire.cut_next_after(*[0] * AT_ONCE.attempts)
    with pytest.raises(ConnectionFailed):
        cut.chains()


def test_a_stream_that_a_proxy_ends_cleanly_is_gone_on_with(
    cut: Chainstream, wire: Wire, service: Served
) -> None:
    with Chainstream(service.url) as client:
        run = client.wait("tokens=5", chain="numbered")
        whole = list(client.resume(run.run_id))
    body = service.get(f"/runs/{run.run_id}/events").body
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    wire.answer_next(head + b"\xef\xbb\xbf" + body[: len(body) // 2], head + b"retry: 1\n\n")
    assert list(cut.resume(run.run_id)) == whole


def test_an_event_of_two_megabytes_is_read(connect: Connect, service: Served) -> None:
    with connect(service.url) as client, client.stream("tokens=1 wide=2000000", chain="numbered") as stream:
        *_, done = stream
    assert done.type == "done" and stream.text == done.output == "run:1;" + " " * 2_000_001
