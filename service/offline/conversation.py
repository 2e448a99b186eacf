"""What the offline model reads of a conversation: the prompt, and what tools found since."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from .extracts import Passage, passages_in

READ_AT_MOST = 8_000  # characters of a prompt, its last: what is asked stands at the end

_BRIEF = re.compile(
    r"\b(?:one sentence|single sentence|brief(?:ly)?|concise(?:ly)?|short(?:ly)?|terse)\b", re.IGNORECASE
)

_SUMMARISE = re.compile(r"(?:^|[.:!\n]\s*)(?:please )?summari[sz]e\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of the conversation, with what came of it."""

    name: str
    args: dict[str, Any]
    result: str | None = None
    failed: bool = False

    def same_as(self, name: str, args: dict[str, Any]) -> bool:
        return self.name == name and _canonical(self.args) == _canonical(args)


@dataclass(frozen=True, slots=True)
class Conversation:
    """`called` since the last prompt, `called_before` for the prompt before it; `summarise`: the prompt
    is a text to be summarised; `passages` are to be answered from."""

    prompt: str
    called: tuple[Called, ...] = ()
    called_before: tuple[Called, ...] = ()
    brief: bool = False
    summarise: bool = False
    passages: tuple[Passage, ...] = ()
    digest: str = ""
    ids: frozenset[str] = field(default_factory=frozenset)


def read(messages: Sequence[BaseMessage]) -> Conversation:
    """The conversation as the model sees it; takes time in proportion to its length."""
    humans = [index for index, message in enumerate(messages) if isinstance(message, HumanMessage)]
    last = humans[-1] if humans else -1
    before = humans[-2] if len(humans) > 1 else -1
    system = " ".join(
        text_of(message)[:READ_AT_MOST] for message in messages if isinstance(message, SystemMessage)
    )
    return Conversation(
        prompt=_readable(text_of(messages[last])) if humans else "",
        called=_calls(messages[last + 1 :]),
        called_before=_calls(messages[before + 1 : max(last, 0)]),
        brief=bool(_BRIEF.search(system)),
        summarise=bool(_SUMMARISE.search(system)),
        passages=passages_in(system),
        digest=_digest(messages),
        ids=frozenset(call["id"] or "" for _, call in _tool_calls(messages)),
    )


def text_of(message: BaseMessage) -> str:
    """The text of a message; of a list of content blocks, the text blocks."""
    if isinstance(message.content, str):
        return message.content
    texts = (block if isinstance(block, str) else block.get("text", "") for block in message.content)
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def size_of(messages: Iterable[BaseMessage]) -> int:
    """About as many tokens as the messages have: four characters each, as English has."""
    return sum(len(text_of(message)) // 4 + 1 for message in messages)


def _readable(text: str) -> str:
    if len(text) <= READ_AT_MOST:
        return text.strip()
    return text[-READ_AT_MOST:].strip()


def _tool_calls(messages: Iterable[BaseMessage]) -> list[tuple[BaseMessage, Any]]:
    return [
        (message, call)
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]


def _calls(messages: Sequence[BaseMessage]) -> tuple[Called, ...]:
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    called = []
    for _, call in _tool_calls(messages):
        result = results.get(call["id"] or "")
        text = None if result is None else _readable(text_of(result))
        called.append(
            Called(call["name"], call["args"], text, result is not None and result.status == "error")
        )
    return tuple(called)


def _digest(messages: Iterable[BaseMessage]) -> str:
    digest = hashlib.sha256()
    for message in messages:
        digest.update(f"{message.type}\0{text_of(message)}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _canonical(args: dict[str, Any]) -> str:
    return json.dumps(args, sort_keys=True, default=str)
