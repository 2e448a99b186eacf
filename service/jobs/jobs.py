"""Jobs: to create, find, call models for, and complete them; each call is a run like any other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import orjson
from sqlalchemy import Connection
from ulid import ULID

from ..access.kept import Kept
from ..errors import Conflict, NoCredits, NotFound, TooLarge
from ..history.history import History
from ..run import Run
from ..runs import Runs, is_run_id, new_run_id
from ..values import encode_json, to_json
from . import job_rows, model_groups, team_rows
from .job_rows import Ending, Job, NewCall
from .model_groups import ModelGroups, Models
from .team_rows import Team
from .teams import Teams, new_team

MOST_CALLS = 10_000  # of a job: its completion lists them all
METADATA_MAX_BYTES = 16_384
NAMED = 3  # of calls, in a message
ENDING_WAIT = 1.0  # seconds for calls whose answer a client has, and that are just ending
CANCEL_WAIT = 5.0  # seconds for calls that are cancelled

Start = Callable[[str], Awaitable[Run]]


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks: for a team, or for none; `keyless` is anybody, of a service that asks nobody for a key."""

    team: str | None
    keyless: bool = False


class Jobs:
    """All that asks the database raises Overloaded where it cannot be reached."""

    def __init__(self, kept: Kept, history: History, runs: Runs, teams: Teams, groups: ModelGroups) -> None:
        self._kept = kept
        self._history = history
        self._runs = runs
        self.teams = teams
        self.groups = groups
        # Of one job, calls begin and the completion looks for those that go on one after the other.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create(
        self, member: Member, team_id: str, *, user_id: str | None, job_type: str, metadata: str
    ) -> Job:
        """Raises NotFound for a team that is not the member's, and NoCredits."""
        job = Job(
            job_id=str(ULID()).lower(),
            team_id=team_id,
            user_id=user_id,
            job_type=job_type,
            status="pending",
            metadata=metadata,
            result=None,
            error_message=None,
            credit_applied=False,
            completion=None,
            created_at=datetime.now(UTC),
            started_at=None,
            completed_at=None,
        )
        await self._kept.write(lambda connection: _create(connection, member, job))
        return job

    async def find(self, member: Member, job_id: str) -> Job:
        """Raises NotFound, for another team's too."""
        job, _ = await self._look(member, job_id)
        return job

    async def groups_used(self, job_id: str) -> list[str]:
        return await self._kept.read(lambda connection: job_rows.groups_used(connection, job_id))

    async def add_metadata(self, member: Member, job_id: str, more: dict[str, Any]) -> Job:
        """Names that are null go. Raises NotFound, and TooLarge."""
        await self.find(member, job_id)
        await self._kept.write(lambda connection: _add_metadata(connection, job_id, more))
        return await self.find(member, job_id)

    async def models_for(self, member: Member, job_id: str, group: str) -> tuple[Job, Models]:
        """What a call of the job may run on. Raises NotFound, Conflict, NoCredits and Overloaded."""
        job, team = await self._look(member, job_id)
        _check_open(job)
        _check_credits(team)
        found = await self._kept.read(lambda connection: model_groups.find(connection, group))
        if found is None or not team.may_use(group):
            message = f"There is no model group {group!r} for the team {team.team_id!r}."
            raise NotFound("model_group_not_found", message)
        return job, self.groups.models_of(found)

    async def call(self, job: Job, group: str, purpose: str | None, start: Start) -> Run:
        """The run that `start` starts under the id that it is given; what it refuses is no call of the job.

        Raises Conflict where the job takes no more, and what `start` raises.
        """
        call = NewCall(
            call_id=new_run_id(),
            job_id=job.job_id,
            model_group=group,
            purpose=purpose,
            created_at=datetime.now(UTC),
        )
        async with self._held(job.job_id):
            try:
                await self._begin(call)
                run = await start(call.call_id)
            except BaseException:  # also one that says that the database is late: it may be done all the same
                await asyncio.shield(self._withdraw(call))
                raise
            if run.run_id != call.call_id:  # the same request was sent before, under its idempotency key
                await self._withdraw(call)
        return run

    async def complete(self, member: Member, job_id: str, ending: Ending) -> dict[str, Any]:
        """What its completion is answered with, the same however often it is asked for.

        What still runs of a job that failed is cancelled. Raises NotFound, and Conflict where calls of one
        that is to be a success go on.
        """
        job = await self.find(member, job_id)
        if job.completion is None:
            # Before its turn too: those that wait for the same calls need not do so one after the other.
            await self._until_ended(job_id, cancel=ending.status == "failed")
            async with self._held(job_id):
                job = await self._completed(job_id, ending)
        completion: dict[str, Any] = orjson.loads(job.completion or "null")
        return completion

    async def _completed(self, job_id: str, ending: Ending) -> Job:
        job = await self._reread(job_id)
        if job.completion is None:
            await self._until_ended(job_id, cancel=ending.status == "failed")
            await self._history.settle()
            await self._kept.write(lambda connection: _complete(connection, job_id, ending))
            job = await self._reread(job_id)
        return job

    async def _until_ended(self, job_id: str, *, cancel: bool) -> None:
        going = await self._going_on(job_id)
        if cancel:
            await asyncio.gather(*(self._runs.stop(run) for run in going))
        ended = asyncio.gather(*(run.ended.wait() for run in going))
        try:
            async with asyncio.timeout(CANCEL_WAIT if cancel else ENDING_WAIT):
                await ended
        except TimeoutError:
            raise _still_running([run for run in going if not run.ended.is_set()]) from None

    async def _going_on(self, job_id: str) -> list[Run]:
        ids = await self._kept.read(lambda connection: job_rows.call_ids(connection, job_id))
        return [run for call_id in ids if (run := self._runs.going_on(call_id))]

    async def _begin(self, call: NewCall) -> None:
        if not await self._kept.write(partial(job_rows.begin_call, call=call, most=MOST_CALLS)):
            _check_open(await self._reread(call.job_id))
            raise Conflict("too_many_calls", f"The job has had its {MOST_CALLS} calls: complete it.")

    async def _withdraw(self, call: NewCall) -> None:
        await self._kept.write(partial(job_rows.withdraw_call, call=call))

    async def _look(self, member: Member, job_id: str) -> tuple[Job, Team]:
        found = (
            await self._kept.read(lambda connection: _look(connection, job_id)) if is_run_id(job_id) else None
        )
        if found is None or not _sees(member, found[1]):
            raise _no_job(job_id)
        return found

    async def _reread(self, job_id: str) -> Job:
        if job := await self._kept.read(lambda connection: job_rows.find(connection, job_id)):
            return job
        raise _no_job(job_id)

    def _held(self, job_id: str) -> asyncio.Lock:
        return self._locks.setdefault(job_id, asyncio.Lock())


