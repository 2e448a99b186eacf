"""Pure: a run's events as one chat.completion object, as OpenAI answers who does not stream."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from ..events import BARE_CHAIN, Done, Event, Reasoning, RunStarted, ToolCall
from .answer import AnswerText
from .openai import ChatFinish, ChatUsage, finish_of, scores_of, usage_of


class CompletedFunction(TypedDict):
    """The function of a call; `arguments` is the JSON that the model wrote."""

    name: str
    arguments: str


class CompletedCall(TypedDict):
    """A call of one of the client's tools."""

    id: str
    type: Literal["function"]
    function: CompletedFunction


class CompletedMessage(TypedDict):
    """What was answered. `content` is null where it is calls alone."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[CompletedCall]]


class CompletedScores(TypedDict):
    """The log probabilities of the answer's tokens, as the provider tells them."""

    content: list[Any]
    refusal: None


class CompletedChoice(TypedDict):
    """The one choice."""

    index: int
    message: CompletedMessage
    finish_reason: ChatFinish
    logprobs: CompletedScores | None


class ChatCompletion(TypedDict):
    """An answer; `usage` is that of all model calls, null where the run waits for a person."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletedChoice]
    usage: ChatUsage | None


class Completion:
    """Takes a run's events one by one."""

    def __init__(self) -> None:
        self._id, self._model, self._created = "", "", 0
        self._is_bare = False
        self._answer = AnswerText()
        self._text: list[str] = []
        self._scores: list[Any] = []
        self._thoughts: list[str] = []
        self._calls: dict[str, CompletedCall] = {}
        self._finish: ChatFinish = "stop"
        self._usage: ChatUsage | None = None

    def take(self, event: Event) -> None:
        self._text += self._answer.due(event)
        self._scores += scores_of(event) or []
        match event:
            case RunStarted():
                self._id, self._model = f"chatcmpl-{event.run_id}", event.model or event.chain
                self._created = int(datetime.fromisoformat(event.created_at).timestamp())
                self._is_bare = event.chain == BARE_CHAIN
            case ToolCall() if self._is_bare:
                self._call(event)
            case Reasoning() if self._is_bare:
                self._thoughts.append(event.text)
            case Done():
                self._finish = finish_of(event, is_bare=self._is_bare)
                self._usage = usage_of(event.usage)
            case _:
                pass

    def told(self) -> ChatCompletion:
        choice = CompletedChoice(
            index=0,
            message=self._message(),
            finish_reason=self._finish,
            logprobs={"content": self._scores, "refusal": None} if self._scores else None,
        )
        return {
            "id": self._id,
            "object": "chat.completion",
            "created": self._created,
            "model": self._model,
            "choices": [choice],
            "usage": self._usage,
        }

    def _message(self) -> CompletedMessage:
        text = "".join(self._text)
        message = CompletedMessage(role="assistant", content=text, refusal=None)
        if self._thoughts:
            message["reasoning_content"] = "".join(self._thoughts)
        if self._calls:
            message["content"] = text or None
            message["tool_calls"] = list(self._calls.values())
        return message

    def _call(self, piece: ToolCall) -> None:
        new = CompletedCall(
            id=piece.tool_call_id, type="function", function={"name": piece.name, "arguments": ""}
        )
        self._calls.setdefault(piece.tool_call_id, new)["function"]["arguments"] += piece.args_delta
