"""What the service answers of jobs."""

from datetime import datetime
from typing import Any, Literal

from ..parts import Part

JobStatus = Literal["pending", "in_progress", "completed", "failed"] | str
JobEnd = Literal["completed", "failed"] | str


class NewJob(Part):
    """A job that was created."""

    job_id: str
    team_id: str
    status: JobStatus
    created_at: datetime


class Job(NewJob):
    """A job as it is. `credit_applied` says whether it has cost its team a credit."""

    user_id: str | None
    job_type: str
    started_at: datetime | None
    completed_at: datetime | None
    model_groups_used: list[str]
    credit_applied: bool
    metadata: dict[str, Any]
    result: Any
    error_message: str | None


class CallError(Part):
    """Why a call failed; `code` is for programs."""

    code: str
    message: str


class JobCall(Part):
    """A call of a job. `call_id` is the id of its run; what is None is not known, or there is none."""

    call_id: str
    purpose: str | None
    model_group: str
    tokens: int
    latency_ms: int | None
    error: CallError | None


class JobCosts(Part):
    """What the calls of a job came to together. `total_cost_usd` is None where the price of one is not known,
    `credits_remaining` where the team has no bound."""

    total_calls: int
    successful_calls: int
    failed_calls: int
    total_tokens: int
    total_cost_usd: float | None
    avg_latency_ms: float | None
    credit_applied: bool
    credits_remaining: int | None


class JobCompletion(Part):
    """What a job came to, in all and by its calls, when it was completed."""

    job_id: str
    status: JobEnd
    completed_at: datetime
    costs: JobCosts
    calls: list[JobCall]
