"""Compiled graphs: whose memory they have, and how they start, stop for a person, and go on."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.pregel import Pregel

AnyGraph = Pregel[Any, Any, Any, Any]


class _LenientSerializer(JsonPlusSerializer):
    """Copies what it can, and keeps the rest as it is: in memory nothing needs to be bytes."""

    def dumps_typed(self, obj: Any) -> tuple[str, Any]:
        try:
            return super().dumps_typed(obj)
        except Exception:
            return "as it is", obj

    def loads_typed(self, data: tuple[str, Any]) -> Any:
        return data[1] if data[0] == "as it is" else super().loads_typed(data)


def memory_checkpoints() -> InMemorySaver:
    """Checkpoints of runs that wait for a person; they go when the process does."""
    return InMemorySaver(serde=_LenientSerializer(allowed_msgpack_modules=True))


def graph_of(runnable: Runnable[Any, Any]) -> AnyGraph | None:
    """The compiled graph that this chain is, under whatever is bound to it; None of any other chain."""
    while isinstance(runnable, RunnableBinding):
        runnable = runnable.bound
    return runnable if isinstance(runnable, Pregel) else None


def has_memory(graph: AnyGraph) -> bool:
    """Whether it was compiled with a checkpointer of its own, and so keeps its threads itself."""
    return isinstance(graph.checkpointer, BaseCheckpointSaver)


def needs_checkpoints(graph: AnyGraph) -> bool:
    """Whether it can wait for a person with checkpoints of ours: it has none, and does not refuse them."""
    return graph.checkpointer in (None, True)


def with_checkpoints(
    runnable: Runnable[Any, Any], checkpoints: BaseCheckpointSaver[Any]
) -> Runnable[Any, Any]:
    """The same chain, its graph with these checkpoints; the graph itself stays as it is."""
    if isinstance(runnable, RunnableBinding):
        return runnable.model_copy(update={"bound": with_checkpoints(runnable.bound, checkpoints)})
    return runnable.copy(update={"checkpointer": checkpoints}) if isinstance(runnable, Pregel) else runnable


async def only_new(graph: AnyGraph, given: Any, config: RunnableConfig) -> Any:
    """The input without the messages that the graph has in its thread already.

    Clients of chat APIs send the whole conversation at each turn; a graph with a memory would have it twice.
    """
    messages = given.get("messages") if isinstance(given, Mapping) else None
    if not isinstance(messages, list) or len(messages) < 2:
        return given
    state = await graph.aget_state(config)
    if not state.values.get("messages"):
        return given
    return {**given, "messages": _after_last_answer(messages)}


def _after_last_answer(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    answered = max((at for at, message in enumerate(messages) if isinstance(message, AIMessage)), default=-1)
    return [message for message in messages[answered + 1 :] if message.type != "system"]
