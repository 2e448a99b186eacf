"""A job as JSON: when it was created, as it is, and what it came to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from typing_extensions import TypedDict

from ..jobs.costs import JobCall, JobCosts
from ..jobs.job_rows import Ended, JobStatus
from ..jobs.job_rows import Job as StoredJob


class NewJob(TypedDict):
    """A job that was created."""

    job_id: str
    team_id: str
    status: JobStatus
    created_at: datetime


class Job(NewJob):
    """A job as it is. `model_groups_used` are in the order of their first use; `credit_applied` says whether
    it has cost its team a credit."""

    user_id: str | None
    job_type: str
    started_at: datetime | None
    completed_at: datetime | None
    model_groups_used: list[str]
    credit_applied: bool
    metadata: dict[str, Any]
    result: Any
    error_message: str | None


class JobCompletion(TypedDict):
    """What a job came to, in all and by its calls, when it was completed."""

    job_id: str
    status: Ended
    completed_at: datetime
    costs: JobCosts
    calls: list[JobCall]


def job_view(job: StoredJob, model_groups_used: Sequence[str]) -> Job:
    return {
        "job_id": job.job_id,
        "team_id": job.team_id,
        "status": job.status,
        "created_at": job.created_at,
        "user_id": job.user_id,
        "job_type": job.job_type,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "model_groups_used": list(model_groups_used),
        "credit_applied": job.credit_applied,
        "metadata": orjson.loads(job.metadata),
        "result": None if job.result is None else orjson.loads(job.result),
        "error_message": job.error_message,
    }
