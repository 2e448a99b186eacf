"""What is kept of runs that wait, while the database is away: nothing that was acknowledged is lost."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from service.database import Database
from service.history import waiting
from service.history.waiting import open_waiting_runs
from service.history.waiting_rows import Origin
from tests.graphs.approving import SENT
from tests.graphs.whole import decide, events_in, started
from tests.history.test_killed_waiting import wait_until_saved
from tests.history.test_restart import APPROVE, asked, decide_on, saved, serve, whole
from tests.postgres import Server
from tests.served_chains import GATES

Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def address(postgres: Server, migrated_template: str) -> Iterator[str]:
    name = postgres.create_database(migrated_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def away(postgres: Server) -> Away:
    @contextmanager
    def away() -> Iterator[None]:
        postgres.stop("fast")
        try:
            yield
        finally:
            postgres.start()

    return away


async def test_a_run_is_kept_only_once_its_events_are_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SETTLE_SECONDS", 0.1)
    written = asyncio.Event()

    async def settle() -> None:
        await written.wait()

    async with open_waiting_runs(database, settle) as runs:
        runs.keep("a" * 26, "chain", None, Origin())
        assert await runs.kept(["a" * 26, "b" * 26]) == set()
        written.set()
        monkeypatch.setattr(waiting, "SETTLE_SECONDS", 20)
        assert await runs.kept(["a" * 26, "b" * 26]) == {"a" * 26}


@pytest.mark.needs("postgresql")
def test_a_decision_that_cannot_be_kept_is_refused_and_the_last_one_needs_not_be_kept(
    address: str, away: Away
) -> None:
    SENT.clear()
    with serve(address) as served:
        answer = started(served, "two_bookings", "go")
        run_id = answer.headers["x-run-id"]
        ritz, savoy = asked(answer)
        with away():
            refused = decide(served, run_id, ritz, [APPROVE])
            assert (refused.status, json.loads(refused.text)["code"]) == (503, "history_unavailable")
            assert refused.headers["retry-after"]
        decide_on(served, run_id, [ritz], [APPROVE])
        wait_until_saved(address, 1)
        with away():
            decide_on(served, run_id, [savoy], [APPROVE])
            assert events_in(whole(served, run_id))[-1][0] == "done"
    assert sorted(SENT) == ["Ritz", "Savoy", "hut"]


@pytest.mark.needs("postgresql")
def test_a_run_that_paused_while_the_database_was_away_is_saved_once_it_is_back(
    address: str, away: Away
) -> None:
    with serve(address) as first:
        prompt = "tool=agree hold=1 gate=away"
        run_id = json.loads(
            first.post("/runs", json.dumps({"chain": "late", "input": prompt}).encode()).text
        )["run_id"]
        GATES["away"].reached.wait(20)
        with away():
            GATES["away"].open()
            answer = whole(first, run_id)
            assert events_in(answer)[-1][0] == "paused"
        wait_until_saved(address, 1)
    with serve(address) as second:
        decide_on(second, run_id, asked(answer), [APPROVE])
        assert events_in(whole(second, run_id))[-1][0] == "done"
    assert saved(address) == []
