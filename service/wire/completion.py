"""Pure: a run's events as one chat.completion object, as OpenAI answers who does not stream."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from ..events import BARE_CHAIN, Done, Event, Reasoning, Restart, RunStarted, ScoredToken, ToolCall
from .answer import AnswerText
from .openai import ChatFinish, ChatUsage, finish_of, usage_of


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
    """Takes a run's events one by one. Of what was superseded it has nothing."""

    def __init__(self) -> None:
        self._id, self._model, self._created = "", "", 0
        self._is_bare = False
        self._answer = AnswerText()
        self._text: list[tuple[int, str]] = []  # by the seq with which it came
        self._scores: list[tuple[str, Any]] = []  # these by their messages
        self._thoughts: list[tuple[str, str]] = []
        self._calls: dict[str, tuple[str, CompletedCall]] = {}
        self._finish: ChatFinish = "stop"
        self._usage: ChatUsage | None = None

    def take(self, event: Event, seq: int) -> None:
        self._text += ((seq, text) for text in self._answer.due(event, seq))
        match event:
            case ScoredToken():
                self._scores += ((event.message_id, score) for score in event.logprobs)
            case Restart():
                self._restart(event, seq)
            case RunStarted():
                self._id, self._model = f"chatcmpl-{event.run_id}", event.model or event.chain
                self._created = int(datetime.fromisoformat(event.created_at).timestamp())
                self._is_bare = event.chain == BARE_CHAIN
            case ToolCall() if self._is_bare:
                self._call(event)
            case Reasoning() if self._is_bare:
                self._thoughts.append((event.message_id, event.text))
            case Done():
                self._finish = finish_of(event, is_bare=self._is_bare)
                self._usage = usage_of(event.usage)
            case _:
                pass

    def _restart(self, event: Restart, seq: int) -> None:
        superseded = self._answer.restart(event, seq)
        self._text = [each for each in self._text if each[0] < superseded.discard_from]
        self._text += ((seq, text) for text in superseded.again)
        self._scores = [each for each in self._scores if each[0] != event.message_id]
        self._thoughts = [each for each in self._thoughts if each[0] != event.message_id]
        self._calls = {key: each for key, each in self._calls.items() if each[0] != event.message_id}

    def told(self) -> ChatCompletion:
        scores = [score for _, score in self._scores]
        choice = CompletedChoice(
            index=0,
            message=self._message(),
            finish_reason=self._finish,
            logprobs={"content": scores, "refusal": None} if scores else None,
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
        text = "".join(text for _, text in self._text)
        message = CompletedMessage(role="assistant", content=text, refusal=None)
        if self._thoughts:
            message["reasoning_content"] = "".join(text for _, text in self._thoughts)
        if self._calls:
            message["content"] = text or None
            message["tool_calls"] = [call for _, call in self._calls.values()]
        return message

    def _call(self, piece: ToolCall) -> None:
        new = CompletedCall(
            id=piece.tool_call_id, type="function", function={"name": piece.name, "arguments": ""}
        )
        _, call = self._calls.setdefault(piece.tool_call_id, (piece.message_id, new))
        call["function"]["arguments"] += piece.args_delta
