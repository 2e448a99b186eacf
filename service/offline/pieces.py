"""Pure: a reply as the pieces in which it streams, cut at stop sequences and at the bound of tokens."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from .replies import Reply

FinishReason = Literal["stop", "tool_calls", "length"]

_TOKEN = re.compile(r"\s*\w{1,12}|\s*[^\w\s]{1,4}|\s+")
_ARGUMENT_PIECE = 12  # characters


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a stream ends before the reply does."""

    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


def tokens_of_text(text: str) -> list[str]:
    """Word-like pieces, with the space before them; joined they are the text."""
    return _TOKEN.findall(text)


def chunks_of(
    reply: Reply, limits: Limits, model_name: str, input_tokens: int
) -> Iterator[ChatGenerationChunk]:
    """The chunks of the stream; the last has usage, the reason of the end and no text."""
    text, stopped = _until_stop(reply.text, limits.stop)
    calls = () if stopped else reply.calls
    parts = [AIMessageChunk(content=token) for token in tokens_of_text(text)]
    for index, (identity, call) in enumerate(calls):
        parts += _call_parts(index, identity, call.tool, json.dumps(call.args, ensure_ascii=False))
    most = len(parts) if limits.max_tokens is None else limits.max_tokens
    for part in parts[:most]:
        yield ChatGenerationChunk(message=part)
    sent = min(len(parts), most)
    reason: FinishReason = "length" if len(parts) > most else "tool_calls" if calls else "stop"
    yield _last(sent, reason, model_name, input_tokens)


def _call_parts(index: int, identity: str, name: str, arguments: str) -> list[AIMessageChunk]:
    """The name and the id come first; what follows is told apart by its index."""
    cuts = range(0, len(arguments), _ARGUMENT_PIECE)
    first = tool_call_chunk(name=name, id=identity, args="", index=index)
    rest = [tool_call_chunk(args=arguments[at : at + _ARGUMENT_PIECE], index=index) for at in cuts]
    return [AIMessageChunk(content="", tool_call_chunks=[chunk]) for chunk in [first, *rest]]


def _last(sent: int, reason: FinishReason, model_name: str, input_tokens: int) -> ChatGenerationChunk:
    usage = UsageMetadata(input_tokens=input_tokens, output_tokens=sent, total_tokens=input_tokens + sent)
    metadata = {"model_name": model_name, "finish_reason": reason}
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content="", usage_metadata=usage, response_metadata=metadata, chunk_position="last"
        )
    )


def _until_stop(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    found = [at for sequence in stop if sequence and (at := text.find(sequence)) >= 0]
    return (text[: min(found)], True) if found else (text, False)
