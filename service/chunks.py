"""What LangChain's callbacks are given, read: text, reasoning, calls, usage, results, sources, steps.

Pure functions over LangChain's objects. Providers disagree on where things are: content as a string or a
list of blocks, reasoning as a block or in `additional_kwargs`, the finish reason under three names.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, Generation, GenerationChunk, LLMResult
from langgraph.types import Command

from .bill import no_tokens
from .events import FinishReason, Source
from .run_tree import Place
from .values import clean_text, encode_json, to_json
from .written import CallPiece, Ending, Output, Tokens, Unrun, Written

SNIPPET_MAX_CHARS = 300


# OpenAI and its kin say `stop`, Anthropic `end_turn`, Google `STOP`, Ollama `done_reason: stop`.
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "error": "error",
}


def written_in(
    token: str | list[str | dict[str, Any]], chunk: GenerationChunk | ChatGenerationChunk | None
) -> Written:
    """What a model wrote in one chunk."""
    if not isinstance(chunk, ChatGenerationChunk):
        return Written(text_of(token))
    message = chunk.message
    content = message.content
    calls = _call_pieces(message) if isinstance(message, AIMessageChunk) and message.tool_call_chunks else ()
    scores = _scores_in(chunk) if chunk.generation_info else None
    if isinstance(content, str) and not message.additional_kwargs:
        return Written(content, "", calls, scores)
    return Written(text_of(content), _reasoning_of(message), calls, scores)


def _scores_in(chunk: ChatGenerationChunk) -> list[Any] | None:
    """Log probabilities, as OpenAI and its kin tell them."""
    told = (chunk.generation_info or {}).get("logprobs")
    content = told.get("content") if isinstance(told, Mapping) else None
    return to_json(content) if isinstance(content, list) and content else None


def ending_of(result: LLMResult) -> Ending:
    """How a model call ended, and the whole of what it wrote."""
    generation = next((first for group in result.generations for first in group[:1]), None)
    message = getattr(generation, "message", None)
    if not isinstance(message, BaseMessage):
        text = generation.text if isinstance(generation, Generation) else ""
        said = {**(result.llm_output or {}), **(getattr(generation, "generation_info", None) or {})}
        return Ending(Written(text), _finish_of(said), _model_of(said), _reported_usage(said))
    said = message.response_metadata
    calls = _whole_calls(message)
    written = Written(text_of(message.content), _reasoning_of(message), calls)
    reason = _finish_of(said, called_tools=bool(calls))
    return Ending(written, reason, _model_of(said), _message_usage(message))


def text_of(content: object) -> str:
    """The text of a message's content: a string, or a list of strings and blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(_block_text(block) for block in content)


def _block_text(block: object) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, dict) and block.get("type") in ("text", "output_text", "text_delta"):
        return str(block.get("text") or "")
    return ""


def _reasoning_of(message: BaseMessage) -> str:
    text = message.additional_kwargs.get("reasoning_content") if message.additional_kwargs else None
    if isinstance(text, str) and text:
        return text
    content = message.content
    return "" if isinstance(content, str) else "".join(_block_reasoning(block) for block in content)


def _block_reasoning(block: object) -> str:
    if not isinstance(block, dict) or block.get("type") not in ("thinking", "reasoning", "reasoning_content"):
        return ""
    text = block.get("thinking") or block.get("reasoning") or block.get("text")
    if text is None and isinstance(block.get("summary"), list):
        text = "".join(str(part.get("text") or "") for part in block["summary"] if isinstance(part, dict))
    return text if isinstance(text, str) else ""


def _call_pieces(message: AIMessageChunk) -> list[CallPiece]:
    return [
        CallPiece(
            index=piece.get("index"), id=piece.get("id"), name=piece.get("name"), args=piece.get("args")
        )
        for piece in message.tool_call_chunks
    ]


def _whole_calls(message: BaseMessage) -> list[CallPiece]:
    calls = message.tool_calls if isinstance(message, AIMessage) else ()
    return [
        CallPiece(
            index=index, id=call["id"], name=call["name"], args=encode_json(to_json(call["args"])).decode()
        )
        for index, call in enumerate(calls)
    ]


def _finish_of(said: Mapping[str, Any], *, called_tools: bool = False) -> FinishReason:
    reason = said.get("finish_reason") or said.get("stop_reason") or said.get("done_reason")
    known = _FINISH.get(str(reason).lower()) if reason else None
    if known in (None, "stop") and called_tools:
        return "tool_calls"  # some providers say `stop` after tool calls too
    return known or "stop"


def _message_usage(message: BaseMessage) -> Tokens | None:
    usage = message.usage_metadata if isinstance(message, AIMessage) else None
    if not usage or "total_tokens" not in usage:
        return None
    if "total_cost" in usage:  # so LangChain marks an answer from its cache, which used nothing
        return no_tokens()
    return Tokens(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        total_tokens=usage["total_tokens"],
        cached_tokens=(usage.get("input_token_details") or {}).get("cache_read") or 0,
        reasoning_tokens=(usage.get("output_token_details") or {}).get("reasoning") or 0,
    )


