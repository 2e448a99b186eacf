"""What one run came to, once it is over: for whoever counts, bills or logs runs."""

from dataclasses import dataclass

from ..events import Cancelled, Done, RunError, TerminalEvent, UsageTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`outcome` is `succeeded`, `failed` or `cancelled`; `code` says why it failed, or was cancelled.

    Times are in milliseconds: `ttft_ms` to the answer's first token, `duration_ms` to the end. `error` is
    what the chain raised, or what kept its end from being written: its text is for whoever debugs alone.
    """

    outcome: str
    code: str | None
    usage: UsageTotals
    ttft_ms: int | None
    duration_ms: int
    error: BaseException | None = None


def outcome_of(terminal: TerminalEvent | None) -> tuple[str, str | None]:
    """The outcome and its code; None is the terminal event of a run whose end could not be written."""
    match terminal:
        case Done():
            return "succeeded", None
        case RunError():
            return "failed", terminal.code
        case Cancelled():
            return "cancelled", terminal.reason
        case None:
            return "failed", "log_failed"
