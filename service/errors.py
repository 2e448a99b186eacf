"""Every error that the service tells anyone about: a stable code, whose fault it is, a sentence.

ChainstreamError
├── RequestError            the caller's mistake, told before the first byte
│   ├── InvalidRequest          400  a field, a cursor or a header is wrong
│   │   └── RefusedParam             a parameter of the model that is not taken here
│   ├── Unauthorized            401  no key, or a wrong one
│   ├── BudgetExhausted         402  what the key or the team may spend is spent
│   ├── NoCredits               402  the team has no credit for a job
│   ├── Forbidden               403  a browser of another site, or a key without the scope
│   ├── NotFound                404  no such run, chain or route
│   ├── Conflict                409  an idempotency key with another request
│   ├── Gone                    410  the events are no longer kept, and a gap was not wanted
│   ├── TooLarge                413  more input than this service takes
│   ├── Unprocessable           422  well-formed, but the chain cannot take it
│   └── HeaderTooLarge          431  a key or token longer than any is
├── Overloaded              429 or 503: come back after `retry_after` seconds
├── RunFailed               ends a run with an `error` event
└── StartError              stops the service's start with one sentence

The HTTP statuses stand in api/problems.py; here is only the hint for it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import TypedDict

Fault = Literal["client", "chain", "tool", "provider", "service"]


class ChainstreamError(Exception):
    """Base of all; `code` is stable and machine-readable, the message is for people."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RequestError(ChainstreamError):
    """What the caller sent cannot be done; the message says what would be right."""

    status = 400


class InvalidRequest(RequestError):
    """A part of the request is not what the route takes."""


class RefusedParam(InvalidRequest):
    """A parameter that is known, and not taken here; `param` is its name."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__("unsupported_parameter", message)
        self.param = param


class Unauthorized(RequestError):
    """The caller has not shown a key that this route takes."""

    status = 401


class SpentBudget(TypedDict):
    """A budget that is used up, and when it begins anew."""

    limit: float
    used: float
    unit: Literal["USD", "tokens"]
    period: Literal["day", "month"]
    holder: Literal["key", "team"]
    resets_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class BudgetExhausted(RequestError):
    """What the caller's key or team may spend is spent; `budget` says what and until when, for programs."""

    status = 402

    def __init__(self, code: str, message: str, budget: SpentBudget) -> None:
        super().__init__(code, message)
        self.budget = budget


class NoCredits(RequestError):
    """The team has no credit left that a job could cost."""

    status = 402


class Forbidden(RequestError):
    """The caller may not do this, or not from where it is."""

    status = 403


class NotFound(RequestError):
    """No such thing, or it is another owner's: both look the same."""

    status = 404


class Conflict(RequestError):
    """The request contradicts an earlier one."""

    status = 409


class Gone(RequestError):
    """The events asked for are not kept any more."""

    status = 410


class TooLarge(RequestError):
    """The input is over a bound of this service."""

    status = 413


class Unprocessable(RequestError):
    """Well-formed, but not something that the chain takes."""

    status = 422


class HeaderTooLarge(RequestError):
    """A header is longer than any that this service could use."""

    status = 431


class Overloaded(ChainstreamError):
    """The service takes no more work now; `retry_after` is in seconds."""

    def __init__(self, code: str, message: str, *, retry_after: int, busy: bool = False) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after
        self.busy = busy


class RunFailed(ChainstreamError):
    """Ends a run with its `error` event.

    The message reaches clients: it holds no secret, no path and no traceback.
    """

    def __init__(self, code: str, message: str, *, fault: Fault, retryable: bool = False) -> None:
        super().__init__(code, message)
        self.fault: Fault = fault
        self.retryable = retryable


class StartError(ChainstreamError):
    """The service cannot start as it is configured; the message names the cure."""
