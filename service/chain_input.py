"""Pure: what a client gave as input, as the chain takes it, told from the chain's own input schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, convert_to_messages

from .errors import InvalidRequest, Unprocessable

Schema = Mapping[str, Any]
Messages = Sequence[Mapping[str, Any]]


def chain_input(given: Any, system: str | None, schema: Schema, before: Messages = ()) -> Any:
    """`given` is text, `{"messages": […]}` or any JSON; `before` is what was said before it, for chains that
    take messages. Raises Unprocessable with what would be right."""
    properties = schema.get("properties")
    if _has_messages(schema):
        return _messages_input(given, system, schema, before)
    if _takes_messages(schema):
        return _messages_of(given, system, before)
    if system is not None:
        raise InvalidRequest("no_system", "This chain takes no system text: it takes no messages.")
    if isinstance(given, str) and isinstance(properties, Mapping):
        return _single_field(given, schema)
    if isinstance(given, Mapping):
        _check_required(given, schema)
    return _checked_type(given, schema)


def takes_conversation(schema: Schema) -> bool:
    """Whether it can be given messages."""
    return _has_messages(schema) or _takes_messages(schema)


def _has_messages(schema: Schema) -> bool:
    properties = schema.get("properties")
    return isinstance(properties, Mapping) and "messages" in properties


def _takes_messages(schema: Schema) -> bool:
    """Whether the chain begins with a chat model: it takes text, messages or a prompt's value."""
    return any("Message" in name for name in schema.get("$defs", {})) and "anyOf" in schema


def _messages_input(given: Any, system: str | None, schema: Schema, before: Messages) -> Any:
    if isinstance(given, Mapping):
        _check_required(given, schema)
        return {**given, "messages": _messages_of(given, system, before)}
    return {"messages": _messages_of(given, system, before)}


def _messages_of(given: Any, system: str | None, before: Messages) -> list[BaseMessage]:
    start: list[BaseMessage] = [SystemMessage(system)] if system is not None else []
    start += convert_to_messages([dict(message) for message in before])
    if isinstance(given, str):
        return [*start, HumanMessage(given)]
    messages = given.get("messages") if isinstance(given, Mapping) else given
    if not isinstance(messages, list) or not messages:
        raise Unprocessable(
            "invalid_input",
            'input must be text, or {"messages": [{"role": "user", "content": "…"}]} with a message or more.',
        )
    try:
        return [*start, *convert_to_messages(messages)]
    except Exception as error:
        raise Unprocessable(
            "invalid_input",
            'Each of input.messages must be {"role": "user" or "assistant" or "system", "content": "…"}.',
        ) from error


def _single_field(text: str, schema: Schema) -> Any:
    required = schema.get("required") or list(schema["properties"])
    if len(required) == 1:
        return {required[0]: text}
    raise Unprocessable("invalid_input", f"input must be an object with {_listed(required)}, not text.")


def _check_required(given: Mapping[str, Any], schema: Schema) -> None:
    missing = [name for name in schema.get("required", ()) if name not in given]
    if missing:
        raise Unprocessable("invalid_input", f"input lacks {_listed(missing)}.")


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def _checked_type(given: Any, schema: Schema) -> Any:
    wanted = schema.get("type")
    types = _TYPES.get(wanted) if isinstance(wanted, str) else None
    if types and not isinstance(given, types):
        raise Unprocessable("invalid_input", f"input must be of type {wanted}, not {type(given).__name__}.")
    return given


def _listed(names: list[str]) -> str:
    return " and ".join(repr(name) for name in names)
