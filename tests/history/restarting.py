"""Graphs that wait, each with something that a new process must know again."""

import operator
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.graphs.approving import book
from tests.graphs.scripted import ScriptedModel
from tests.served_chains import NumberedModel, gate_of

RAN: list[str] = []  # what tools have done: the ledger


@tool
async def agree(prompt: str) -> str:
    """Asks first."""
    answer = interrupt("agreed?")
    RAN.append(prompt)
    return f"agreed: {answer}"


@tool
async def ask_twice(topic: str) -> str:
    """Asks again, whatever the answer."""
    return f"{interrupt(f'{topic}?')} {interrupt(f'{topic}, really?')}"


counted = create_agent(NumberedModel(), [agree])
doubting = create_agent(
    ScriptedModel(script={1: [("ask_twice", '{"topic": "bees"}')], 3: "All done."}), [ask_twice]
)


async def say(state: MessagesState) -> dict[str, Any]:
    return {
        "messages": [await ScriptedModel(script={1: "Before, ", 2: "and after."}).ainvoke(state["messages"])]
    }


def ask(state: MessagesState) -> dict[str, Any]:
    interrupt("go on?")
    return {}


speaking = (
    StateGraph(MessagesState)
    .add_node("say", say)
    .add_node("ask", ask)
    .add_node("say_on", say)
    .add_edge(START, "say")
    .add_edge("say", "ask")
    .add_edge("ask", "say_on")
    .compile()
)


@asynccontextmanager
async def remembering() -> AsyncIterator[Runnable[Any, Any]]:
    """Keeps its state itself, in the file REMEMBERED. Asks twice."""

    def ask_again(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"{interrupt('one?')} {interrupt('two?')}")]}

    async with AsyncSqliteSaver.from_conn_string(os.environ["REMEMBERED"]) as saver:
        graph = StateGraph(MessagesState).add_node("ask", ask_again).add_edge(START, "ask")
        yield graph.compile(checkpointer=saver)


class Bookings(TypedDict):
    names: Annotated[list[str], operator.add]


@tool
def note(text: str) -> str:
    """Needs nobody."""
    return f"noted {text}"


async def book_by_hand(state: Bookings) -> dict[str, Any]:
    """A tool that no model called has an id of ours."""
    return {"names": [await book.ainvoke({"hotel": "Ritz"})]}


async def note_by_hand(state: Bookings) -> dict[str, Any]:
    return {"names": [await note.ainvoke({"text": "x"})]}


by_hand = (
    StateGraph(Bookings)
    .add_node("note", note_by_hand)
    .add_node("book", book_by_hand)
    .add_node("note_again", note_by_hand)
    .add_edge(START, "note")
    .add_edge("note", "book")
    .add_edge("book", "note_again")
    .compile()
)


class Odd(TypedDict):
    made: Any
    text: str


def make(state: Odd) -> dict[str, Any]:
    return {"made": lambda: "nothing can keep this"}


def ask_with(state: Odd) -> dict[str, Any]:
    return {"text": f"{state['made']()} {interrupt('odd?')}"}


odd = (
    StateGraph(Odd)
    .add_node("make", make)
    .add_node("ask", ask_with)
    .add_edge(START, "make")
    .add_edge("make", "ask")
    .compile()
)
forgetful = (
    StateGraph(MessagesState)
    .add_node("ask", ask)
    .add_edge(START, "ask")
    .compile(checkpointer=InMemorySaver())
)


async def hold(state: MessagesState) -> dict[str, Any]:
    """Asks, and then waits at a gate."""
    interrupt("go on?")
    if gate := gate_of(str(state["messages"][0].content)):
        await gate.wait()
    return {"messages": [AIMessage("held")]}


async def hold_and_ask(state: MessagesState) -> dict[str, Any]:
    """Waits at a gate, and then asks."""
    if gate := gate_of(str(state["messages"][0].content)):
        await gate.wait()
    interrupt("go on?")
    return {"messages": [AIMessage("asked")]}


late = StateGraph(MessagesState).add_node("ask", hold_and_ask).add_edge(START, "ask").compile()
holding = StateGraph(MessagesState).add_node("hold", hold).add_edge(START, "hold").compile()
