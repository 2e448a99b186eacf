"""An AG-UI client's input as a request for a run: its messages, and where in the thread they go on."""

from collections.abc import Sequence
from typing import Any

from ag_ui.core import (
    AssistantMessage,
    DeveloperMessage,
    FileSource,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UrlSource,
    UserMessage,
)

from ..chain import CallConfig, Chain
from ..errors import Unprocessable
from ..history.threads import Turn
from ..run import RunRequest
from ..turns import LATEST
from ..wire.ag_ui import RUN_ID_KEY
from ..wire.ag_ui_shown import SUPERSEDED
from .ag_ui_body import AGUIInput

CONFIGURABLE = "ag_ui"  # under which a chain finds what AG-UI's client sent beside messages

_BLOCKS = {"image": "image", "audio": "audio", "video": "video", "document": "file"}


def request_of(body: AGUIInput, chain: Chain, turns: Sequence[Turn]) -> RunRequest:
    """`turns` are the thread's, as it is known. Raises Unprocessable."""
    if body.tools and not chain.takes_config:
        names = ", ".join(repr(tool.name) for tool in body.tools)
        message = (
            f"The chain {chain.name!r} cannot call the tools of its client ({names}): only a chain that is"
            " built from a `config` can bind them. Send `tools` without them."
        )
        raise Unprocessable("client_tools_not_taken", message)
    parent, new = _place(body.messages, {turn.run_id for turn in turns})
    sent = body.forwarded
    return RunRequest(
        chain=chain.name,
        input=_input(body, chain, new),
        model=sent.model,
        system=_system(body, chain),
        params=sent.params,
        metadata={**sent.metadata, RUN_ID_KEY: body.run_id},
        on_disconnect=sent.on_disconnect,
        on_busy=sent.on_busy,
        thread_id=body.thread_id,
        parent_run_id=parent,
        config=_config(body),
    )


def _place(messages: list[Message], known: set[str]) -> tuple[str | None, list[Message]]:
    """The run to follow, and the messages beyond it, which are new.

    A client sends the whole conversation each time. What is from runs of this thread is known here, better
    than the client knows it; the last of them is the one to go on from, and so a client that has thrown away
    what came after it makes a branch. Where anything else is from an assistant or a tool, of the client's own
    perhaps, the conversation is the client's; where nothing is, it goes on from whatever the thread has.
    """
    said = [_run_of(message) for message in messages if message.role in ("assistant", "tool")]
    if not said:
        return LATEST, messages
    if not known.issuperset(said):
        return None, messages
    run_id = said[-1]
    beyond = max(at for at, message in enumerate(messages) if _run_of(message) == run_id) + 1
    return run_id, messages[beyond:]


def _run_of(message: Message) -> str:
    """The run that told of it; `wire/ag_ui.py` names messages so."""
    return message.id.partition(".")[0]


def _input(body: AGUIInput, chain: Chain, new: list[Message]) -> Any:
    state = body.state if isinstance(body.state, dict) else {}
    if not chain.takes_conversation:
        return state or next((_text(each.content) for each in reversed(new) if each.role == "user"), "")
    fields = chain.input_schema.get("properties", {}).keys() - {"messages"}
    taken = {name: value for name, value in state.items() if name in fields}
    answered = {each.tool_call_id for each in new if isinstance(each, ToolMessage)}
    return {**taken, "messages": [told for each in new if (told := _message(each, answered))]}


def _message(message: Message, answered: set[str]) -> dict[str, Any] | None:
    """As LangChain takes it; None for what is no part of a conversation with a model. Calls that were
    `answered` have run: one by the id of another that was superseded, whose mark it bears."""
    match message:
        case UserMessage():
            return {"role": "user", "content": _content(message.content)}
        case AssistantMessage():
            content = "" if _is_superseded(message) else message.content or ""
            written = message.tool_calls or []
            counting = (call for call in written if call.id in answered or not _is_superseded(call))
            calls = [call.model_dump(by_alias=True) for call in counting]
            if not (content or calls) and (written or message.content):
                return None
            return {
                "role": "assistant",
                "content": content,
                **({"tool_calls": calls} if calls else {}),
            }
        case ToolMessage():
            content = _content(message.content)
            return {"role": "tool", "content": content, "tool_call_id": message.tool_call_id}
        case SystemMessage() | DeveloperMessage():
            return {"role": message.role, "content": message.content}
        case _:
            return None


def _is_superseded(told: AssistantMessage | ToolCall) -> bool:
    """By a model that failed, and which another one took the place of."""
    return bool(told.metadata and told.metadata.get(SUPERSEDED))


def _content(content: Any) -> Any:
    return content if isinstance(content, str) else [_block(part) for part in content]


def _block(part: Any) -> dict[str, Any]:
    """A part of a message as LangChain's content block."""
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    source = part.source
    block: dict[str, Any] = {"type": _BLOCKS[part.type]}
    match source:
        case UrlSource():
            block["url"] = source.value
        case FileSource():
            block["file_id"] = source.value
        case _:
            block["base64"] = source.value
    return block | ({"mime_type": source.mime_type} if source.mime_type else {})


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.text for part in content if isinstance(part, TextPart))


def _system(body: AGUIInput, chain: Chain) -> str | None:
    """The client's context is of this run alone, and so no message of the thread."""
    context = (body.context or []) if chain.takes_conversation else []
    told = [f"{each.description}: {each.value}" for each in context]
    return "\n".join(filter(None, [body.forwarded.system, *told])) or None


def _config(body: AGUIInput) -> CallConfig:
    config = body.forwarded.config
    sent: dict[str, Any] = {
        "state": body.state,
        "context": [each.model_dump() for each in body.context or ()],
        "tools": [_as_function(tool) for tool in body.tools or ()],
        "forwarded_props": body.forwarded_props,
    }
    if any(sent.values()):
        ours = {CONFIGURABLE: {name: value for name, value in sent.items() if value}}
        return CallConfig(**config.model_dump() | {"configurable": {**config.configurable, **ours}})
    return CallConfig(**config.model_dump())


def _as_function(tool: Any) -> dict[str, Any]:
    """As `bind_tools` takes it."""
    schema = tool.parameters or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": schema},
    }
