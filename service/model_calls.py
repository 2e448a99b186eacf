"""What one model call came to, once it is over: for whoever counts or times them."""

from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .provider_failures import provider_failure_of
from .written import Tokens

CANCELLED: Final = "cancelled"
UNTOLD: Final = "_OTHER"  # as OpenTelemetry has it


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """`model` is what was asked for, `answered_by` what the provider says has answered. Times are in seconds:
    `first` to the first piece that came, `last` to the last of the `pieces`. `used` is None where nothing was
    told, and an estimate of a call that was cut short; `cost` is in dollars, None where it is not known.
    `error` is the code of a failure, UNTOLD where the model says only that it failed; of one cut short
    that which ended the run, and CANCELLED where the run goes on; None of one that went well."""

    provider: str | None
    model: str | None
    answered_by: str | None
    duration: float
    first: float | None
    last: float | None
    pieces: int
    used: Tokens | None
    cost: float | None
    error: str | None

    @property
    def per_piece(self) -> float | None:
        """Seconds between two pieces, at the mean; None where fewer than two came."""
        if self.first is None or self.last is None or self.pieces < 2:
            return None
        return (self.last - self.first) / (self.pieces - 1)


def error_code(error: BaseException) -> str:
    """The code of what a model call raised: one of few, whichever SDK raised it."""
    return CANCELLED if isinstance(error, CancelledError) else provider_failure_of(error).code


OnCall = Callable[[ModelCall], None]  # from any thread, and it waits for nothing


def untold(_call: ModelCall) -> None:
    """Where nobody counts."""
