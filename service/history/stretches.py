"""Pure: a stretch of a run's log as a row of a database, and back; every line stays as it was."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..event_log.base import Entry, Record

LEVEL = 1  # a token's line becomes a fifth, for about a microsecond; higher levels take twice that for little
LONGEST = 1000  # entries


def stretches(
    run_id: str, attempt: int, first_seq: int, entries: Sequence[Entry]
) -> Iterator[dict[str, Any]]:
    """The rows of entries that follow each other, the first as `first_seq`."""
    for first in range(0, len(entries), LONGEST):
        stretch = entries[first : first + LONGEST]
        seq = first_seq + first
        yield {
            "run_id": run_id,
            "first_seq": seq,
            "last_seq": seq + len(stretch) - 1,
            "attempt": attempt,
            "lines": _packed(stretch),
        }


def records_in(lines: bytes, attempt: int, first_seq: int) -> list[Record]:
    """The records of a row."""
    split = (line.partition(b" ") for line in zlib.decompress(lines).split(b"\n"))
    return [Record(attempt, seq, name.decode(), line) for seq, (name, _, line) in enumerate(split, first_seq)]


def _packed(entries: Iterable[Entry]) -> bytes:
    """A line for each entry: its name, a space, its data, which has no line break, since it is JSON."""
    return zlib.compress(b"\n".join(b"%b %b" % (entry.name.encode(), entry.line) for entry in entries), LEVEL)
