"""Where a reader joins a run: from its cursor on, after a gap, or not at all, since there is nothing left."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from .errors import Gone, InvalidRequest
from .event_log.base import START, Cursor, Extent, Record, UnknownLog
from .events import Approval
from .run import Run
from .runs import Runs
from .snapshot import Fold, Gap

MAX_CURSOR_CHARS = 64
_CURSOR = re.compile(
    r"(?:(?:(?P<run>[0-9a-z]{26})\.(?=\d+\.))?(?P<attempt>\d{1,10})\.)?(?P<seq>\d{1,12})"
    r"(?(run)(?:\.(?P<part>\d{1,10}))?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a reader gets: perhaps a gap, then the records past `cursor`.

    `place` is where it said that it is: should it be cut off before it gets anything, it is still there.
    `at_end`: there is nothing left to read, now or later.
    """

    run: Run
    place: Cursor
    cursor: Cursor
    gap: Gap | None = None
    at_end: bool = False


def parse_cursor(text: str, run_id: str | None = None) -> tuple[str | None, Cursor]:
    """A cursor as clients give it: `<run_id>.<attempt>.<seq>[.<part>]`, `<attempt>.<seq>` or `<seq>`.

    Returns the run that it names, if it names one, and the cursor. Raises InvalidRequest where it is not of
    this form or names another run than `run_id`.
    """
    found = _CURSOR.fullmatch(text[: MAX_CURSOR_CHARS + 1])
    if found is None:
        raise _bad_cursor(f"{text[:MAX_CURSOR_CHARS]!r} is no cursor")
    named, attempt, seq, part = found["run"], found["attempt"], int(found["seq"]), int(found["part"] or 0)
    if named is not None and run_id is not None and named != run_id:
        raise _bad_cursor(f"the cursor is of the run {named!r}, not of {run_id!r}")
    if part and not seq:
        raise _bad_cursor("there is no event 0 to have seen a part of")
    return named, Cursor(seq, int(attempt) if attempt else None, part)


def _bad_cursor(problem: str) -> InvalidRequest:
    right = "give an event's id (<run_id>.<attempt>.<seq>), <attempt>.<seq> or <seq>"
    return InvalidRequest("bad_cursor", f"{problem[:1].upper()}{problem[1:]}: {right}.")


async def subscribe(runs: Runs, run: Run, cursor: Cursor, *, gap_is_error: bool = False) -> Subscription:
    """Join a run at a cursor. Raises Gone for a gap, where the reader wants none."""
    try:
        subscription = await _to_log(runs, run, cursor, await runs.log.extent(run.run_id))
    except UnknownLog:
        raise Gone("events_gone", "The events of this run were not kept.") from None
    if subscription.gap and gap_is_error:
        message = f"The events after the cursor cannot be had ({subscription.gap.reason})."
        raise Gone("events_gone", message)
    return subscription


async def _to_log(runs: Runs, run: Run, cursor: Cursor, extent: Extent) -> Subscription:
    if extent.holds(cursor):
        over = extent.closed or run.status == "waiting"
        at_end = over and cursor.seq == extent.last and not cursor.part
        return Subscription(run, extent.placed(cursor), cursor, at_end=at_end)
    state, last = await state_of(runs, run)
    as_of = _as_of(last, extent.ends) if last else START
    gap = Gap("ahead_of_log", cursor, as_of, state.snapshot())
    return Subscription(run, extent.placed(cursor), as_of, gap)


async def state_of(runs: Runs, run: Run) -> tuple[Fold, Record | None]:
    """The state of a run whose log is there, and the last record that it is of. Raises UnknownLog."""
    state, last = Fold(), None
    async with aclosing(records_so_far(runs, run)) as records:
        async for last in records:
            state.apply(last.event())
    return state, last


async def records_so_far(runs: Runs, run: Run) -> AsyncGenerator[Record, None]:
    """All that the log has now, or a little more. Raises UnknownLog."""
    end = (await runs.log.extent(run.run_id)).last
    if end == 0:
        return
    async with aclosing(runs.log.read(run.run_id)) as batches:
        async for batch in batches:
            for record in batch:
                yield record
            if batch[-1].seq >= end:
                return
    raise UnknownLog(run.run_id)


def _as_of(last: Record, ends: tuple[tuple[int, int], ...]) -> Cursor:
    """Where to go on after a snapshot of all up to `last`: a terminal event is still sent itself."""
    if not last.terminal:
        return Cursor(last.seq, last.attempt)
    seq = last.seq - 1
    return Cursor(seq, next((attempt for attempt, end in ends if seq <= end), last.attempt))


async def records_of(
    runs: Runs, subscription: Subscription, after: int
) -> AsyncGenerator[list[Record], None]:
    """The records past seq `after`, to the run's end, or to where it waits for a person."""
    run = subscription.run
    async with aclosing(runs.log.read(run.run_id, after)) as batches:
        if await _waits_at(runs, run, after):
            return
        async for batch in batches:
            yield batch
            if batch[-1].name == Approval.type and await _waits_at(runs, run, batch[-1].seq):
                return


async def _waits_at(runs: Runs, run: Run, seq: int) -> bool:
    """Whether the run waits, and its log ends at `seq`. Its status says so before its log does."""
    return (await runs.log.extent(run.run_id)).last <= seq and run.status == "waiting"
