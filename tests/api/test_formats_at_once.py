"""One run read at once in every format, and resumed in another than the one that it was read in before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from service.wire import FORMATS
from tests.api.event_streams import frames_of
from tests.served_chains import GATES
from tests.serving import Answer, Served

PROMPT = "/stream?chain=numbered_agent&format=events&query=tokens=40 tool=gated twice=1"
STREAMS = [name for name, format_ in FORMATS.items() if format_.media_type == "text/event-stream"]


def read(served: Served, run_id: str, format_name: str, after: str = "") -> Answer:
    headers = {"Last-Event-ID": after} if after else {}
    return served.get(f"/runs/{run_id}/events?format={format_name}", headers)


def test_a_run_that_goes_on_is_read_in_every_format_at_once_as_who_comes_later_reads_it(
    served: Served, gate: str
) -> None:
    run_id = served.get(f"{PROMPT} gate={gate}", cut_after=200).headers["x-run-id"]
    with ThreadPoolExecutor(len(FORMATS)) as pool:
        readings = {name: pool.submit(read, served, run_id, name) for name in FORMATS}
        _until_all_read(served, run_id)
        GATES[gate].open()
        answers = {name: reading.result(20) for name, reading in readings.items()}
    for name, answer in answers.items():
        assert answer.whole, name
        assert answer.body == read(served, run_id, name).body, name
    assert answers["text"].text == "".join(f"run:{number}; " for number in range(1, 41))


def _until_all_read(served: Served, run_id: str) -> None:
    run = served.app.state.services.runs._runs[run_id]
    for _ in range(10_000):
        if run.subscribers == len(FORMATS):
            return
        served.get("/health")
    raise TimeoutError(f"{run.subscribers} of {len(FORMATS)} read the run")


@dataclass(frozen=True)
class Told:
    """A run that is over, as each stream tells it."""

    run_id: str
    bodies: dict[str, bytes]

    def ids(self, format_name: str) -> list[str]:
        """Of whole events, not of their parts."""
        ids = [frame.id for frame in frames_of(self.bodies[format_name]) if frame.id]
        return [each for each in ids if each.count(".") == 2]


@pytest.fixture(scope="module")
def told(served: Served) -> Iterator[Told]:
    run_id = served.get(PROMPT).headers["x-run-id"]
    yield Told(run_id, {name: read(served, run_id, name).body for name in STREAMS})


@pytest.mark.parametrize("then", STREAMS)
def test_a_run_that_was_read_in_another_format_goes_on_after_the_same_event(
    served: Served, told: Told, then: str
) -> None:
    whole = told.bodies[then]
    for first in STREAMS:
        ids = told.ids(first)
        for event_id in ids[: -1 : max(1, len(ids) // 4)]:
            rest = read(served, told.run_id, then, event_id)
            opening = FORMATS[then]().opening(event_id)
            assert rest.body.startswith(opening)
            came = rest.body[len(opening) :]
            assert whole.endswith(came), (first, event_id)
            before = whole[: len(whole) - len(came)]
            assert all(_seq(each) > _seq(event_id) for each in _ids(came)), (first, event_id)
            assert all(_seq(each) <= _seq(event_id) for each in _ids(before)), (first, event_id)


def _ids(body: bytes) -> list[str]:
    return [frame.id for frame in frames_of(body) if frame.id]


def _seq(event_id: str) -> int:
    return int(event_id.split(".")[2])


def test_who_has_it_all_in_one_format_has_it_all_in_each(served: Served, told: Told) -> None:
    for first in STREAMS:
        for then in STREAMS:
            assert read(served, told.run_id, then, told.ids(first)[-1]).status == 204
