"""Runs: their states, idempotency, queueing, grace, draining, and what is kept of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest
from anyio import fail_after

from service.errors import Conflict, NotFound, Overloaded
from service.event_log.memory import MemoryEventLog
from service.events import Status
from service.executor.local import Capacity, LocalExecutor
from service.providers import Models
from service.registry import open_registry
from service.run import TRANSITIONS, IllegalTransition, Run, RunRequest
from service.runs import Runs
from tests.history.recorded import recorded
from tests.runs.driving import MODEST, records_of
from tests.served_chains import GATES, MODEL_CALLS, SERVED


@asynccontextmanager
async def runs_with(
    *,
    chains: Sequence[str] = SERVED,
    max_running: int = 10,
    max_queued: int = 10,
    max_waiting: int = 10,
    grace: float = 60,
    ttl: float = 60,
) -> AsyncIterator[Runs]:
    async with open_registry(chains, Models(offline_tokens_per_second=0)) as registry:
        live = MemoryEventLog(ttl, 10_000_000, on_expire=lambda run_id, records: forget(run_id))
        capacity = Capacity(running=max_running, queued=max_queued, paused=max_waiting, pause_timeout=0)
        async with recorded(live) as (log, history):
            executor = LocalExecutor(log, MODEST, capacity)
            runs = Runs(log, registry, executor, history, grace=grace)

            def forget(run_id: str) -> None:
                log.forgot(run_id)
                runs.let_go(run_id)

            try:
                yield runs
            finally:
                await runs.drain(0)


def numbered(prompt: str, **fields: Any) -> RunRequest:
    return RunRequest(chain="numbered", input=prompt, **fields)


async def names_of(runs: Runs, run: Run) -> list[str]:
    return [record.name for record in await records_of(runs.log, run.run_id)]


async def ended(run: Run) -> Status:
    with fail_after(10):
        await run.ended.wait()
    return run.status


async def reached(gate: str) -> None:
    with fail_after(10):
        await asyncio.to_thread(GATES[gate].reached.wait)


@pytest.mark.parametrize("before", get_args(Status))
@pytest.mark.parametrize("after", get_args(Status))
async def test_a_run_goes_only_where_the_table_says(before: Status, after: Status) -> None:
    run = Run("x", "chat", None, {}, False, status=before)
    if after in TRANSITIONS[before]:
        run.move(after)
        assert run.status == after
    else:
        with pytest.raises(IllegalTransition):
            run.move(after)


async def test_every_state_leads_to_an_end() -> None:
    ends = {state for state, following in TRANSITIONS.items() if not following}
    assert ends == {"succeeded", "failed", "cancelled"}
    reachable = {"queued"}
    for _ in TRANSITIONS:
        # Its keys are literals.
        reachable |= {after for state in reachable for after in TRANSITIONS[state]}  # type: ignore[index]
    assert reachable == set(TRANSITIONS)


async def test_the_same_request_under_the_same_key_is_the_same_run() -> None:
    async with runs_with() as runs:
        first = await runs.start(numbered("tokens=1 same"), attached=False, key="k")
        again = await runs.start(numbered("tokens=1 same"), attached=False, key="k")
        await ended(first)
        later = await runs.start(numbered("tokens=1 same"), attached=False, key="k")
        assert first is again is later
    assert MODEL_CALLS.count("tokens=1 same") == 1


async def test_a_hundred_at_once_under_one_key_start_one_run() -> None:
    async with runs_with() as runs:
        starts = (runs.start(numbered("tokens=1 hundred"), attached=False, key="h") for _ in range(100))
        started = await asyncio.gather(*starts)
        await ended(started[0])
    assert len(set(map(id, started))) == 1
    assert MODEL_CALLS.count("tokens=1 hundred") == 1


async def test_another_request_under_the_same_key_is_refused() -> None:
    async with runs_with() as runs:
        await runs.start(numbered("tokens=1"), attached=False, key="k")
        with pytest.raises(Conflict):
            await runs.start(numbered("tokens=2"), attached=False, key="k")


async def test_runs_over_the_bound_wait_their_turn_in_order() -> None:
    async with runs_with(max_running=1) as runs:
        first = await runs.start(numbered("tokens=1 hold=1 gate=turn"), attached=False)
        waiting = [await runs.start(numbered("tokens=1"), attached=False) for _ in range(3)]
        await reached("turn")
        assert [run.status for run in waiting] == ["queued"] * 3
        GATES["turn"].open()
        assert [await ended(run) for run in [first, *waiting]] == ["succeeded"] * 4
        begun = [run.started_at for run in [first, *waiting]]
        assert begun == sorted(begun, key=str)


async def test_runs_over_both_bounds_are_refused_before_anything_is_started() -> None:
    async with runs_with(max_running=1, max_queued=1) as runs:
        await runs.start(numbered("tokens=1 hold=1 gate=full"), attached=False)
        await runs.start(numbered("tokens=1"), attached=False)
        with pytest.raises(Overloaded) as refused:
            await runs.start(numbered("tokens=1 refused"), attached=False)
        assert refused.value.retry_after > 0
        assert len(runs._runs) == 2
        GATES["full"].open()
    assert "tokens=1 refused" not in MODEL_CALLS


async def test_a_waiting_run_is_cancelled_without_being_started() -> None:
    async with runs_with(max_running=1) as runs:
        await runs.start(numbered("tokens=1 hold=1 gate=before"), attached=False)
        waiting = await runs.start(numbered("tokens=1 never"), attached=False)
        await runs.cancel(waiting.run_id)
        assert waiting.status == "cancelled"
        assert await names_of(runs, waiting) == ["run", "cancelled"]
        GATES["before"].open()
    assert "tokens=1 never" not in MODEL_CALLS


async def test_cancelling_twice_or_after_the_end_changes_nothing() -> None:
    async with runs_with() as runs:
        run = await runs.start(numbered("tokens=1"), attached=False)
        await ended(run)
        await runs.cancel(run.run_id)
        assert run.status == "succeeded"


async def test_an_unknown_run_is_not_found() -> None:
    async with runs_with() as runs:
        with pytest.raises(NotFound):
            await runs.cancel("01m7ygjx2s21ccc2xxsq49fvwm")


async def test_a_run_that_its_last_reader_left_is_cancelled_after_the_grace() -> None:
    async with runs_with(grace=0.01) as runs:
        run = await runs.start(numbered("tokens=2 hold=2 gate=left"), attached=True)
        with runs.subscribed(run), runs.subscribed(run):
            await reached("left")
            assert run.status == "running"
        assert await ended(run) == "cancelled"
        assert (await names_of(runs, run))[-1] == "cancelled"


async def test_a_run_that_nobody_came_to_read_is_cancelled_too() -> None:
    async with runs_with(grace=0.01) as runs:
        run = await runs.start(numbered("tokens=2 hold=2 gate=nobody"), attached=True)
        assert await ended(run) == "cancelled"


async def test_a_reader_that_comes_back_within_the_grace_keeps_the_run() -> None:
    async with runs_with(grace=60) as runs:
        run = await runs.start(numbered("tokens=2 hold=2 gate=back"), attached=True)
        with runs.subscribed(run):
            await reached("back")
        assert run.grace is not None
        with runs.subscribed(run):
            assert run.grace.cancelled()
            GATES["back"].open()
            assert await ended(run) == "succeeded"


@pytest.mark.parametrize(
    ("attached", "on_disconnect", "status"),
    [(False, None, "succeeded"), (True, "continue", "succeeded"), (False, "cancel", "cancelled")],
)
async def test_the_request_decides_whether_a_left_run_goes_on(
    attached: bool, on_disconnect: Any, status: Status
) -> None:
    gate = f"decides-{attached}-{on_disconnect}"
    async with runs_with(grace=0) as runs:
        request = numbered(f"tokens=2 hold=2 gate={gate}", on_disconnect=on_disconnect)
        run = await runs.start(request, attached=attached)
        with runs.subscribed(run):
            await reached(gate)
        if status == "succeeded":
            GATES[gate].open()
        assert await ended(run) == status


async def test_draining_refuses_new_runs_and_ends_those_that_go_on() -> None:
    async with runs_with(max_running=1) as runs:
        running = await runs.start(numbered("tokens=2 hold=2 gate=drain"), attached=False)
        waiting = await runs.start(numbered("tokens=1"), attached=False)
        await reached("drain")
        await runs.drain(0)
        assert (running.status, waiting.status) == ("cancelled", "cancelled")
        assert (await names_of(runs, running))[-1] == "cancelled"
        with pytest.raises(Overloaded) as refused:
            await runs.start(numbered("tokens=1"), attached=False)
        assert refused.value.busy


async def test_draining_lets_runs_end_by_themselves_within_the_grace() -> None:
    async with runs_with() as runs:
        run = await runs.start(numbered("tokens=2 hold=2 gate=finish"), attached=False)
        await reached("finish")
        draining = asyncio.create_task(runs.drain(60))
        GATES["finish"].open()
        with fail_after(10):
            await draining
        assert run.status == "succeeded"


async def test_a_finished_run_whose_log_has_expired_is_kept_in_history_alone() -> None:
    async with runs_with(ttl=0) as runs:
        for number in range(20):
            run = await runs.start(numbered("tokens=1"), attached=False, key=f"key-{number}")
            await ended(run)
        await runs.log.open("another")  # any use of the log lets what has expired go
        assert (runs._runs, runs._keys._here) == ({}, {})
        kept = await runs.find(run.run_id)
        assert (kept.status, kept.ended_at is not None) == ("succeeded", True)
        assert await names_of(runs, kept) == ["run", "token", "message_end", "usage", "done"]
