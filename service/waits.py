"""What a run has asked people so far, and what they have decided."""

from collections.abc import Mapping, Sequence
from typing import Any

from .approvals import BREAKPOINT, Decision, answer_to, rejected_in
from .errors import Conflict, NotFound
from .events import Approval


class Waits:
    """Of one run. Questions are kept by their interrupt ids, of those that were answered the decisions."""

    def __init__(self) -> None:
        self._open: dict[str, Approval] = {}
        self._closed: dict[str, tuple[Decision, ...] | None] = {}  # None where that is not known
        self._answers: dict[str, Any] = {}
        self._rejected: dict[str, str | None] = {}

    @property
    def open(self) -> list[Approval]:
        """Those that nobody has answered yet."""
        return list(self._open.values())

    def ask(self, approvals: Sequence[Approval]) -> None:
        self._open |= {approval.interrupt_id: approval for approval in approvals}

    def find(self, interrupt_id: str) -> Approval:
        """An open question; raises NotFound, or Conflict where it was answered or its run is over."""
        if approval := self._open.get(interrupt_id):
            return approval
        if interrupt_id in self._closed:
            message = f"The approval {interrupt_id!r} was decided before, or its run is over."
            raise Conflict("already_decided", message)
        raise NotFound("approval_not_found", f"This run has not asked for an approval {interrupt_id!r}.")

    def was_answered(self, interrupt_id: str, decisions: Sequence[Decision]) -> bool:
        """Whether the question was answered with just these: who sends them again has changed nothing."""
        return interrupt_id not in self._open and self._closed.get(interrupt_id) == tuple(decisions)

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> None:
        """Raises Unprocessable where the decisions are not what is asked for."""
        answer = answer_to(approval, decisions)
        if not _is_breakpoint(approval):
            self._answers[approval.interrupt_id] = answer
        self._rejected |= rejected_in(approval, decisions)
        self._closed[approval.interrupt_id] = tuple(decisions)
        del self._open[approval.interrupt_id]

    def take_answers(self) -> tuple[Mapping[str, Any], Mapping[str, str | None]]:
        """What the graph is to go on with, and the calls that were rejected, with the reasons given."""
        taken = self._answers, self._rejected
        self._answers, self._rejected = {}, {}
        return taken

    def close(self) -> None:
        """The run is over: nothing can be answered any more."""
        self._closed |= dict.fromkeys(self._open)
        self._open = {}


def _is_breakpoint(approval: Approval) -> bool:
    return isinstance(approval.value, dict) and approval.value.keys() == {BREAKPOINT}
