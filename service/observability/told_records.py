"""A log record's own words, without what they should not give away.

What our code logs is told as it is written, but for exceptions among its arguments: those are told by their
class. Of all others' records, libraries' and chains', only what stands in their code is told: a text that was
put together beforehand and arguments that are no numbers may be prompts, keys, addresses or paths. At the
level `debug` everything is told.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from .told_errors import told_error

OURS = (__package__ or "").partition(".")[0]  # `service`, or as installed, `chainstream`
HIDDEN = "said what only LOG_LEVEL=debug shows"
FRAMES = 40  # at most, between a handler and whoever logs

_STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", "color_message"}


def told_text(record: logging.LogRecord, *, whole: bool) -> str:
    """Its message, with what may be told of its arguments; never raises, whatever they are."""
    try:
        if whole:
            return record.getMessage()
        if isinstance(record.msg, BaseException):
            return told_error(record.msg)
        if is_ours(record):
            return _filled(record, _without_error)
        return _filled(record, _number) if _stands_in_its_code(record) else HIDDEN
    except Exception:  # arguments that do not fit the text, or a value's own code
        return HIDDEN


def told_extra(record: logging.LogRecord, *, whole: bool) -> dict[str, Any]:
    """What our code adds to a record by `extra`; others' may be anything."""
    if not (whole or is_ours(record)):
        return {}
    given = record.__dict__.items()
    return {name: _without_error(value) for name, value in given if name not in _STANDARD and name[0] != "_"}


def is_ours(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


class _Hidden:
    """Stands for an argument."""

    def __repr__(self) -> str:
        return "…"


_HIDDEN = _Hidden()


def _filled(record: logging.LogRecord, told: Callable[[object], object]) -> str:
    text, arguments = str(record.msg), record.args
    if not arguments:
        return text
    if isinstance(arguments, Mapping):
        return text % {name: told(value) for name, value in arguments.items()}
    try:
        return text % tuple(map(told, arguments))
    except (TypeError, ValueError):  # `%d` of something hidden
        return text


def _without_error(value: object) -> object:
    return told_error(value) if isinstance(value, BaseException) else value


def _number(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return told_error(value) if isinstance(value, BaseException) else _HIDDEN


def _stands_in_its_code(record: logging.LogRecord) -> bool:
    """Whether the text is a constant of the function that logs it, which is at work right now.

    An f-string is none, and may hold anything.
    """
    frame: FrameType | None = sys._getframe(1)
    for _ in range(FRAMES):
        if frame is None:
            break
        code = frame.f_code
        if code.co_filename == record.pathname and code.co_name == record.funcName:
            return isinstance(record.msg, str) and record.msg in code.co_consts
        frame = frame.f_back
    return False
