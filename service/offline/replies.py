"""The model's decision: call tools, or answer, and then with what text."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .answers import answer, from_passages, open_question
from .clauses import Clause
from .conversation import Conversation
from .extracts import LEAST_TO_SUMMARISE, summary_of
from .findings import findings
from .matching import Match
from .planning import Call, forced, plan
from .schemas import Tool


@dataclass(frozen=True, slots=True)
class Reply:
    """Text, then tool calls with their ids."""

    text: str
    calls: tuple[tuple[str, Call], ...] = ()


def reply_to(
    conversation: Conversation, tools: Sequence[Tool], choice: str = "auto", parallel: bool = True
) -> Reply:
    """`choice` is auto, none, any, or the name of a tool that has to be called."""
    if choice == "none":
        return _answered(conversation, ())
    if choice != "auto":
        named = [tool for tool in tools if choice in ("any", tool.name)]
        calls = forced(conversation, named)
        return _calling(conversation, calls, parallel, "") if calls else _answered(conversation, tools)
    planned = plan(conversation, tools)
    if planned.calls:
        return _calling(conversation, planned.calls, parallel, _announced(planned.calls))
    return _answered(conversation, tools, planned.unmet, planned.lacking)


def _calling(conversation: Conversation, calls: Sequence[Call], parallel: bool, text: str) -> Reply:
    chosen = calls if parallel else calls[:1]
    return Reply(text, tuple((_id(conversation, number), call) for number, call in enumerate(chosen)))


def _announced(calls: Sequence[Call]) -> str:
    names = list(dict.fromkeys(call.tool for call in calls))
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Let me use {listed} for that."


def _answered(
    conversation: Conversation,
    tools: Sequence[Tool],
    unmet: Sequence[Clause] = (),
    lacking: Sequence[Match] = (),
) -> Reply:
    wants = " ".join(map(_lacks, lacking))
    if any(call.result is not None for call in conversation.called):
        open_ones = [clause.core for clause in unmet if clause.mood in ("question", "command")]
        rest = " ".join([*map(open_question, open_ones[:1]), *([wants] if wants else [])])
        return Reply(findings(conversation.called, rest))
    if wants:
        return Reply(wants)
    if conversation.summarise and len(conversation.prompt) >= LEAST_TO_SUMMARISE:
        return Reply(summary_of(conversation.prompt))
    if conversation.passages:
        return Reply(from_passages(conversation.prompt, conversation.passages))
    return Reply(answer(conversation.prompt, tools, conversation.brief))


def _lacks(match: Match) -> str:
    names = ", ".join(param.name for param in match.filling.missing)
    return (
        f"I would use {match.tool.name} for that, but your message does not say: {names}. Could you add it?"
    )


def _id(conversation: Conversation, number: int) -> str:
    """The same conversation gives the same id, and no id comes twice in one."""
    salt = 0
    while True:
        digest = hashlib.sha256(f"{conversation.digest}/{number}/{salt}".encode()).hexdigest()
        if (name := f"call_{digest[:24]}") not in conversation.ids:
            return name
        salt += 1
