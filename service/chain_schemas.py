"""What a chain says of its input and tools, as JSON Schema; where it cannot say, what can be read of it."""

from collections.abc import Mapping
from typing import Any, get_type_hints

from langchain_core.tools import BaseTool
from pydantic import BaseModel, TypeAdapter
from typing_extensions import is_typeddict

from .chain_builds import AnyRunnable
from .graphs import AnyGraph, graph_of


def input_schema_of(runnable: AnyRunnable) -> Mapping[str, Any]:
    """Empty where nothing is known: then the chain takes whatever it is given."""
    state = _state_of(graph_of(runnable))
    try:
        schema = _resolved(runnable.get_input_jsonschema())
    except Exception:  # a state with what JSON cannot tell, or typing's own TypedDict before Python 3.12
        return _schema_by_hints(state)
    if state is not None and is_typeddict(state):
        schema.pop("required", None)  # what a graph keeps is not what it must be given: nodes write the rest
    return schema


def input_type_of(runnable: AnyRunnable) -> Any:
    """The TypedDict or pydantic model that a chain says it takes; None where it says no such thing."""
    try:
        kind = None if graph_of(runnable) else runnable.InputType
    except TypeError:
        return None
    declared = is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))
    return kind if declared else None


def tool_schema_of(tool: BaseTool) -> Mapping[str, Any]:
    """Of what a model writes: without what LangGraph injects, of which no JSON could tell."""
    schema = tool.tool_call_schema
    return schema if isinstance(schema, dict) else _schema_or_any(schema)


def tools_of(runnable: AnyRunnable) -> dict[str, BaseTool]:
    """The tools of a graph's nodes, by name."""
    found: dict[str, BaseTool] = {}
    for node in getattr(graph_of(runnable), "nodes", {}).values():
        found |= getattr(getattr(node, "bound", None), "tools_by_name", {})
    return found


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A sequence's schema may be a reference to its first part's."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    return {**schema["$defs"][name], "$defs": schema["$defs"]} if name else schema


def _state_of(graph: AnyGraph | None) -> Any:
    """The class of a graph's state, where it has no other for its input."""
    builder = getattr(graph, "builder", None)
    state = getattr(builder, "state_schema", None)
    return state if getattr(builder, "input_schema", None) is state else None


def _schema_by_hints(state: Any) -> Mapping[str, Any]:
    try:
        hints = get_type_hints(state)
    except Exception:
        return {}
    properties = {name: _schema_or_any(hint) for name, hint in hints.items()}
    return {"type": "object", "title": getattr(state, "__name__", "Input"), "properties": properties}


def _schema_or_any(of: Any) -> Mapping[str, Any]:
    try:
        return TypeAdapter(of).json_schema()
    except Exception:
        return {}
