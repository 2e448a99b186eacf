"""`partial` events of a run whose answer is to be JSON: the value so far, after the tokens that made it more.

Pure. A value is told anew each time its text grew by a part of it, so that all of them are no flood.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from ..events import BridgeEvent, MessageEnd, Partial, Restart, Token

STEPS = 64


class Partials:
    """Follows a run's events. Of several messages each is a value of its own, which is told where it is more
    than what was told before; so is a value that the chain tells itself."""

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}
        self._told: Any = None

    def beside(self, events: Sequence[BridgeEvent]) -> list[BridgeEvent]:
        """The events, and the partial values where they are due."""
        told: list[BridgeEvent] = []
        for event in events:
            told.append(event)
            match event:
                case Token(channel="answer"):
                    told += self._token(event)
                case MessageEnd():
                    told += self._end(event)
                case Partial():
                    self._told = event.value
                case Restart():
                    self._texts.pop(event.message_id, None)
                    self._told = None  # another model writes another value
                case _:
                    pass
        return told

    def _token(self, event: Token) -> list[BridgeEvent]:
        text = self._texts.setdefault(event.message_id, _Text())
        if not text.has_grown(event.text):
            return []
        return self._grown(event.t, _without_number(text.whole()))

    def _end(self, event: MessageEnd) -> list[BridgeEvent]:
        text = self._texts.pop(event.message_id, None)
        return self._grown(event.t, text.whole()) if text else []

    def _grown(self, t: int, text: str) -> list[BridgeEvent]:
        value = _object_in(text)
        if value is None or value == self._told or not (self._told is None or extends(value, self._told)):
            return []
        self._told = value
        return [Partial(t=t, value=value)]


class _Text:
    """A message's text, in the pieces in which it comes."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._chars = 0
        self._read_to = 0

    def has_grown(self, piece: str) -> bool:
        """Whether with this piece it is worth to be read again."""
        self._pieces.append(piece)
        self._chars += len(piece)
        if self._chars - self._read_to < max(self._chars // STEPS, 1):
            return False
        self._read_to = self._chars
        return True

    def whole(self) -> str:
        return "".join(self._pieces)


def extends(value: Any, earlier: Any) -> bool:
    """Whether `value` has all that `earlier` had, and perhaps more."""
    match earlier:
        case dict():
            known = isinstance(value, dict) and earlier.keys() <= value.keys()
            return known and all(extends(value[key], each) for key, each in earlier.items())
        case list():
            known = isinstance(value, list) and len(earlier) <= len(value)
            return known and all(map(extends, value, earlier))
        case str():
            return isinstance(value, str) and value.startswith(earlier)
    return bool(value == earlier)


def _without_number(text: str) -> str:
    """The beginning of a number is another number."""
    before = text.rstrip("0123456789+-.eE")
    return before if before.endswith((":", ",", "[", " ", "\n", "\t", "\r")) else text


def _object_in(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        value = from_json(text[start:], allow_partial="trailing-strings")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
