"""What goes over a text in turn: the filters, then the rules, so that whatever a filter adds is seen too."""

from collections.abc import Sequence
from typing import Protocol

from .hold_back import HoldBack
from .rule import Blocked, RuleSet

Sets = Sequence[RuleSet]


class TextStream(Protocol):
    """A text that comes in pieces. Both raise Blocked, with what was before it, once."""

    def feed(self, piece: str) -> str:
        """What is decided with this piece, as it is to be shown."""

    def flush(self) -> str:
        """The rest, at the text's end."""


class InTurn:
    """Several streams, each fed with what the one before it shows."""

    def __init__(self, streams: Sequence[HoldBack]) -> None:
        self._streams = streams

    def feed(self, piece: str) -> str:
        return self._pass(piece, ends=False)

    def flush(self) -> str:
        return self._pass("", ends=True)

    def _pass(self, text: str, *, ends: bool) -> str:
        for place, stream in enumerate(self._streams):
            try:
                text = stream.feed(text) + (stream.flush() if ends else "")
            except Blocked as blocked:
                for later in self._streams[place + 1 :]:
                    blocked.shown = later.feed(blocked.shown) + later.flush()
                raise
        return text


class Passing:
    """Nothing is looked for."""

    def feed(self, piece: str) -> str:
        return piece

    def flush(self) -> str:
        return ""


PASSING = Passing()


def text_stream(sets: Sets) -> TextStream:
    """A new text under these rules, one set after the other."""
    if not sets:
        return PASSING
    return HoldBack(sets[0]) if len(sets) == 1 else InTurn([HoldBack(rules) for rules in sets])


def cleaned(text: str, sets: Sets, *, is_open: bool = False) -> str:
    """A whole text; of one that `is_open`, since it was cut or goes on, only what is decided."""
    if not text:
        return text
    stream = text_stream(sets)
    shown = stream.feed(text)
    return shown if is_open else shown + stream.flush()
