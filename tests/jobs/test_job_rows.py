"""What the database itself guarantees of jobs, on both: one credit, once, whoever else completes or calls."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, select, update

from service.database import Database
from service.history.tables import RUN_USAGE, RUNS
from service.jobs import job_rows, model_groups, team_rows
from service.jobs.job_rows import Ending, Job, NewCall
from service.jobs.retention import remove_older_jobs
from service.jobs.tables import JOB_CALLS, JOBS, TEAMS
from service.jobs.teams import MOST_CREDITS, new_team

pytestmark = pytest.mark.anyio

MANY = 200
NOW = datetime(2026, 3, 1, tzinfo=UTC)
IDS = [f"{number:026d}" for number in range(1000)]


def job(job_id: str, created_at: datetime = NOW) -> Job:
    return Job(
        job_id=job_id,
        team_id="red",
        user_id=None,
        job_type="test",
        status="pending",
        metadata="{}",
        result=None,
        error_message=None,
        credit_applied=False,
        completion=None,
        created_at=created_at,
        started_at=None,
        completed_at=None,
    )


def call(call_id: str, job_id: str, created_at: datetime = NOW) -> NewCall:
    return NewCall(call_id=call_id, job_id=job_id, model_group="g", purpose=None, created_at=created_at)


def ending(status: job_rows.Ended = "completed", at: datetime = NOW) -> Ending:
    return Ending(status=status, metadata={}, result=None, error_message=None, at=at)


def run(run_id: str, status: str = "succeeded") -> dict[str, Any]:
    row = dict.fromkeys(("owner", "chain", "request", "metadata", "prompt", "response"), "")
    return {**row, "run_id": run_id, "status": status, "attempt": 1, "duration_ms": 10, "created_at": NOW}


async def with_jobs(database: Database, count: int, credits: int | None = 1000) -> None:
    def made(connection: Any) -> None:
        team_rows.add(connection, new_team("red", credits=credits))
        for number in range(count):
            job_rows.add(connection, job(IDS[number]))

    await database.write(made)


async def credits_of(database: Database) -> int | None:
    return await database.read(lambda connection: team_rows.credits_of(connection, "red"))


async def test_of_many_that_complete_a_job_at_the_same_time_one_takes_its_credit(database: Database) -> None:
    await with_jobs(database, 1)
    works = [
        database.write(lambda connection: job_rows.complete(connection, IDS[0], ending()))
        for _ in range(MANY)
    ]
    assert sum(await asyncio.gather(*works)) == 1
    assert await credits_of(database) == 999


async def test_many_jobs_that_are_completed_at_the_same_time_take_a_credit_each(database: Database) -> None:
    await with_jobs(database, 40, credits=30)

    def complete(job_id: str) -> Any:
        return database.write(lambda connection: job_rows.complete(connection, job_id, ending()))

    added = [
        database.write(lambda connection: team_rows.add_credits(connection, "red", 5, MOST_CREDITS))
        for _ in range(10)
    ]
    await asyncio.gather(*(complete(job_id) for job_id in IDS[:40] * 2), *added)
    assert await credits_of(database) == 30 - 40 + 50
    told = await database.read(lambda connection: list(connection.scalars(select(JOBS.c.completion))))
    assert len({orjson.loads(each)["costs"]["credits_remaining"] for each in told}) > 1


async def test_a_call_that_begins_while_its_job_is_completed_is_in_the_completion_or_is_refused(
    database: Database,
) -> None:
    await with_jobs(database, 20)

    def begin(number: int) -> Any:
        new = call(IDS[500 + number], IDS[number])
        return database.write(lambda connection: job_rows.begin_call(connection, new, most=5))

    def complete(number: int) -> Any:
        return database.write(lambda connection: job_rows.complete(connection, IDS[number], ending()))

    works = [work(number) for number in range(20) for work in (begin, complete)]
    done = await asyncio.gather(*works)
    assert all(done[1::2])
    told = await database.read(
        lambda connection: list(connection.scalars(select(JOBS.c.completion).order_by(JOBS.c.job_id)))
    )
    calls = [orjson.loads(each)["costs"]["total_calls"] for each in told]
    assert calls == [int(begun) for begun in done[::2]]


async def test_a_job_has_so_many_calls_and_no_more(database: Database) -> None:
    await with_jobs(database, 1)
    works = [
        database.write(
            lambda connection, number=number: job_rows.begin_call(
                connection, call(IDS[number], IDS[0]), most=7
            )  # type: ignore[misc]
        )
        for number in range(20)
    ]
    assert sum(await asyncio.gather(*works)) == 7


@pytest.mark.parametrize("status", ["failed", "cancelled", "running", None])
async def test_a_call_whose_run_did_not_succeed_or_is_not_there_keeps_the_credit(
    database: Database, status: str | None
) -> None:
    await with_jobs(database, 1)

    def called(connection: Any) -> None:
        for call_id in IDS[1:3]:
            job_rows.begin_call(connection, call(call_id, IDS[0]), most=5)
        connection.execute(insert(RUNS).values(run(IDS[1])))
        if status is not None:
            connection.execute(insert(RUNS).values(run(IDS[2], status)))

    await database.write(called)
    await database.write(lambda connection: job_rows.complete(connection, IDS[0], ending()))
    done = await database.read(lambda connection: job_rows.find(connection, IDS[0]))
    assert done is not None and done.completion is not None
    completion = orjson.loads(done.completion)
    assert [each["error"] is None for each in completion["calls"]] == [True, False]
    assert (completion["costs"]["credit_applied"], await credits_of(database)) == (False, 1000)


async def test_what_a_call_used_is_known_after_its_run_was_deleted(database: Database) -> None:
    await with_jobs(database, 1)
    counted = dict.fromkeys(["input_tokens", "output_tokens", "cached_tokens"], 1)
    used = {"run_id": IDS[1], "owner": "", "chain": "", "calls": 1, "unpriced_calls": 0, **counted}
    days = [("2026-01-01", 3, 0.5), ("2026-01-02", 4, 0.25)]

    def called(connection: Any) -> None:
        job_rows.begin_call(connection, call(IDS[1], IDS[0]), most=5)
        for day, tokens, usd in days:
            row = {**used, "day": day, "model": "m", "total_tokens": tokens, "cost_usd": usd}
            connection.execute(insert(RUN_USAGE).values(row))

    await database.write(called)
    (found,) = await database.read(lambda connection: job_rows.calls_of(connection, IDS[0]))
    assert (found.tokens, found.usd, found.unpriced, found.status) == (7, 0.75, 0, None)


async def test_a_withdrawn_call_leaves_the_job_as_it_was(database: Database) -> None:
    await with_jobs(database, 1)
    first, second = call(IDS[1], IDS[0]), call(IDS[2], IDS[0])

    async def state() -> tuple[str, bool]:
        found = await database.read(lambda connection: job_rows.find(connection, IDS[0]))
        assert found is not None
        return found.status, found.started_at is not None

    for new in (first, second):
        await database.write(lambda connection, new=new: job_rows.begin_call(connection, new, most=5))  # type: ignore[misc]
    await database.write(lambda connection: job_rows.withdraw_call(connection, second))
    assert await state() == ("in_progress", True)
    await database.write(lambda connection: job_rows.withdraw_call(connection, first))
    assert await state() == ("pending", False)


async def test_a_name_is_taken_once_and_what_is_changed_comes_back(database: Database) -> None:
    group = model_groups.new_group("g", "a:b", ["c:d"])

    def done(connection: Any) -> list[Any]:
        return [
            *(team_rows.add(connection, new_team("t", credits=number)) for number in (1, 2)),
            *(model_groups.add(connection, group) for _ in range(2)),
            team_rows.change(connection, "t", {"model_groups": ["x", "y"], "budget": "none"}),
            model_groups.change(connection, "g", {"fallbacks": None}),
            model_groups.find(connection, "g"),
        ]

    new, taken, new_group, taken_group, team, changed, found = await database.write(done)
    assert (new, taken, new_group, taken_group) == (True, False, True, False)
    assert (team.credits, team.model_groups, team.budget) == (1, ("x", "y"), "none")
    assert changed == found and (found.model, found.fallbacks) == ("a:b", None)


async def test_credits_stay_within_what_every_client_can_count(database: Database) -> None:
    await with_jobs(database, 0, credits=MOST_CREDITS)

    def add(amount: int) -> Any:
        return database.write(
            lambda connection: team_rows.add_credits(connection, "red", amount, MOST_CREDITS)
        )

    assert await add(1) is None
    assert (await add(-1)).credits == MOST_CREDITS - 1
    await database.write(lambda connection: connection.execute(update(TEAMS).values(credits=None)))
    assert await add(1) is None


async def test_jobs_go_as_long_after_their_end_as_runs_and_so_do_those_that_nobody_ends(
    database: Database,
) -> None:
    await with_jobs(database, 0)
    old, new = NOW - timedelta(days=9), NOW

    def made(connection: Any) -> None:
        for job_id in IDS[:4]:
            job_rows.add(connection, job(job_id, old))
        job_rows.add(connection, job(IDS[4], new))
        job_rows.complete(connection, IDS[0], ending(at=old))
        job_rows.complete(connection, IDS[1], ending(at=new))
        job_rows.begin_call(connection, call(IDS[102], IDS[2], old), most=5)
        job_rows.begin_call(connection, call(IDS[103], IDS[3], new), most=5)

    await database.write(made)
    assert await remove_older_jobs(database, NOW - timedelta(days=1)) == 2
    kept = await database.read(lambda connection: sorted(connection.scalars(select(JOBS.c.job_id))))
    assert kept == [IDS[1], IDS[3], IDS[4]]
    calls = await database.read(lambda connection: list(connection.scalars(select(JOB_CALLS.c.call_id))))
    assert calls == [IDS[103]]
