"""Jobs outlive their process; calls that were in it when it died have failed."""

import sqlite3
from pathlib import Path

from tests.jobs.working import office


def test_a_job_goes_on_in_the_next_process(database_address: str) -> None:
    with office(database_url=database_address) as desk:
        team = desk.team("red", credits=2)
        job, done = team.create(metadata={"a": 1}), team.create()
        team.call(job, purpose="before")
        answer = team.complete(done)
    with office(database_url=database_address) as desk:
        team = desk.member("red")
        assert (team.job(job)["status"], team.job(job)["metadata"]) == ("in_progress", {"a": 1})
        assert team.complete(done, "failed") == answer
        team.call(job, purpose="after")
        costs = team.complete(job)["costs"]
        assert (costs["successful_calls"], costs["credits_remaining"]) == (2, 0)


def test_a_call_whose_process_died_has_failed_and_costs_no_credit(tmp_path: Path) -> None:
    """The database as it was in mid-call is what the process leaves behind."""
    first, died = (tmp_path / name for name in ("first.db", "died.db"))
    with office(database_url=f"sqlite:///{first}", offline_tokens_per_second=1) as desk:
        team = desk.team("red", credits=1)
        job = team.create()
        call_id = team.leave(job)
        with sqlite3.connect(first) as left, sqlite3.connect(died) as copy:
            left.backup(copy)
    with office(database_url=f"sqlite:///{died}") as desk:
        done = desk.member("red").complete(job)
    (call,) = done["calls"]
    assert (call["call_id"], call["error"]["code"]) == (call_id, "owner_lost")
    assert (done["costs"]["credit_applied"], done["costs"]["credits_remaining"]) == (False, 1)
