"""The logs of a process that is ours: each record of every library is a line, warnings on standard error.

Only the process that serves opens them. Mounted in another app, the service logs by Python's `logging` alone,
and how that looks is the other app's to say.
"""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

import structlog

from .line_writer import LineWriter
from .log_lines import console_lines, json_lines
from .told_records import OURS

logger = logging.getLogger(__name__)

SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")  # with handlers of their own


class Logs:
    """`level` is that of our own records. At `info` libraries are heard from `warning` on, at `debug` from
    `info` on."""

    def __init__(self, *, as_json: bool, level: str) -> None:
        self._as_json = as_json
        self._whole = level == "debug"
        self._out, self._err = self._stream(sys.stdout), self._stream(sys.stderr)
        self._writer = LineWriter(self._line_of_lost)
        root = logging.getLogger()
        for handler in root.handlers[:]:
            root.removeHandler(handler)
            handler.close()
        root.addHandler(_Lines(self._writer, self._out, self._err))
        _set_levels(level)
        _hear_all()

    def announce(self, text: str, level: int = logging.INFO) -> None:
        """A sentence for people, whatever the level of the log: plain, or a record like any other."""
        stream = self._out if level < logging.WARNING else self._err
        if self._as_json:
            text = stream.lines.format(_record(text, level))
        self._writer.put(stream.descriptor, text)

    @contextmanager
    def exits(self) -> Iterator[None]:
        """A sentence that ends the process in here is announced."""
        try:
            yield
        except SystemExit as end:
            if not isinstance(end.code, str):
                raise
            self.announce(end.code, logging.ERROR)
            logging.shutdown()
            sys.exit(1)

    def _stream(self, given: TextIO | None) -> "_Stream":
        if given is None:  # the process was started without it, and its number may be of another file soon
            given = open(os.devnull, "w")
        if self._as_json:
            return _Stream(given, json_lines(whole=self._whole))
        return _Stream(given, console_lines(whole=self._whole, colors=given.isatty()))

    def _line_of_lost(self, lost: int) -> str:
        text = f"{lost} lines of the log were lost: whoever reads it was too slow"
        return self._err.lines.format(_record(text, logging.WARNING))


class _Stream:
    """A standard stream as it was at the start: chains and tools put others in its place while they work, to
    catch what is printed."""

    def __init__(self, given: TextIO, lines: logging.Formatter) -> None:
        self._given = given  # which keeps it open
        self.descriptor = given.fileno()
        self.lines = lines


class _Lines(logging.Handler):
    """Gives the line of each record to the writer, for the stream of its level."""

    def __init__(self, writer: LineWriter, out: _Stream, err: _Stream) -> None:
        super().__init__()
        self._writer = writer
        self._out = out
        self._err = err

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._out if record.levelno < logging.WARNING else self._err
        try:
            line = stream.lines.format(record)
        except Exception:  # in a value's own code; Python's handlers would print a traceback
            line = stream.lines.format(_record("a record could not be told", logging.ERROR))
        self._writer.put(stream.descriptor, line)

    def close(self) -> None:
        self._writer.close()
        super().close()


def _record(text: str, level: int) -> logging.LogRecord:
    return logging.LogRecord(OURS, level, __file__, 0, text, (), None)


def _set_levels(level: str) -> None:
    others = {"debug": "info", "info": "warning"}.get(level, level)
    logging.getLogger().setLevel(others.upper())
    logging.getLogger(OURS).setLevel(level.upper())
    if level != "debug":  # it warns of each X-Request-ID that cannot be taken: a client's matter alone
        logging.getLogger("asgi_correlation_id").setLevel(logging.ERROR)
    for name in SERVERS:
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
        server.setLevel(logging.NOTSET if name != "uvicorn" else others.upper())


def _hear_all() -> None:
    """What would otherwise be printed is logged: warnings, what nobody caught, what structlog is told."""
    warnings.showwarning = _tell_warning
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_thread
    sys.unraisablehook = _tell_unraisable
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Of what kind it is; what it says is an error's message too, and may quote values."""
    error = message if isinstance(message, Warning) else category(message)
    module = filename.replace("\\", "/").rpartition("/")[2]
    logger.warning("a warning of %s, line %d: %s", module, lineno, error)


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logger.critical("the process ends by an error", exc_info=(kind, error, trace))


def _tell_thread(uncaught: Any) -> None:  # threading.ExceptHookArgs, which is no type for annotations
    if uncaught.exc_value is not None:
        logger.error("a thread ended by an error", exc_info=uncaught.exc_value)


def _tell_unraisable(unraisable: Any) -> None:  # sys.UnraisableHookArgs, likewise
    logger.error("an error that could not be raised", exc_info=unraisable.exc_value)
