"""The one line that each run leaves in the log, at its end: how it ended, what it used, how long it took.

It names whose key it was by the key's id, and no owner: owners may be people's addresses.
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from ..executor.figures import Figures
from ..history.store import StoredRun
from ..log_context import context_of_run
from ..run import Run

logger = logging.getLogger(__name__)

EVENT = "run ended"


def tell_ended(run: Run, figures: Figures) -> None:
    """Called in the run's own context."""
    usage = figures.usage
    fields = {
        "chain": run.chain,
        "model": run.model,
        "thread_id": run.thread_id,
        "outcome": figures.outcome,
        "code": figures.code,
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
        "cost_usd": usage["cost_usd"],
        "ttft_ms": figures.ttft_ms,
        "duration_ms": figures.duration_ms,
        "resumes": run.resumes,
        "attempt": run.attempt,
    }
    level = logging.ERROR if figures.outcome == "failed" else logging.INFO
    logger.log(level, EVENT, extra=fields, exc_info=figures.error)


def tell_lost(run: StoredRun, row: Mapping[str, Any]) -> None:
    """Of a run whose process died: what its events tell, at the next start."""
    usage = orjson.loads(row["usage"] or "{}")
    fields = {
        "chain": run.chain,
        "model": run.model,
        "thread_id": run.thread_id,
        "outcome": "failed",
        "code": "owner_lost",
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cost_usd": row["cost_usd"],
        "ttft_ms": None,
        "duration_ms": row["duration_ms"],
        "resumes": None,
        "attempt": run.attempt,
    }
    context_of_run(run.run_id, run.key_id).run(logger.error, EVENT, extra=fields)
