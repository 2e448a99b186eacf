"""Compiled graphs: whose memory they have, and how they start, stop for a person, and go on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.pregel import Pregel

AnyGraph = Pregel[Any, Any, Any, Any]


def graph_of(runnable: Runnable[Any, Any]) -> AnyGraph | None:
    """The compiled graph that this chain is, under whatever is bound to it; None of any other chain."""
    while isinstance(runnable, RunnableBinding):
        runnable = runnable.bound
    return runnable if isinstance(runnable, Pregel) else None


def has_memory(graph: AnyGraph) -> bool:
    """Whether it was compiled with a checkpointer of its own, and so keeps its threads itself."""
    return isinstance(graph.checkpointer, BaseCheckpointSaver)


def forgets(graph: AnyGraph) -> bool:
    """Whether what it keeps itself is gone with the process."""
    return isinstance(graph.checkpointer, InMemorySaver)


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


async def asks_in(graph: AnyGraph, config: RunnableConfig, interrupt_ids: Collection[str]) -> bool:
    """Whether the graph waits in this thread at these interrupts; a breakpoint's id is its checkpoint's."""
    state = await graph.aget_state(config)
    checkpoint_id = state.config["configurable"].get("checkpoint_id")
    ids = {checkpoint_id, *(interrupt.id for interrupt in state.interrupts)}
    return bool(state.next) and ids.issuperset(interrupt_ids)


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
