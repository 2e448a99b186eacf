"""Pure: what a job's calls came to, by what is kept of their runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from typing_extensions import TypedDict

from ..rates import DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call with what its run's rows say; `status` is None where there is no run, `usd` is that of the model
    calls whose cost is known."""

    call_id: str
    purpose: str | None
    model_group: str
    status: str | None
    ending: str | None
    duration_ms: int | None
    tokens: int
    usd: float
    unpriced: int

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"


class CallError(TypedDict):
    """Why a call failed; `code` is for programs."""

    code: str
    message: str


class JobCall(TypedDict):
    """A call of a job. `call_id` is the id of its run; what is null is not known, or there is none."""

    call_id: str
    purpose: str | None
    model_group: str
    tokens: int
    latency_ms: int | None
    error: CallError | None


class JobCosts(TypedDict):
    """What the calls of a job came to together. `total_cost_usd` is null where the price of one is not known,
    `credits_remaining` where the team has no bound."""

    total_calls: int
    successful_calls: int
    failed_calls: int
    total_tokens: int
    total_cost_usd: float | None
    avg_latency_ms: float | None
    credit_applied: bool
    credits_remaining: int | None


LOST = CallError(
    code="run_lost",
    message="Nothing is kept of its run: its process died before it began, or it was deleted.",
)


def costs_of(calls: Sequence[CallRow], *, credit_applied: bool, credits_remaining: int | None) -> JobCosts:
    succeeded = sum(call.succeeded for call in calls)
    latencies = [call.duration_ms for call in calls if call.duration_ms is not None]
    usd = round(sum(call.usd for call in calls), DIGITS)
    return {
        "total_calls": len(calls),
        "successful_calls": succeeded,
        "failed_calls": len(calls) - succeeded,
        "total_tokens": sum(call.tokens for call in calls),
        "total_cost_usd": None if any(call.unpriced for call in calls) else usd,
        "avg_latency_ms": round(sum(latencies) / len(latencies), 1) if latencies else None,
        "credit_applied": credit_applied,
        "credits_remaining": credits_remaining,
    }


def call_view(call: CallRow) -> JobCall:
    return {
        "call_id": call.call_id,
        "purpose": call.purpose,
        "model_group": call.model_group,
        "tokens": call.tokens,
        "latency_ms": call.duration_ms,
        "error": None if call.succeeded else _error_of(call),
    }


def _error_of(call: CallRow) -> CallError:
    ending = orjson.loads(call.ending) if call.ending else {}
    if "reason" in ending:
        return {"code": "cancelled", "message": f"The call was cancelled ({ending['reason']})."}
    if "code" in ending:
        return {"code": ending["code"], "message": ending["message"]}
    return LOST