def _reported_usage(said: Mapping[str, Any]) -> Tokens | None:
    """A text model's usage, as OpenAI's kin report it."""
    counted = said.get("token_usage")
    if not isinstance(counted, Mapping) or "total_tokens" not in counted:
        return None
    return Tokens(
        input_tokens=int(counted.get("prompt_tokens") or 0),
        output_tokens=int(counted.get("completion_tokens") or 0),
        total_tokens=int(counted["total_tokens"] or 0),
        cached_tokens=0,
        reasoning_tokens=0,
    )


def _model_of(said: Mapping[str, Any]) -> str | None:
    name = said.get("model_name") or said.get("model")
    return name if isinstance(name, str) else None


def is_structured(options: object) -> bool:
    """Whether a model call produces a structured output: `with_structured_output` marks its calls so."""
    return isinstance(options, Mapping) and bool(options.get("ls_structured_output_format"))


def step_kind(
    name: str, run_type: str | None, tags: Sequence[str], place: Place
) -> Literal["graph node", "graph start", "sub-chain"] | None:
    """Whether a chain's run is a step: a graph's node, or a sub-chain that somebody gave a name.

    LangGraph tags nodes with `graph:step:<n>`, its own `__start__` too. What a node's function calls it tags
    with `seq:step:1`, what it runs itself after that (the routing function, say) with higher numbers. Prompts
    and parsers have a run type. What nobody named bears its class's name.
    """
    if any(tag.startswith("graph:step:") for tag in tags):
        return "graph start" if name.startswith("__") else "graph node"
    if run_type not in (None, "chain") or "langsmith:hidden" in tags:
        return None
    if name == place.node:
        return None  # a graph that bears the name of the node that it is
    if place.node and any(tag.startswith("seq:step:") and tag != "seq:step:1" for tag in tags):
        return None
    if not name or name.startswith("Runnable") or name in ("LangGraph", "Unnamed"):
        return None
    return "sub-chain"


def output_of(result: Any) -> tuple[Any, str]:
    """A chain's output, as JSON and as text: an agent's is its last message's text."""
    with suppress(Exception):  # an output's own code may raise anything: then it is shown as it is
        messages = result.get("messages") if isinstance(result, Mapping) else None
        if isinstance(messages, list) and messages and isinstance(messages[-1], BaseMessage):
            result = messages[-1]
    if isinstance(result, BaseMessage):
        result = text_of(result.content)
    shown = to_json(result)
    if isinstance(shown, str):
        return shown, shown
    return shown, "" if shown is None else encode_json(shown).decode()


def tool_result(output: Any) -> Any:
    """What a tool gave, also where it is wrapped in a LangGraph Command."""
    if not isinstance(output, Command) or not isinstance(output.update, Mapping):
        return output
    messages = output.update.get("messages") or ()
    return next((message for message in messages if isinstance(message, ToolMessage)), dict(output.update))


def failure_of(output: Any) -> str | None:
    """What a tool said of its failure, where it returned it rather than raised it."""
    if isinstance(output, ToolMessage) and output.status == "error":
        return text_of(output.content)
    return None


def cut(output: Any, max_chars: int) -> Output:
    """An output, of which so much is shown."""
    text = output if isinstance(output, str) else encode_json(output).decode()
    return Output(output) if len(text) <= max_chars else Output(text[:max_chars], len(text), output)


def answered_in(outputs: Any, max_chars: int) -> list[Unrun]:
    """Calls that a graph's node answered, run or not: of an unknown tool, or for a person, for example."""
    messages = outputs.get("messages") if isinstance(outputs, dict) else None
    found = messages if isinstance(messages, list) else ()
    return [_unrun(message, max_chars) for message in found if isinstance(message, ToolMessage)]


def _unrun(message: ToolMessage, max_chars: int) -> Unrun:
    said = cut(text_of(message.content), max_chars)
    failed = message.status == "error"
    return Unrun(tool_call_id=message.tool_call_id, name=message.name, message=said, failed=failed)


def source_of(document: Document) -> Source:
    """A retriever's document, as the page shows it."""
    about = document.metadata
    source = about.get("url") or about.get("source")
    score = about.get("score", about.get("relevance_score"))
    return Source(
        id=_text_or_none(document.id),
        title=_text_or_none(about.get("title") or about.get("source")),
        url=source if isinstance(source, str) and source.startswith(("http://", "https://")) else None,
        snippet=clean_text(document.page_content[:SNIPPET_MAX_CHARS]),
        score=float(score) if isinstance(score, int | float) else None,
    )


def _text_or_none(value: object) -> str | None:
    return None if value is None else clean_text(str(value))
