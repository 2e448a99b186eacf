"""The answers to interrupts that an AG-UI client sends, as decisions of the run that waits for them.

An interrupt's id is that of the event which asked. As the protocol wants it, all that is open must be
answered at once, and the same answer sent again changes nothing and may read on.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, cast

from ag_ui.core import ResumeEntry
from pydantic import ValidationError

from ..access.caller import Caller
from ..approvals import Decision
from ..errors import Conflict, InvalidRequest, NotFound, Unprocessable
from ..event_log.base import Cursor, UnknownLog
from ..events import Approval
from ..run import Run
from ..runs import Runs
from ..subscriptions import parse_cursor
from .ag_ui_body import AGUIInput
from .bodies import DecisionBody, DecisionsBody

FORMS = (
    'its `payload` is {"approved": true}, with `editedArgs` or without, {"approved": false, "reason": "…"},'
    ' {"response": "…"}, a decision {"type": "approve"} as /runs has it, or {"decisions": […]} for several'
    " requests"
)


def answered_in(resume: Sequence[ResumeEntry]) -> tuple[str, int] | None:
    """The run that is to go on, and the seq of the last of its questions that are answered here; None where
    nothing is. Raises NotFound for ids of no events, Unprocessable for those of several runs."""
    places = [_place_of(entry) for entry in resume]
    if len({run_id for run_id, _ in places}) > 1:
        raise Unprocessable("wrong_decisions", "All answers of one `resume` must be to the same run.")
    return max(places, default=None)


async def answer(runs: Runs, caller: Caller, body: AGUIInput, chain: str, run_id: str) -> Run:
    """Let the run go on that `answered_in` has found. Raises as `Runs.decide_all`, and Unprocessable where a
    question that is open is not answered."""
    resume = body.resume or []
    run = await runs.find(run_id, caller)
    if run.thread_id != body.thread_id or run.chain != chain:
        raise NotFound(
            "approval_not_found", f"{chain!r} has not asked this in the thread {body.thread_id!r}."
        )
    asked, is_last = await _asked_from(runs, run, min(_place_of(entry)[1] for entry in resume))
    decided: dict[str, list[Decision]] = {}
    for entry in resume:
        approval = asked.get(_place_of(entry)[1])
        if approval is None:
            raise NotFound("approval_not_found", f"There is no interrupt {entry.interrupt_id!r}.")
        if approval.interrupt_id in decided:
            raise Unprocessable("wrong_decisions", f"{entry.interrupt_id!r} is answered twice.")
        decided[approval.interrupt_id] = decisions_of(approval, entry)
    new = {name: made for name, made in decided.items() if not run.waits.was_answered(name, made)}
    if new:
        if not is_last:
            raise Conflict("already_decided", "These interrupts were answered before, or their run is over.")
        _check_all_answered(run, new)
        on_disconnect = body.forwarded.on_disconnect
        await runs.decide_all(run.run_id, new, caller, attached=on_disconnect != "continue")
    return run


def _place_of(entry: ResumeEntry) -> tuple[str, int]:
    try:
        run_id, cursor = parse_cursor(entry.interrupt_id)
    except InvalidRequest:
        run_id, cursor = None, Cursor(0)
    if run_id is None or cursor.part:
        raise NotFound("approval_not_found", f"There is no interrupt {entry.interrupt_id[:80]!r}.")
    return run_id, cursor.seq


async def _asked_from(runs: Runs, run: Run, seq: int) -> tuple[dict[int, Approval], bool]:
    """The questions that were asked together, from this event on, and whether nothing was told since."""
    asked: dict[int, Approval] = {}
    with suppress(UnknownLog):
        last = (await runs.log.extent(run.run_id)).last
        if not 0 < seq <= last:
            return asked, False
        async with aclosing(runs.log.read(run.run_id, seq - 1)) as batches:
            async for batch in batches:
                for record in batch:
                    if record.name != Approval.type:
                        return asked, False
                    asked[record.seq] = cast(Approval, record.event())
                if batch[-1].seq >= last:
                    return asked, True
    return asked, False


def _check_all_answered(run: Run, decided: Mapping[str, Sequence[Decision]]) -> None:
    left = [each.interrupt_id for each in run.waits.open if each.interrupt_id not in decided]
    if left:
        message = f"All open interrupts must be answered at once; of this run {len(left)} more are open."
        raise Unprocessable("resume_incomplete", message)


def decisions_of(approval: Approval, entry: ResumeEntry) -> list[Decision]:
    """What is abandoned is rejected. A question without requests gets the payload as it is."""
    count = len(approval.requests)
    if entry.status == "cancelled":
        return [Decision(type="reject")] * max(1, count)
    payload = entry.payload
    if not count:
        return [Decision(type="respond", value=payload)]
    try:
        if isinstance(payload, dict) and "decisions" in payload:
            return [_decision(each) for each in DecisionsBody.model_validate(payload).decisions]
        return [_decision(payload)]
    except ValidationError as error:
        raise Unprocessable("wrong_decisions", f"Of an answer, {FORMS}.") from error


def _decision(payload: Any) -> Decision:
    match payload:
        case DecisionBody():
            return payload.decision()
        case {"approved": bool(approved)}:
            return _approval(approved, payload)
        case {"response": str(response)}:
            return Decision(type="respond", message=response)
        case {"type": _}:
            return DecisionBody.model_validate(payload).decision()
        case bool():
            return Decision(type="approve" if payload else "reject")
        case str():
            return Decision(type="respond", message=payload)
        case None:
            raise Unprocessable("wrong_decisions", f"Of an answer that is `resolved`, {FORMS}.")
        case _:
            return Decision(type="respond", value=payload)


def _approval(approved: bool, payload: Mapping[str, Any]) -> Decision:
    edited, reason = payload.get("editedArgs"), payload.get("reason")
    if not approved:
        return Decision(type="reject", message=reason if isinstance(reason, str) else None)
    if edited is None:
        return Decision(type="approve")
    if not isinstance(edited, dict):
        raise Unprocessable("wrong_decisions", "`editedArgs` is an object with all arguments.")
    return Decision(type="edit", args=edited)
