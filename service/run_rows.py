"""A run as history has it: the rows of one that begins, and the run and its request from a row."""

from typing import Any

import orjson

from .chain import CallConfig
from .history.account import Row, text_of
from .history.store import StoredRun
from .history.threads import title_of
from .run import Run, RunRequest
from .values import encode_json, to_json


def row_of(run: Run, request: RunRequest) -> Row:
    """The run as history begins it."""
    return {
        "run_id": run.run_id,
        "owner": run.owner,
        "team": run.team,
        "key_id": run.key_id,
        "thread_id": run.thread_id,
        "parent_run_id": run.parent_run_id,
        "idempotency_key": run.idempotency_key,
        "chain": run.chain,
        "model": run.model,
        "status": run.status,
        "attempt": run.attempt,
        "request": encode_json(to_json(request)).decode(),
        "metadata": encode_json(to_json(run.metadata)).decode(),
        "prompt": text_of(to_json(request.input)),
        "response": "",
        "created_at": run.created_at,
    }


def thread_row_of(run: Run, request: RunRequest) -> Row | None:
    """The run's thread, as it is to be if it is not there."""
    if run.thread_id is None:
        return None
    return {
        "thread_id": run.thread_id,
        "owner": run.owner,
        "title": title_of(to_json(request.input)),
        "metadata": "{}",
        "created_at": run.created_at,
        "updated_at": run.created_at,
    }


def run_of(stored: StoredRun) -> Run:
    """A run that nobody waits for to begin or to end: it is over, or waits."""
    run = Run(
        stored.run_id,
        stored.chain,
        stored.model,
        orjson.loads(stored.metadata),
        cancel_when_left=False,
        created_at=stored.created_at,
        started_at=stored.started_at,
        ended_at=stored.ended_at,
        attempt=stored.attempt,
        owner=stored.owner,
        team=stored.team,
        key_id=stored.key_id,
        thread_id=stored.thread_id,
        parent_run_id=stored.parent_run_id,
        status=stored.status,
    )
    run.opened.set()
    run.settled.set()
    return run


def request_of(text: str) -> RunRequest:
    """From the JSON that `row_of` wrote. Raises what is wrong with it."""
    fields: dict[str, Any] = orjson.loads(text)
    return RunRequest(**{**fields, "config": CallConfig(**fields["config"])})
