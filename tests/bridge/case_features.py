"""What a generated case has in it: counted, so that no kind of chain or fault is missing unseen."""

from collections.abc import Iterator
from typing import get_args

from tests.bridge import random_chains as random_
from tests.bridge.random_chains import parts_of
from tests.bridge.sabotage import CALLBACKS, TRANSCRIPT

FEATURES = (
    *(f"model: {way}" for way in get_args(random_.ModelWay)),
    *("model: tagged inner", "model: writes nothing", "model: reasoning", "model: tool call deltas"),
    *("model: content blocks", "model: fails before its first token", "model: fails after some tokens"),
    *("models in parallel", "models in a batch", "gathered in a function", "branches"),
    *("async tool", "sync tool in a thread", "tool without a call id", "tools called at once"),
    *(f"tool {outcome}" for outcome in get_args(random_.ToolOutcome)),
    *("model in a tool", "agent in a tool", "custom event in a tool", "custom event outside tools"),
    *("agent", "agent in a thread", "unknown tool", "retriever", "retriever fails"),
    *("async function", "sync function in a thread", "function fails", "fallback", "named sub-chain"),
    *(f"graph node: {way}" for way in get_args(random_.NodeWay)),
    *("graph: in a line", "graph: side by side", "graph: node fails"),
    *("driver: nobody closes", "driver: closes at the end"),
    *("reader: quick", "reader: slow", "reader: late", "cancelled"),
    *(f"fault at {callback}" for callback in CALLBACKS),
    *(f"bridge fails in {method}" for method in TRANSCRIPT),
)


def features_of(part: random_.Part) -> set[str]:
    """What is in a chain."""
    return {feature for each in parts_of(part) for feature in _features(each)}


def _features(part: object) -> Iterator[str]:  # noqa: C901 - one case for each kind of part
    match part:
        case random_.Reply():
            yield from _of_reply(part)
        case random_.Model():
            yield f"model: {part.way}"
            if part.inner:
                yield "model: tagged inner"
        case random_.Tool():
            yield from _of_tool(part)
        case random_.Retriever():
            yield "retriever fails" if part.fails else "retriever"
        case random_.Function():
            yield "sync function in a thread" if part.sync else "async function"
            yield from ["function fails"] * part.fails
            yield from ["agent in a thread"] * (part.sync and _has(part, random_.Agent))
            yield from _custom(part)
        case random_.Sequence():
            yield from ["named sub-chain"] * part.named
        case random_.Parallel():
            yield {"branches": "branches", "gather": "gathered in a function", "batch": "models in a batch"}[
                part.way
            ]
            yield from _side_by_side(part.parts)
        case random_.Graph():
            yield from _of_graph(part)
        case random_.Agent():
            yield "agent"
            yield from ["tools called at once"] * (len(part.tools) > 1)
            yield from ["unknown tool"] * part.unknown_tool
        case random_.Fallback():
            yield "fallback"


def _of_reply(reply: random_.Reply) -> Iterator[str]:
    if reply.fails_after is not None:
        yield f"model: fails {'after some tokens' if reply.fails_after else 'before its first token'}"
    elif not (reply.tokens or reply.reasoning or reply.args):
        yield "model: writes nothing"
    yield from ["model: reasoning"] * (reply.reasoning > 0)
    yield from ["model: tool call deltas"] * (reply.args > 0)
    yield from ["model: content blocks"] * reply.blocks


def _of_tool(tool: random_.Tool) -> Iterator[str]:
    yield "sync tool in a thread" if tool.sync else "async tool"
    yield f"tool {tool.outcome}"
    yield from ["tool without a call id"] * (not tool.has_id)
    yield from ["model in a tool"] * _has(tool, random_.Model)
    yield from ["agent in a tool"] * _has(tool, random_.Agent)
    yield from ["custom event in a tool"] * _has(tool, random_.CustomEvent)


def _of_graph(graph: random_.Graph) -> Iterator[str]:
    yield "graph: side by side" if graph.side_by_side else "graph: in a line"
    if graph.side_by_side:
        yield from _side_by_side(graph.nodes)
    for node in graph.nodes:
        yield f"graph node: {node.way}"
        yield from ["graph: node fails"] * node.fails
        yield from _custom(node)


def _custom(part: random_.Function | random_.Node) -> list[str]:
    told = any(isinstance(each, random_.CustomEvent) for each in part.body)
    return ["custom event outside tools"] * told


def _side_by_side(parts: tuple[random_.Part, ...] | tuple[random_.Node, ...]) -> list[str]:
    return ["models in parallel"] * (sum(_has(each, random_.Model) for each in parts) > 1)


def _has(part: object, kind: type) -> bool:
    return any(isinstance(each, kind) for each in parts_of(part))


def may_outlive(part: random_.Part) -> bool:
    """Whether something in it can fail beside something else, which then goes on, or is cut off."""
    return any(_side(each) and any(map(_raises, parts_of(each))) for each in parts_of(part))


def _side(part: object) -> bool:
    match part:
        case random_.Parallel():
            return True
        case random_.Graph():
            return part.side_by_side and len(part.nodes) > 1
        case random_.Agent():
            return len(part.tools) > 1
        case _:
            return False


def _raises(part: object) -> bool:
    match part:
        case random_.Reply():
            return part.fails_after is not None
        case random_.Tool():
            return part.outcome in ("raises", "refuses")
        case random_.Retriever() | random_.Function() | random_.Node():
            return part.fails
        case _:
            return False
