"""The truth of a generated case: what models, tools and functions did, noted by themselves as they did it."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Strand = tuple[str, ...]  # which branch of the chain, each within the one before


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done: `kind` and `key` name it, as they can be read from the events too."""

    kind: str
    key: str
    strand: Strand
    threaded: bool
    streamed: bool = True  # told at once; else with its message's end


@dataclass(slots=True)
class ModelCall:
    """A model call as it was made."""

    number: int
    began: int  # the ledger's length then
    strand: Strand
    step: str | None
    inner: bool
    finish: str | None = None  # None as long as it is under way
    reports_usage: bool = False
    args: dict[str, str] = field(default_factory=dict)


class Ledger:
    """Append only, and safe to use from threads. `on_entry` is called with the number of entries so far."""

    def __init__(self, on_entry: Callable[[int], None] | None = None) -> None:
        self.entries: list[Entry] = []
        self.calls: dict[int, ModelCall] = {}
        self.faults: list[tuple[int, Strand]] = []  # the ledger's length then, and the branch that failed
        self.refused: set[str] = set()  # tools called with arguments that do not fit
        self._numbers = itertools.count(1)
        self._loop_thread = threading.get_ident()
        self._on_entry = on_entry

    def note(self, kind: str, key: object, strand: Strand, *, streamed: bool = True) -> None:
        threaded = threading.get_ident() != self._loop_thread
        self.entries.append(Entry(kind, str(key), strand, threaded, streamed))
        if self._on_entry:
            self._on_entry(len(self.entries))

    def begin_call(self, strand: Strand, step: str | None, *, inner: bool) -> ModelCall:
        call = ModelCall(next(self._numbers), len(self.entries), strand, step, inner)
        self.calls[call.number] = call
        return call

    def note_fault(self, strand: Strand = ()) -> None:
        """Something is about to be raised in this branch; `()` says that it may be anywhere."""
        self.faults.append((len(self.entries), strand))

    def next_number(self) -> int:
        return next(self._numbers)
