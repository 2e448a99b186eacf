"""Pure: how often something is tried again, and after which pause."""

import random
from dataclasses import dataclass

import httpx2

from .errors import ChainstreamError, ConnectionFailed, RefusedError

RETRY_MS = 500  # until the service says another
_HOPELESS = (  # the request itself is wrong, or an event longer than any
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.SSEError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`attempts` in a row that bring nothing new end it; `longest` is the longest pause, in seconds. A
    refusal that asks for a longer one is raised at once, with its `retry_after`."""

    attempts: int = 8
    longest: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.longest < 0:
            raise ValueError("attempts must be at least 1, and longest at least 0")


ONCE = Retry(attempts=1)


class Tries:
    """Counts tries that failed, and says how long to wait before the next one."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._failed = 0
        self.retry_ms = RETRY_MS  # as the service asks for

    def succeeded(self) -> None:
        """Something new came: what failed before counts no more."""
        self._failed = 0

    def failed(self, error: Exception) -> float | None:
        """Seconds to wait; None where it is of no use to try again. It is at least what the service asks for,
        and up to twice as much with each failure in a row, at random, so that not all clients come back at
        once."""
        self._failed += 1
        asked = getattr(error, "retry_after", None) or 0.0
        if self._failed >= self._retry.attempts or asked > self._retry.longest or not _may_pass(error):
            return None
        least = min(max(self.retry_ms / 1000, asked), self._retry.longest)
        most = min(least * 2.0 ** min(self._failed, 16), self._retry.longest)
        return random.uniform(least, most)  # noqa: S311 - no secret

    def pause_after(self, error: Exception) -> float:
        """As `failed`; raises the error where it is of no use to try again."""
        pause = self.failed(error)
        if pause is None:
            raise as_ours(error)
        return pause


def _may_pass(error: Exception) -> bool:
    """Whether the same request may do better later."""
    if isinstance(error, RefusedError):
        return not error.is_final and (error.status in (408, 425, 429) or error.status >= 500)
    return not isinstance(error, _HOPELESS)


def as_ours(error: Exception) -> ChainstreamError:
    """What happened below HTTP, as an error of the client's own."""
    if isinstance(error, ChainstreamError):
        return error
    ours = ConnectionFailed(f"no answer came: {error or type(error).__name__}")
    ours.__cause__ = error
    return ours
