"""Every error that the client raises.

ChainstreamError
├── RefusedError            the service answered, and refused: `status`, `code`, `message`, `retry_after`
│   ├── InvalidRequest          400  a field, a cursor or a header is wrong
│   ├── Unauthorized            401  no key, or a wrong one
│   ├── BudgetExhausted         402  what may be spent is spent, or no credits are left
│   ├── Forbidden               403  a key without the scope
│   ├── NotFound                404  no such run, thread or chain, or another owner's
│   ├── Conflict                409  it contradicts an earlier request
│   ├── Gone                    410  the events are no longer kept
│   ├── TooLarge                413  more input than the service takes
│   ├── Unprocessable           422  well-formed, but not what can be done
│   ├── RateLimited             429  come back after `retry_after` seconds
│   └── ServiceFailed           5xx  the service, or what stands before it, failed or is not there
├── ConnectionFailed        no answer came, after all tries
├── StreamTruncated         a stream broke off before its last event, and could not be gone on with
├── ProtocolError           what came is not what the protocol says
└── CallFailed              a call of a job failed after its first byte
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from pydantic_core import from_json


class ChainstreamError(Exception):
    """Base of all."""


class RefusedError(ChainstreamError):
    """The service answered, and refused. `code` is stable and for programs, `message` for people;
    `retry_after` is in seconds; `problem` is the whole body, where it is an object."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        problem: Mapping[str, Any] | None = None,
        is_final: bool = False,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        self.problem = problem or {}
        self.is_final = is_final


class InvalidRequest(RefusedError):
    """400: a field, a cursor or a header is wrong."""


class Unauthorized(RefusedError):
    """401: no key, or a wrong one."""


class BudgetExhausted(RefusedError):
    """402: what the key or the team may spend is spent."""


class Forbidden(RefusedError):
    """403: the key lacks the scope."""


class NotFound(RefusedError):
    """404: no such thing, or it is another owner's."""


class Conflict(RefusedError):
    """409: it contradicts an earlier request."""


class Gone(RefusedError):
    """410: the events are no longer kept."""


class TooLarge(RefusedError):
    """413: more input than the service takes."""


class Unprocessable(RefusedError):
    """422: well-formed, but not what can be done."""


class RateLimited(RefusedError):
    """429: too much at once; `retry_after` says when to come back."""


class ServiceFailed(RefusedError):
    """5xx: the service, or what stands before it, failed or is not there."""


class ConnectionFailed(ChainstreamError):
    """No answer came, after all tries; the cause is what happened to the last one."""


class StreamTruncated(ChainstreamError):
    """A stream broke off before its last event, and could not be gone on with: what came is not the whole.

    `cursor` is the id of the last event that came: `resume(run_id, after=cursor)` goes on from there. Of a
    call of a job both are None.
    """

    def __init__(self, message: str, run_id: str | None = None, cursor: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.cursor = cursor


class ProtocolError(ChainstreamError):
    """What came is not what the protocol says; another version of the service, or not the service at all."""


class CallFailed(ChainstreamError):
    """A call of a job failed after its first byte; `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


_CLASSES: dict[int, type[RefusedError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    402: BudgetExhausted,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    422: Unprocessable,
    429: RateLimited,
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> RefusedError:
    """The error that an answer tells of. Of proxies, which send no problem details, the code is
    `http_<status>`."""
    problem = _object_in(body)
    made = _CLASSES.get(status, ServiceFailed if status >= 500 else RefusedError)
    return made(
        status,
        str(problem.get("code") or f"http_{status}"),
        str(problem.get("detail") or problem.get("title") or _phrase(status)),
        request_id=headers.get("x-request-id"),
        retry_after=seconds_in(headers.get("retry-after")),
        problem=problem,
        is_final="x-should-retry" in headers,  # which only the end of a run has
    )


def seconds_in(retry_after: str | None) -> float | None:
    """`Retry-After`, which is seconds or a date, in seconds from now."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        value = from_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "an answer without an explanation"
