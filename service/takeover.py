"""Takes over the runs that waited for a person when the process that they were in ended: they wait on here.

Their events, requests and decisions come from history, the states of their graphs from where they last. One
that cannot go on is not taken over, and the service's log says why.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import orjson

from .approvals import Decision, rejected_in
from .chain import Call
from .database import Database
from .database_checkpoints import CheckpointsUnreachable, LastingCheckpoints, Load
from .event_log.base import Record
from .history import waiting_rows
from .history.account import Account
from .history.history import History
from .history.recorded_log import RecordedLog
from .history.recovery import all_events
from .history.waiting_rows import WaitingRun
from .registry import Registry
from .retold import Retold, retell
from .run import Run, RunRequest
from .run_rows import request_of, run_of
from .runs import Runs
from .waits import Waits

logger = logging.getLogger(__name__)

Decided = Mapping[str, Sequence[Decision]]  # by the ids of interrupts


@dataclass(frozen=True, slots=True)
class Comeback:
    """A run that can go on, with all that this takes; its graph's state is in memory already."""

    run: Run
    call: Call
    records: Sequence[Record]
    retold: Retold

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def asked_at(self) -> float:
        """Seconds since the epoch."""
        return _began(self.run).timestamp() + self.retold.asked_at / 1000

    async def enter(self, runs: Runs, log: RecordedLog, history: History) -> None:
        await log.take_over(self.run_id, self.records)
        history.take_over(Account.of(self.run_id, self.run.attempt, self.records, _began(self.run)))
        await runs.take_over(self.run, self.call, self.retold)


async def find_waiting(
    database: Database, registry: Registry, checkpoints: LastingCheckpoints
) -> list[Comeback]:
    """Before any run begins; those that wait longest come first. Raises what the database raises."""
    if not (found := await database.read(waiting_rows.find)):
        return []
    async with checkpoints.loading() as load:
        comebacks = [await _comeback(waiting, database, registry, load) for waiting in found]
    return sorted((each for each in comebacks if each), key=lambda comeback: comeback.asked_at)


async def _comeback(
    waiting: WaitingRun, database: Database, registry: Registry, load: Load
) -> Comeback | None:
    run_id = waiting.run.run_id
    records = await database.read(partial(all_events, run_id=run_id))
    try:
        call = _call(waiting, registry)
        run, retold = _run(waiting, records)
        await _load(call, run_id, retold, load)
    except CheckpointsUnreachable:
        raise
    except Exception as error:
        logger.warning("the run %s waited for a person and cannot go on: %s", run_id, error)
        return None
    await database.write(partial(waiting_rows.take_over, run_id=run_id, attempt=run.attempt))
    return Comeback(run, call, records, retold)


def _call(waiting: WaitingRun, registry: Registry) -> Call:
    """What it was started with. Raises RequestErrors where its chain is gone, or takes it no more."""
    request = request_of(waiting.request)
    chain = registry.get(waiting.run.chain)
    return chain.call(
        given=request.input,
        system=request.system,
        model=registry.model_for(chain, waiting.run.model, request.params),
        fallbacks=request.fallbacks,
        params=request.params,
        owner=waiting.run.owner,
        thread_id=chain.thread_of(request.thread_id, request.config.configurable),
        config=request.config,
    )


def _run(waiting: WaitingRun, records: Sequence[Record]) -> tuple[Run, Retold]:
    run = run_of(waiting.run)
    run.attempt += 1
    run.traceparent, run.request_id = waiting.origin
    run.cancel_after_pause = run.cancel_when_left = _is_cancelled_when_left(request_of(waiting.request))
    retold = retell((record.event(), len(record.line)) for record in records)
    if not retold.approvals:
        raise ValueError("its events do not end with what it waits for")
    decided = {asked: _decisions(text) for asked, text in waiting.decisions.items()}
    _ask(run.waits, retold, decided)
    since = int((datetime.now(UTC) - _began(run)).total_seconds() * 1000)
    return run, replace(retold, t=max(retold.t, since), rejected=_rejected(retold, decided))


async def _load(call: Call, run_id: str, retold: Retold, load: Load) -> None:
    """Bring its graph's state back. Raises what the chain raises, and ValueError where that state does not
    wait for what was asked."""
    try:
        if call.checkpoints is not None:
            await load(call.checkpoints, run_id)
        if not await call.still_asks(run_id, [approval.interrupt_id for approval in retold.approvals]):
            raise ValueError("the state of its graph is gone")
    except BaseException:
        await call.release(run_id)
        raise


def _ask(waits: Waits, retold: Retold, decided: Decided) -> None:
    earlier = retold.asked[: -len(retold.approvals)]
    waits.ask(earlier)
    waits.close()
    waits.ask(retold.approvals)
    for approval in retold.approvals:
        if decisions := decided.get(approval.interrupt_id):
            waits.answer(approval, decisions)


def _rejected(retold: Retold, decided: Decided) -> dict[str, str | None]:
    """What people rejected before, of calls whose end is still to be told."""
    open_ = {tool.tool_call_id for tool in retold.interrupted} | retold.written.keys()
    earlier = retold.asked[: -len(retold.approvals)]
    rejected: dict[str, str | None] = {}
    for approval in earlier:
        rejected |= rejected_in(approval, decided.get(approval.interrupt_id, ()))
    return {call_id: reason for call_id, reason in rejected.items() if call_id in open_}


def _decisions(text: str) -> list[Decision]:
    return [Decision(**fields) for fields in orjson.loads(text)]


def _is_cancelled_when_left(request: RunRequest) -> bool:
    return request.on_disconnect == "cancel"


def _began(run: Run) -> datetime:
    return run.started_at or run.created_at
