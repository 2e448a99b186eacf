"""What is kept of a chat, as the AI SDK's messages: for each turn what was asked, and the answer.

A turn's request keeps the ids that the client gave its messages, one for each of the input's messages; the
answer's id is the run's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Any

import orjson
from anyio.lowlevel import checkpoint

from ..event_log.base import BATCH_RECORDS, UnknownLog
from ..history.account import text_of
from ..history.threads import Turn
from ..runs import Runs
from ..subscriptions import records_so_far
from ..wire.ui_chunks import UIChunks
from ..wire.ui_message import UIMessage, UIMessageFold

IDS = "ui_message_ids"  # in a run's metadata
_ROLES = {"human": "user", "ai": "assistant", "developer": "system"}
_GOES_ON = ("queued", "running")


def ids_of(turn: Turn) -> list[str]:
    """The ids of what it asked, one for each message of its input; of a run that came from elsewhere, its
    own."""
    request = orjson.loads(turn.request)
    count = len(_inputs(request["input"]))
    kept = request["metadata"].get(IDS)
    if isinstance(kept, list) and len(kept) == count:
        return [str(each) for each in kept]
    return [f"{turn.run_id}.{place}" for place in range(count)]


async def chat_messages(runs: Runs, turns: Sequence[Turn]) -> list[UIMessage]:
    """Of a branch, or its end. The answer that goes on is left out: its stream tells it from the start."""
    messages: list[UIMessage] = []
    for turn in turns:
        messages += asked_in(turn)
        if turn.status not in _GOES_ON:
            messages.append(await _answer(runs, turn))
    return messages


def asked_in(turn: Turn) -> list[UIMessage]:
    inputs = list(zip(ids_of(turn), _inputs(orjson.loads(turn.request)["input"]), strict=True))
    if turn.parent_run_id is not None:
        inputs = _new(inputs)
    return [
        _message(message_id, [message for _, message in group])
        for message_id, group in groupby(inputs, key=lambda pair: pair[0])
    ]


def _new(inputs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Who sends the whole conversation at each turn has its new part after the last answer."""
    answers = [place for place, (_, message) in enumerate(inputs) if _role(message) in ("assistant", "tool")]
    return inputs[answers[-1] + 1 :] if answers else inputs


async def _answer(runs: Runs, turn: Turn) -> UIMessage:
    chunks, fold = UIChunks(), UIMessageFold(turn.run_id)
    try:
        async with aclosing(records_so_far(runs, turn.run_id)) as records:
            async for record in records:
                fold.take(chunks.of(record.event()))
                if record.seq % BATCH_RECORDS == 0:
                    await checkpoint()  # a chat may have very many events, and others wait
    except UnknownLog:
        return UIMessage(
            id=turn.run_id, role="assistant", parts=[{"type": "text", "text": turn.response, "state": "done"}]
        )
    if turn.status == "waiting":
        fold.take(chunks.paused())
    return fold.message


def _inputs(given: Any) -> list[Any]:
    messages = given.get("messages") if isinstance(given, Mapping) else given
    return (
        messages if isinstance(messages, list) and messages else [{"role": "user", "content": text_of(given)}]
    )


def _role(message: Any) -> str:
    named = message.get("role", message.get("type", "user")) if isinstance(message, Mapping) else "user"
    return _ROLES.get(str(named), str(named))


def _message(message_id: str, messages: Sequence[Any]) -> UIMessage:
    role = _role(messages[0])
    parts = list(_parts(messages))
    return UIMessage(id=message_id, role=role if role in ("system", "user") else "assistant", parts=parts)


def _parts(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    calls: dict[str, dict[str, Any]] = {}
    for message in messages:
        if not isinstance(message, Mapping):
            yield {"type": "text", "text": text_of(message)}
        elif _role(message) == "tool":
            calls.get(str(message.get("tool_call_id")), {}).update(_output(message))
        else:
            if _role(message) == "assistant":
                yield {"type": "step-start"}
            state = {"state": "done"} if _role(message) == "assistant" else {}
            yield from _content(message.get("content"), state)
            for call in message.get("tool_calls") or ():
                calls[str(call.get("id"))] = part = _call(call)
                yield part


def _content(content: Any, state: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for block in content if isinstance(content, list) else [content]:
        if isinstance(block, Mapping) and block.get("type") != "text":
            yield from _file(block)
        elif text := text_of(block.get("text") if isinstance(block, Mapping) else block):
            yield {"type": "text", "text": text, **state}


def _file(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    media_type, url = str(block.get("mime_type") or "application/octet-stream"), block.get("url")
    if data := block.get("base64"):
        url = f"data:{media_type};base64,{data}"
    if url:
        named = {"filename": block["filename"]} if block.get("filename") else {}
        yield {"type": "file", "mediaType": media_type, "url": str(url), **named}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "dynamic-tool",
        "toolName": str(call.get("name")),
        "toolCallId": str(call.get("id")),
        "state": "input-available",
        "input": call.get("args"),
        "providerExecuted": True,
    }


def _output(message: Mapping[str, Any]) -> dict[str, Any]:
    text = text_of(message.get("content"))
    if message.get("status") == "error":
        return {"state": "output-error", "errorText": text}
    return {"state": "output-available", "output": text}
