"""Graphs as people have them, each with one thing that others break on."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import typing_extensions
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import MemorySaver
from langgraph.config import get_config, get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode, ToolRuntime
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import BaseModel

from tests.graphs.scripted import ScriptedModel

ANSWER_STEPS = ["poet", "clerk", "writer", "model", "speak"]


# --- a router: what it writes is not the answer ------------------------------------------------------


class Route(BaseModel):
    """Where to."""

    to: Literal["poet", "clerk"]


chooser = ScriptedModel(script={1: [("Route", '{"to": "poet"}')]})
talker = ScriptedModel(script={1: "to the poet"})
poet = ScriptedModel(script={1: "Roses are red"})


async def route(state: MessagesState) -> Command[Literal["poet", "clerk"]]:
    await talker.ainvoke(state["messages"])
    chosen = await chooser.with_structured_output(Route).ainvoke(state["messages"])
    assert isinstance(chosen, Route)
    return Command(goto=chosen.to)


async def write_poem(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await poet.ainvoke(state["messages"])]}


router = (
    StateGraph(MessagesState)
    .add_node("route", route)
    .add_node("poet", write_poem)
    .add_node("clerk", write_poem)
    .add_edge(START, "route")
    .compile()
)


# --- graphs in graphs --------------------------------------------------------------------------------


async def draft(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await ScriptedModel(script={1: "A draft"}).ainvoke(state["messages"])]}


async def polish(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await ScriptedModel(script={2: "A text"}).ainvoke(state["messages"])]}


desk = (
    StateGraph(MessagesState)
    .add_node("draft", draft)
    .add_node("writer", polish)
    .add_edge(START, "draft")
    .add_edge("draft", "writer")
    .compile()
)
house = StateGraph(MessagesState).add_node("desk", desk).add_edge(START, "desk").compile()


# --- a supervisor that hands over by tools -----------------------------------------------------------


@tool
def to_mathematician() -> Command[Any]:
    """Hand over to the mathematician."""
    return Command(goto="mathematician", graph=Command.PARENT)


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


boss = create_agent(ScriptedModel(script={1: [("to_mathematician", "{}")]}), [to_mathematician], name="boss")
mathematician = create_agent(
    ScriptedModel(script={1: [("add", '{"a": 2, "b": 3}')], 3: "It is 5"}), [add], name="mathematician"
)
supervisor = (
    StateGraph(MessagesState)
    .add_node("boss", boss, destinations=("mathematician",))
    .add_node("mathematician", mathematician)
    .add_edge(START, "boss")
    .compile()
)


# --- a memory of its own -----------------------------------------------------------------------------

remembering_model = ScriptedModel(script={1: "one", 2: "one", 3: "two", 4: "two", 5: "three"})


async def remember(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await remembering_model.ainvoke(state["messages"])]}


remembering = (
    StateGraph(MessagesState)
    .add_node("speak", remember)
    .add_edge(START, "speak")
    .compile(checkpointer=MemorySaver())
)


# --- stream writers and output deltas ----------------------------------------------------------------


@tool
def survey(topic: str) -> str:
    """Tells how far it is, from its thread, and returns at once."""
    writer = get_stream_writer()
    writer({"done": 1, "total": 2})
    writer("nearly")
    return f"surveyed {topic}"


@tool
async def dictate(text: str, runtime: ToolRuntime) -> str:
    """Gives its output piece by piece."""
    for word in text.split():
        runtime.emit_output_delta(word)
    runtime.stream_writer({"words": 2})
    return text


def announce(state: MessagesState) -> dict[str, Any]:
    get_stream_writer()("beginning")
    return {}


calls = AIMessage(
    "",
    tool_calls=[
        {"name": "survey", "args": {"topic": "bees"}, "id": "call_s"},
    ],
)
dictation = AIMessage("", tool_calls=[{"name": "dictate", "args": {"text": "dear sir"}, "id": "call_d"}])


def call_survey(state: MessagesState) -> dict[str, Any]:
    return {"messages": [calls]}


def call_dictate(state: MessagesState) -> dict[str, Any]:
    return {"messages": [dictation]}


writing = (
    StateGraph(MessagesState)
    .add_node("announce", announce)
    .add_node("call_survey", call_survey)
    .add_node("surveying", ToolNode([survey]))
    .add_node("call_dictate", call_dictate)
    .add_node("dictating", ToolNode([dictate]))
    .add_edge(START, "announce")
    .add_edge("announce", "call_survey")
    .add_edge("call_survey", "surveying")
    .add_edge("surveying", "call_dictate")
    .add_edge("call_dictate", "dictating")
    .compile()
)
within = writing | (lambda state: "in a sequence")


# --- tools that a node runs by hand -------------------------------------------------------------------

adding = ScriptedModel(
    script={1: [("add", '{"a": 1, "b": 2}'), ("add", '{"a": 3, "b": 4}')], 4: "three and seven"}
)


async def think(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await adding.ainvoke(state["messages"])]}


def run_by_hand(state: MessagesState) -> dict[str, Any]:
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    return {
        "messages": [
            ToolMessage(str(add.invoke(call["args"])), tool_call_id=call["id"]) for call in last.tool_calls
        ]
    }


by_hand = (
    StateGraph(MessagesState)
    .add_node("think", think)
    .add_node("run_by_hand", run_by_hand)
    .add_edge(START, "think")
    .add_conditional_edges("think", lambda s: "run_by_hand" if s["messages"][-1].tool_calls else END)
    .add_edge("run_by_hand", "think")
    .compile()
)


# --- what tools return -------------------------------------------------------------------------------


@dataclass
class Point:
    x: int
    y: float


class Frame:
    """Like a data frame: neither JSON nor anything that can be compared."""

    def __repr__(self) -> str:
        return "   a  b\n0  1  2"

    def __bool__(self) -> bool:
        raise ValueError("the truth value of a Frame is ambiguous")

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of a Frame is ambiguous")

    __hash__ = None  # type: ignore[assignment]  # as a data frame's


ODD: dict[str, Any] = {
    "bytes": b"\x00\xff",
    "set": {3},
    "dataclass": Point(1, 2.5),
    "frame": Frame(),
    "nan": float("nan"),
    "huge": 2**70,
    "long": "x" * 5_000_000,
}


@tool
def odd(kind: str) -> Any:
    """Returns a value of this kind."""
    return ODD[kind]


class Kept(typing_extensions.TypedDict):
    kind: str
    kept: Any


async def use_odd(state: Kept) -> dict[str, Any]:
    await odd.ainvoke({"kind": state["kind"]})
    return {"kept": ODD[state["kind"]]}


odd_tool = StateGraph(Kept).add_node("use", use_odd).add_edge(START, "use").compile()


# --- no model, and an agent in a tool ----------------------------------------------------------------


class Count(TypedDict):
    number: int


def double(state: Count) -> Count:
    return {"number": state["number"] * 2}


doubling = StateGraph(Count).add_node("double", double).add_edge(START, "double").compile()

expert = create_agent(
    ScriptedModel(script={1: [("add", '{"a": 1, "b": 1}')], 3: "Two, I think"}), [add], name="expert"
)


@tool
async def consult(question: str) -> str:
    """Ask the expert."""
    answer = await expert.ainvoke({"messages": [HumanMessage(question)]})
    return str(answer["messages"][-1].text)


consulting = create_agent(
    ScriptedModel(script={1: [("consult", '{"question": "1+1?"}')], 3: "The expert says two"}), [consult]
)


# --- factories ---------------------------------------------------------------------------------------

HELD: list[str] = []


@asynccontextmanager
async def held(model: BaseChatModel) -> AsyncIterator[Runnable[Any, Any]]:
    """An agent that holds something open while the service runs."""
    HELD.append("open")
    yield create_agent(model, [add])
    HELD.append("closed")


def configured(config: RunnableConfig) -> Runnable[Any, Any]:
    """As LangGraph's server has it: a graph that depends on its config."""
    word = config.get("configurable", {}).get("word", "nothing")

    def say(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"made for {word}")]}

    return StateGraph(MessagesState).add_node("say", say).add_edge(START, "say").compile()


