"""Runs that wait for a person in a service that is killed: what was saved of them goes on in the next one."""

import signal

import anyio
from fastapi import FastAPI
from sqlalchemy import func, select

from service.database import open_reader
from service.database_url import parse_database_url
from service.history.tables import WAITING_RUNS
from tests.api.test_start_and_stop import process
from tests.graphs.whole import decide, events_in, started
from tests.history.test_restart import (
    APPROVE,
    CHAINS,
    alike,
    asked,
    decide_on,
    ids_of,
    saved,
    serve,
    whole,
)
from tests.serving import Answer, Served

SERVING = {"CHAINS": ",".join(CHAINS), "SHIPPED_CHAINS": "false"}
SAVED = ("booker", "two_bookings", "mailer", "holding")


def wait_until_saved(address: str, count: int) -> None:
    async def wait() -> None:
        query = select(func.count()).select_from(WAITING_RUNS).where(WAITING_RUNS.c.whole)
        with anyio.fail_after(20):
            async with open_reader(parse_database_url(address)) as reader:
                found = 0
                while found < count:
                    async with reader.reading() as connection:
                        found = await connection.scalar(query) or 0

    anyio.run(wait)


def test_what_was_saved_and_decided_goes_on_after_a_kill(database_address: str) -> None:
    with process(DATABASE_URL=database_address, **SERVING) as (running, port, _):
        first = Served(port, FastAPI())
        waiting = {chain: started(first, chain, "go gate=never") for chain in SAVED}
        odd = started(first, "odd", {"text": ""}).headers["x-run-id"]
        wait_until_saved(database_address, len(SAVED))
        held = waiting.pop("holding")
        decide_on(first, held.headers["x-run-id"], asked(held), [APPROVE])
        ritz, savoy = asked(waiting["two_bookings"])
        assert decide(first, waiting["two_bookings"].headers["x-run-id"], ritz, [APPROVE]).status == 200
        running.send_signal(signal.SIGKILL)
        running.wait()
    with serve(database_address) as second:
        for run_id in (odd, held.headers["x-run-id"]):
            assert events_in(whole(second, run_id))[-1][1]["code"] == "owner_lost"
        for chain, answer in waiting.items():
            check(second, chain, answer, [savoy] if chain == "two_bookings" else asked(answer))
    assert saved(database_address) == []


def check(served: Served, chain: str, answer: Answer, ids: list[str]) -> None:
    """It goes on as a run does that nothing interrupts."""
    run_id = answer.headers["x-run-id"]
    decide_on(served, run_id, ids, [APPROVE])
    ended = whole(served, run_id)
    here = len(ids_of(answer))
    assert ids_of(ended) == [
        f"{run_id}.{1 if seq <= here else 2}.{seq}" for seq in range(1, len(ids_of(ended)) + 1)
    ]
    uninterrupted = started(served, chain, "go gate=never")
    decide_on(served, uninterrupted.headers["x-run-id"], asked(uninterrupted), [APPROVE] * len(asked(answer)))
    assert alike(chain, ended) == alike(chain, whole(served, uninterrupted.headers["x-run-id"]))
