"""Log records as lines: JSON objects for machines, or text for people; each record is one line.

The fields come in one order: when, how grave, from where, what; whose request, run and key; then the rest.
"""

import logging
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo

from .. import log_context
from ..values import encode_json, to_json
from .told_errors import told_causes
from .told_records import HIDDEN, told_extra, told_text

MAX_CHARS = 4_096  # of a value in a line, unless everything is told

# What ends or bends a line where it is shown: control characters, line separators, changes of direction.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def json_lines(*, whole: bool) -> logging.Formatter:
    """`whole`: with messages and tracebacks of errors, and others' words as they are."""
    return _Lines(whole, structlog.processors.JSONRenderer(_json))


def console_lines(*, whole: bool, colors: bool) -> logging.Formatter:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors, sort_keys=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: Any, name: str, fields: EventDict) -> str:
        trace = fields.pop("traceback", "").splitlines()
        shown = {key: _on_one_line(value) for key, value in fields.items() if value is not None}
        if trace:  # the only thing that is told in several lines
            shown["exception"] = "\n".join(map(_on_one_line, trace))
        return renderer(logger, name, shown)

    return _Lines(whole, render)


class _Lines(logging.Formatter):
    """By a renderer of structlog's. Its own formatter copies each record, which costs as much again."""

    def __init__(self, whole: bool, render: Callable[[Any, str, EventDict], str | bytes]) -> None:
        super().__init__()
        self._whole = whole
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return str(self._render(None, record.name, _fields(record, self._whole)))


def _fields(record: logging.LogRecord, whole: bool) -> EventDict:
    at = datetime.fromtimestamp(record.created, UTC)
    fields: EventDict = {
        "timestamp": f"{at.isoformat(timespec='microseconds').removesuffix('+00:00')}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": told_text(record, whole=whole).strip(),
    }
    if fields["event"] == HIDDEN:
        fields["said_at"] = f"{record.module}:{record.funcName}:{record.lineno}"
    about = (
        ("request_id", log_context.request_id.get()),
        ("run_id", log_context.run_id.get()),
        ("key_id", log_context.key_id.get()),
    )
    fields.update((name, value) for name, value in about if value is not None)
    fields.update(told_extra(record, whole=whole))
    if error := _error_in(record.exc_info):
        fields["exceptions"] = told_causes(error)
        if whole:
            fields["traceback"] = "".join(traceback.format_exception(error))
    return fields if whole else {name: _cut(value) for name, value in fields.items()}


def _error_in(found: ExcInfo | BaseException | Any) -> BaseException | None:
    error = found[1] if isinstance(found, tuple) else found
    return error if isinstance(error, BaseException) else None


def _cut(value: Any) -> Any:
    return value[:MAX_CHARS] if isinstance(value, str) else value


def _json(fields: EventDict, **_: Any) -> str:
    try:
        return encode_json(fields).decode()
    except TypeError:  # half a surrogate pair, a number of over 64 bits, or a value that is no JSON
        return encode_json(to_json(fields)).decode()


def _on_one_line(value: Any) -> Any:
    if isinstance(value, list):
        value = " < ".join(map(str, value))
    return _UNSAFE.sub(_escaped, value) if isinstance(value, str) else value


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