@dataclass
class Who:
    name: str


class Plain(TypedDict):
    name: str


def greet_plainly(state: MessagesState, runtime: Runtime[Plain]) -> dict[str, Any]:
    return {"messages": [AIMessage(f"hello {runtime.context['name']}")]}


plain_greeting = (
    StateGraph(MessagesState, context_schema=Plain)
    .add_node("greet", greet_plainly)
    .add_edge(START, "greet")
    .compile()
)


class Greeting(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def greet(state: Greeting, runtime: Runtime[Who]) -> dict[str, Any]:
    tone = get_config()["configurable"].get("tone", "plain")
    return {"messages": [AIMessage(f"{tone} hello to {runtime.context.name}")]}


greeting = (
    StateGraph(Greeting, context_schema=Who).add_node("greet", greet).add_edge(START, "greet").compile()
)


def again(state: Count) -> Count:
    return {"number": state["number"] + 1}


endless = (
    StateGraph(Count)
    .add_node("again", again)
    .add_edge(START, "again")
    .add_conditional_edges("again", lambda state: END if state["number"] > 20 else "again")
    .compile()
)


# --- what blocks the event loop -----------------------------------------------------------------------


@tool
async def hasty(word: str) -> str:
    """An async tool that waits as if it were in a thread."""
    time.sleep(0.3)  # noqa: ASYNC251 - the block is what is looked for
    return word


@tool
def patient(word: str) -> str:
    """Waits in its thread, as it should."""
    time.sleep(0.3)
    return word


blocking = create_agent(ScriptedModel(script={1: [("hasty", '{"word": "x"}')], 3: "done"}), [hasty])
waiting = create_agent(ScriptedModel(script={1: [("patient", '{"word": "x"}')], 3: "done"}), [patient])
