"""What a request asks for beside its body: the format, the cursor, the idempotency key."""

import re
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import HTTPConnection

from ..errors import InvalidRequest
from ..event_log.base import START, Cursor
from ..subscriptions import parse_cursor
from ..wire import FORMATS, ROUTE_FORMATS
from ..wire.base import TextualFormat

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Place:
    """The run that a cursor names, if it names one, and the cursor."""

    run_id: str | None
    cursor: Cursor


def format_of(request: Request, default: str, parameter: str = "format") -> str:
    """By query, else by Accept, else the route's default. Raises InvalidRequest for an unknown one."""
    wanted = request.query_params.get(parameter)
    if wanted is None:
        return _accepted(request.headers.get("accept", ""), default)
    if wanted not in FORMATS:
        message = f"There is no format {wanted!r}; {parameter} takes {', '.join(FORMATS)}."
        raise InvalidRequest("unknown_format", message)
    return wanted


def _accepted(accept: str, default: str) -> str:
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        if FORMATS[default].media_type.startswith(media_type) and media_type:
            return default
        for name in ("events", "text", "ndjson"):
            if media_type and FORMATS[name].media_type.startswith(media_type):
                return name
    return default


def place_of(request: Request, run_id: str | None = None) -> Place | None:
    """The cursor in `Last-Event-ID`, which wins, or `?after=`; None without either. Raises InvalidRequest."""
    text = _cursor_text(request)
    if not text:
        return None
    return Place(*parse_cursor(text, run_id))


def brings_cursor(request: HTTPConnection) -> bool:
    """Whether it only goes on with a run, and starts none, on a route that could."""
    return bool(_cursor_text(request))


def _cursor_text(request: HTTPConnection) -> str | None:
    return request.headers.get("last-event-id") or request.query_params.get("after")


def cursor_of(request: Request, run_id: str) -> Cursor:
    """The cursor into this run; its start without one."""
    place = place_of(request, run_id)
    return place.cursor if place else START


def attach_to(request: Request) -> tuple[str, Cursor] | None:
    """On a route that starts runs: the run that a reconnecting client goes on with, and where.

    A reconnect never starts a second run, so a cursor that names no run is an error here.
    """
    place = place_of(request)
    if place is None:
        return None
    if place.run_id is None:
        message = "On this route a cursor must name its run: give an event's id (<run_id>.<attempt>.<seq>)."
        raise InvalidRequest("bad_cursor", message)
    return place.run_id, place.cursor


def idempotency_key_of(request: Request) -> str | None:
    """From the header or the query. Raises InvalidRequest unless it is 1 to 255 visible ASCII."""
    return checked_key(request.headers.get("idempotency-key") or request.query_params.get("idempotency_key"))


def checked_key(key: str | None) -> str | None:
    """An idempotency key; an empty one is none. Raises InvalidRequest unless it is as it has to be."""
    if key and not _KEY.fullmatch(key):
        message = "An idempotency key is 1 to 255 visible ASCII characters, a UUID for example."
        raise InvalidRequest("bad_idempotency_key", message)
    return key or None


def gap_is_error(request: Request) -> bool:
    """Whether the client asked, by `?on_gap=error`, for 410 in place of a gap."""
    wanted = request.query_params.get("on_gap", "snapshot")
    if wanted not in ("snapshot", "error"):
        raise InvalidRequest("bad_on_gap", f"on_gap takes snapshot or error, not {wanted!r}.")
    return wanted == "error"


def wants_words(request: Request, format_name: str) -> bool:
    """Whether the client asked, by `?smooth=word`, for whole words. Raises InvalidRequest."""
    wanted = request.query_params.get("smooth")
    if wanted is None:
        return False
    if wanted != "word":
        raise InvalidRequest("bad_smooth", f"smooth takes word, not {wanted!r}.")
    if not issubclass((FORMATS | ROUTE_FORMATS)[format_name], TextualFormat):
        raise InvalidRequest("bad_smooth", f"smooth goes with tokens and text, not with {format_name}.")
    return True
