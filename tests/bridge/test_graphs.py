"""Compiled LangGraph graphs: nodes as steps, sync and async, in lines, side by side, and in one another."""

import asyncio
import operator
from typing import Annotated, Any, TypedDict

from anyio import fail_after
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import Approval, Custom, StepEnd, StepStart, Token
from tests.bridge.models import ScriptedChat, chat, last
from tests.bridge.stories import told_of


class State(TypedDict):
    said: Annotated[list[str], operator.add]


def says(model: ScriptedChat) -> Any:
    """A node that asks the model."""

    async def node(state: State) -> dict[str, Any]:
        return {"said": [(await model.ainvoke("hi")).text]}

    return node


def says_in_thread(model: ScriptedChat) -> Any:
    """As `says`, in a thread."""

    def node(state: State) -> dict[str, Any]:
        return {"said": [model.invoke("hi").text]}

    return node


def line(*nodes: Any) -> Any:
    """A graph of nodes `n0`, `n1`, … in a row."""
    graph = StateGraph(State)
    graph.add_sequence([(f"n{index}", node) for index, node in enumerate(nodes)])
    graph.add_edge(START, "n0")
    return graph.compile()


def fan(*nodes: Any) -> Any:
    """A graph of nodes side by side."""
    graph = StateGraph(State)
    for index, node in enumerate(nodes):
        graph.add_node(f"n{index}", node)
        graph.add_edge(START, f"n{index}")
    return graph.compile()


EMPTY: Any = {"said": []}


async def test_each_node_is_a_step_and_its_tokens_are_in_it() -> None:
    story = await told_of(line(says(chat("a", last())), says(chat("b", last()))), EMPTY)
    assert [event.type for event in story.events] == ["step_start", "token", "message_end", "step_end"] * 2
    steps = story.of(StepStart)
    assert [(step.name, step.parent) for step in steps] == [("n0", None), ("n1", None)]
    assert [token.step for token in story.of(Token)] == [step.step for step in steps]


async def test_sync_nodes_in_threads_stream_too() -> None:
    story = await told_of(line(says_in_thread(chat("a", "b", last())), says(chat("c", last()))), EMPTY)
    assert [token.text for token in story.of(Token)] == ["a", "b", "c"]
    assert [step.name for step in story.of(StepStart)] == ["n0", "n1"]


async def test_nodes_side_by_side_are_told_apart_by_their_steps() -> None:
    models = [chat(f"{n}x", f"{n}y", last()) for n in range(4)]
    nodes = [says(models[0]), says_in_thread(models[1]), says(models[2]), says_in_thread(models[3])]
    story = await told_of(fan(*nodes), EMPTY)
    names = {step.step: step.name for step in story.of(StepStart)}
    by_node: dict[str, str] = {}
    for token in story.of(Token):
        name = names[token.step or ""]
        by_node[name] = by_node.get(name, "") + token.text
    assert by_node == {f"n{n}": f"{n}x{n}y" for n in range(4)}


async def test_the_nodes_of_a_subgraph_are_steps_in_its_node() -> None:
    story = await told_of(line(line(says(chat("a", last()))), says(chat("b", last()))), EMPTY)
    first, inner, second = story.of(StepStart)
    assert (first.name, first.parent) == ("n0", None)
    assert (inner.name, inner.parent) == ("n0", first.step)
    assert (second.name, second.parent) == ("n1", None)
    assert story.of(Token)[0].step == inner.step


async def test_a_graph_called_inside_a_node_is_in_its_step() -> None:
    inside = line(says(chat("a", last())))

    async def node(state: State) -> dict[str, Any]:
        return dict(await inside.ainvoke(EMPTY))

    outer, inner = (await told_of(line(node), EMPTY)).of(StepStart)
    assert inner.parent == outer.step


async def test_routing_functions_are_no_steps() -> None:
    def route(state: State) -> str:
        return "n1" if len(state["said"]) < 3 else END

    graph = StateGraph(State)
    graph.add_node("n1", says(chat("a", last())))
    graph.add_conditional_edges(START, route)
    graph.add_conditional_edges("n1", route)
    story = await told_of(graph.compile(), EMPTY)
    assert [step.name for step in story.of(StepStart)] == ["n1", "n1", "n1"]


async def test_what_has_a_name_and_is_called_in_a_node_is_a_step_in_it() -> None:
    model = chat("a", last())
    named = RunnableLambda(lambda text: text, name="look") | model

    async def node(state: State) -> dict[str, Any]:
        answer = await named.with_config(run_name="ask").ainvoke("hi")
        return {"said": [answer.text]}

    def route(state: State) -> str:
        return END

    graph = StateGraph(State)
    graph.add_node("n0", node)
    graph.add_edge(START, "n0")
    graph.add_conditional_edges("n0", route)
    story = await told_of(graph.compile(), EMPTY)
    names = {step.step: step.name for step in story.of(StepStart)}
    assert [(step.name, names.get(step.parent or "")) for step in story.of(StepStart)] == [
        ("n0", None),
        ("ask", "n0"),
        ("look", "ask"),
    ]
    assert names[story.one(Token).step or ""] == "ask"


async def test_a_node_that_is_a_chain_is_one_step() -> None:
    node = (lambda state: "hi") | chat("a", last()) | (lambda message: {"said": [message.text]})
    story = await told_of(line(node), EMPTY)
    assert [step.name for step in story.of(StepStart)] == ["n0"]
    assert story.one(Token).step == story.one(StepStart).step


async def test_a_node_that_fails_ends_its_step_and_the_iteration() -> None:
    def fail(state: State) -> State:
        raise RuntimeError("no")

    story = await told_of(line(says(chat("a", last())), fail), EMPTY)
    assert [event.name for event in story.of(StepEnd)] == ["n0", "n1"]
    assert isinstance(story.error, RuntimeError)


async def test_custom_events_of_nodes_are_told_from_loop_and_thread() -> None:
    async def on_loop(state: State) -> State:
        await adispatch_custom_event("loop", {"n": 1})
        return {"said": []}

    def in_thread(state: State) -> State:
        dispatch_custom_event("thread", {"n": 2})
        return {"said": []}

    story = await told_of(line(on_loop, in_thread), EMPTY)
    assert [(event.name, event.data_) for event in story.of(Custom)] == [
        ("loop", {"n": 1}),
        ("thread", {"n": 2}),
    ]


async def test_without_the_server_a_graph_that_waits_says_for_what_and_ends_the_iteration() -> None:
    def ask(state: State) -> dict[str, Any]:
        return {"said": [interrupt({"question": "ready?"})]}

    graph = line(ask).copy(update={"checkpointer": InMemorySaver()})
    handler = AsyncIteratorCallbackHandler()
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "t"}}
    task = asyncio.create_task(graph.ainvoke({"said": []}, config))
    with fail_after(10):
        events = [event async for event in handler.events()]
    (asked,) = (await task)["__interrupt__"]
    assert [type(event) for event in events] == [StepStart, StepEnd, Approval]
    assert events[-1] == Approval(
        t=events[-1].t, interrupt_id=asked.id, value={"question": "ready?"}, requests=[]
    )
