"""What every table of a format asserts: the events give these bytes, at once or one by one, and these
read the same wherever they are split."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from service.event_log.base import START
from service.events import Event
from service.wire.encoder import Encoder
from tests.wire.stories import EVERY_FORMAT, RUN, encoded, logged

Row = tuple[Sequence[Event], str]
Table = dict[str, Row]
Reader = Callable[[Iterable[bytes]], object]


def rows(table: Table) -> pytest.MarkDecorator:
    """One test for each row."""
    return pytest.mark.parametrize(("events", "text"), table.values(), ids=table)


def assert_row(format_name: str, events: Sequence[Event], text: str, reader: Reader) -> None:
    records = logged(*events)
    body = text.encode()
    assert encoded(format_name, records) == body
    encoder = Encoder(EVERY_FORMAT[format_name](), RUN, START)
    assert b"".join(encoder.encode([record]) for record in records) == body
    assert_read_alike_at_every_split(body, reader)


def assert_read_alike_at_every_split(body: bytes, reader: Reader) -> None:
    whole = reader([body])
    assert reader([body[at : at + 1] for at in range(len(body))]) == whole
    for at in range(len(body) + 1):
        assert reader([body[:at], body[at:]]) == whole
