"""How any Python value becomes JSON: what tools return and chains output, whatever it is.

The rule (docs/protocol.md, "Values"): pydantic models, dataclasses and mappings as objects; messages as
their content; dates, decimals and UUIDs as text; sets as lists; bytes as `{type, size}`; numbers that JSON
cannot hold, and all the rest, as their `repr`, cut at 2 KB. It never raises, so it never fails a run.
"""

import dataclasses
import math
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel

REPR_MAX_CHARS = 2048
MAX_DEPTH = 40
MAX_ITEMS = 250_000  # of one value: lists of the same lists can be small and yet have no end
_INT_LIMIT = 1 << 63
_SHORT = reprlib.Repr()  # a nested value's own repr may have no end
_SHORT.maxlevel = 1
_NESTED = (dict, list, tuple, set, frozenset)

# Several clients split lines at these as well (Python's str.splitlines, for one), and a line is a frame's
# smallest part: they travel escaped.
_LINE_SEPARATORS = (
    ("\x85".encode(), rb"\u0085"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)


def encode_json(value: object) -> bytes:
    """`value` as one line of UTF-8 JSON without any line separator, U+0085, U+2028 and U+2029 included.

    Takes what orjson takes (events, and what `to_json` returned).
    """
    # A copy: what orjson returns keeps the 4 KB of its buffer, and lines are kept for as long as a log.
    return on_one_line(b"%b" % orjson.dumps(value))


def on_one_line(line: bytes) -> bytes:
    """JSON without any line separator outside of ASCII, where another encoder has left them in its texts."""
    if line.isascii():
        return line
    for raw, escaped in _LINE_SEPARATORS:
        if raw in line:
            line = line.replace(raw, escaped)
    return line


def to_json(value: object) -> Any:
    """`value` as plain JSON types, by the rule above."""
    try:
        return _Plain().of(value, 0)
    except Exception:  # a value's own code may raise anything
        return _repr(value)


def clean_text(text: str) -> str:
    """`text` with split surrogate pairs joined and lone surrogates as U+FFFD: what UTF-8 can carry."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


T = TypeVar("T")


class _Plain:
    """One value's conversion, within its bounds of depth and items."""

    def __init__(self) -> None:
        self._items_left = MAX_ITEMS

    def of(self, value: object, depth: int) -> Any:  # noqa: C901 - one table of types, read from the top
        if value is None or value is True or value is False:
            return value
        if isinstance(value, Enum):
            return self.of(value.value, depth + 1)
        if isinstance(value, str):
            return clean_text(str(value))
        if isinstance(value, int):
            return int(value) if -_INT_LIMIT <= value < _INT_LIMIT else _repr(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else _repr(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return {"type": "bytes", "size": memoryview(value).nbytes}
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, Decimal | Fraction | UUID | PurePath):
            return str(value)
        if depth >= MAX_DEPTH:
            return _repr(value)
        return self._container(value, depth)

    def _container(self, value: object, depth: int) -> Any:
        if isinstance(value, BaseModel):
            is_message = hasattr(value, "content") and hasattr(value, "response_metadata")
            # LangChain's messages are told by their shape: this module imports no LangChain.
            inner = value.content if is_message else value.model_dump(warnings=False)  # type: ignore[attr-defined]
            return self.of(inner, depth + 1)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return self._fields(((field.name, getattr(value, field.name)) for field in fields), depth)
        if isinstance(value, Mapping):
            return self._fields(value.items(), depth)
        if isinstance(value, list | tuple):
            return [self._safe(item, depth) for item in self._within(value)]
        if isinstance(value, set | frozenset):
            return sorted((self._safe(item, depth) for item in self._within(value)), key=repr)
        return _repr(value)

    def _fields(self, items: Iterable[tuple[object, object]], depth: int) -> dict[str, Any]:
        return {clean_text(str(key)): self._safe(item, depth) for key, item in self._within(items)}

    def _within(self, items: Iterable[T]) -> Iterator[T]:
        """The items, as far as this value may have any more."""
        for item in items:
            if self._items_left <= 0:
                return
            self._items_left -= 1
            yield item

    def _safe(self, item: object, depth: int) -> Any:
        """One member; should its own code raise, only it becomes its repr, and the rest is kept."""
        try:
            return self.of(item, depth + 1)
        except Exception:
            return _repr(item)


def _repr(value: object) -> str:
    try:
        text = _SHORT.repr(value) if isinstance(value, _NESTED) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return clean_text(text[:REPR_MAX_CHARS])


class TextJoiner:
    """Joins a text that comes in pieces where a surrogate pair was split between two of them.

    A trailing high surrogate is held back until its other half comes; a lone one becomes U+FFFD.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that is complete with this piece."""
        if not self._held and piece.isascii():
            return piece
        text = self._held + piece
        self._held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return clean_text(text[:-1] if self._held else text)

    def flush(self) -> str:
        """What was held back, at the text's end."""
        held, self._held = self._held, ""
        return clean_text(held)