def _create(connection: Connection, member: Member, job: Job) -> None:
    if member.keyless:  # nobody tells teams apart there, so a name is enough
        team_rows.add(connection, new_team(job.team_id, credits=None, keyless=True))
    team = team_rows.find(connection, job.team_id)
    if team is None or not _sees(member, team):
        message = f"There is no team {job.team_id!r}, or what you showed is not of it."
        raise NotFound("team_not_found", message)
    _check_credits(team)
    job_rows.add(connection, job)


def _look(connection: Connection, job_id: str) -> tuple[Job, Team] | None:
    job = job_rows.find(connection, job_id)
    team = job and team_rows.find(connection, job.team_id)
    return (job, team) if job and team else None


def _add_metadata(connection: Connection, job_id: str, more: dict[str, Any]) -> None:
    merged = job_rows.with_metadata(connection, job_id, more)
    if len(told := encode_json(to_json(merged))) > METADATA_MAX_BYTES:
        message = (
            f"With this a job's metadata is {len(told)} bytes of JSON: at most {METADATA_MAX_BYTES} are kept."
        )
        raise TooLarge("metadata_too_large", message)
    job_rows.keep_metadata(connection, job_id, told.decode())


def _complete(connection: Connection, job_id: str, ending: Ending) -> None:
    if job_rows.complete(connection, job_id, ending):
        _add_metadata(connection, job_id, ending.metadata)


def _sees(member: Member, team: Team) -> bool:
    return team.keyless if member.keyless else team.team_id == member.team


def _check_open(job: Job) -> None:
    if job.status not in job_rows.OPEN:
        message = f"The job is {job.status}: it takes no more calls. Create another."
        raise Conflict("job_over", message)


def _check_credits(team: Team) -> None:
    if not team.has_credit:
        message = f"The team {team.team_id!r} has no credits left: an administrator can add some."
        raise NoCredits("no_credits", message)


def _no_job(job_id: str) -> NotFound:
    return NotFound("job_not_found", f"There is no job {job_id!r}.")


def _still_running(runs: list[Run]) -> Conflict:
    ids = ", ".join(run.run_id for run in runs[:NAMED])
    message = (
        f"{len(runs)} calls of the job go on ({ids}): read their answers, or cancel them"
        " (POST /runs/{id}/cancel), then complete it."
    )
    return Conflict("calls_running", message)
