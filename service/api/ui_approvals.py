"""Approvals as the AI SDK's client answers them: in the parts of the message that asked."""

from collections.abc import Mapping, Set
from contextlib import aclosing, suppress
from dataclasses import dataclass

from ..access.caller import Caller
from ..approvals import Decision, answer_to
from ..errors import Conflict, Gone, NotFound, Unprocessable
from ..event_log.base import Cursor, Record, UnknownLog
from ..events import Approval, ApprovalRequest
from ..run import Run
from ..runs import Runs, is_run_id
from ..subscriptions import records_so_far
from .ui_messages import UIMessageBody

Question = tuple[str, int]  # an interrupt, and the place of one of its requests


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to one request."""

    approved: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Those of one message, to one run."""

    run_id: str
    by_question: Mapping[Question, Answer]


def answers_in(message: UIMessageBody) -> Answers | None:
    """What the message's parts answer; None where they answer nothing. Raises Unprocessable."""
    found: dict[str, dict[Question, Answer]] = {}
    for part in message.tools:
        approval = part.get("approval")
        if part.get("state") != "approval-responded" or not isinstance(approval, dict):
            continue
        if approval.get("isAutomatic") is not True:
            run_id, question = _named(str(approval.get("id", "")))
            reason = approval.get("reason")
            answer = Answer(approval.get("approved") is True, None if reason is None else str(reason))
            found.setdefault(run_id, {})[question] = answer
    if len(found) > 1:
        raise Unprocessable("bad_approval", "The approvals of one message are of one run.")
    return next((Answers(run_id, answers) for run_id, answers in found.items()), None)


def _named(approval_id: str) -> tuple[str, Question]:
    """The run and the question that an `approvalId` of ours names."""
    run_id, _, rest = approval_id.partition(".")
    interrupt_id, _, place = rest.rpartition(".")
    if not (is_run_id(run_id) and interrupt_id and place.isascii() and place.isdigit() and len(place) < 6):
        raise Unprocessable("bad_approval", f"{approval_id[:100]!r} is no `approvalId` of this service.")
    return run_id, (interrupt_id, int(place))


async def decide(runs: Runs, caller: Caller, chat_id: str, answers: Answers) -> tuple[Run, Cursor]:
    """Answer all that the run waits for; its rest begins at the cursor. Who answers again, what was answered
    before, gets that rest again. Raises NotFound, and Unprocessable where an answer is missing or wrong."""
    run = await runs.find(answers.run_id, caller)
    if run.thread_id != chat_id:
        raise NotFound("run_not_found", f"There is no run {answers.run_id!r} in this chat.")
    asked = run.waits.open
    if any(
        approval.interrupt_id == interrupt_id for approval in asked for interrupt_id, _ in answers.by_question
    ):
        decided = [(approval.interrupt_id, _decisions(approval, answers)) for approval in asked]
        for approval, (_, decisions) in zip(asked, decided, strict=True):
            answer_to(approval, decisions)  # what is wrong with any of them is told before one is taken
        for interrupt_id, decisions in decided:
            with suppress(Conflict):  # the same answers were sent twice, at once
                await runs.decide(run.run_id, interrupt_id, decisions, caller)
    return run, await _rest_of(runs, run, answers)


def _decisions(approval: Approval, answers: Answers) -> list[Decision]:
    places = range(max(1, len(approval.requests)))
    missing = [place for place in places if (approval.interrupt_id, place) not in answers.by_question]
    if missing:
        message = "The run waits for more answers than these: give one to each approval of the message."
        raise Unprocessable("approvals_missing", message)
    given = [answers.by_question[approval.interrupt_id, place] for place in places]
    if not approval.requests:
        return [_answer_to_question(given[0])]
    return [_decision(request, answer) for request, answer in zip(approval.requests, given, strict=True)]


def _answer_to_question(answer: Answer) -> Decision:
    """A question takes yes and no; a text with a yes is what the person says."""
    if answer.approved and answer.reason:
        return Decision(type="respond", message=answer.reason)
    return Decision(type="approve" if answer.approved else "reject", message=answer.reason)


def _decision(request: ApprovalRequest, answer: Answer) -> Decision:
    wanted = Decision(type="approve") if answer.approved else Decision(type="reject", message=answer.reason)
    if wanted.type not in request["allowed"] and "respond" in request["allowed"] and answer.reason:
        return Decision(type="respond", message=answer.reason)
    return wanted


async def _rest_of(runs: Runs, run: Run, answers: Answers) -> Cursor:
    """After the last of these questions, and those that were asked with it."""
    interrupts = {interrupt_id for interrupt_id, _ in answers.by_question}
    try:
        last = await _last_asked(runs, run, interrupts)
    except UnknownLog:
        raise Gone("events_gone", "The events of this run were not kept.") from None
    if last is None:
        raise NotFound("approval_not_found", "This run has not asked for these approvals.")
    return Cursor(last.seq, last.attempt)


async def _last_asked(runs: Runs, run: Run, interrupts: Set[str]) -> Record | None:
    last: Record | None = None
    async with aclosing(records_so_far(runs, run.run_id)) as records:
        async for record in records:
            is_with_it = last is not None and record.seq == last.seq + 1
            if record.name == Approval.type and (is_with_it or _interrupt_of(record) in interrupts):
                last = record
    return last


def _interrupt_of(record: Record) -> str | None:
    event = record.event()
    return event.interrupt_id if isinstance(event, Approval) else None
