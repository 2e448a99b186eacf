"""Graphs that ask people: LangChain's middleware in both modes, `interrupt()` in tools, nodes, subgraphs."""

import operator
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from tests.graphs.scripted import ScriptedModel

SENT: list[str] = []  # what tools have done: the ledger


@tool
def send_email(to: str, body: str) -> str:
    """Send an email."""
    SENT.append(f"{to}: {body}")
    return f"sent to {to}"


@tool
async def book(hotel: str) -> str:
    """Book a hotel, after asking."""
    answer = interrupt(f"Book {hotel}?")
    if answer is not True:
        return f"not booked: {answer}"
    SENT.append(hotel)
    return f"booked {hotel}"


@tool
def look_up(word: str) -> str:
    """Needs nobody."""
    SENT.append(word)
    return f"found {word}"


EMAIL = ("send_email", '{"to": "ann", "body": "hi"}')
SECOND = ("send_email", '{"to": "bob", "body": "ho"}')
DONE = dict.fromkeys(range(3, 12), "All done.")

mailer = create_agent(
    ScriptedModel(script={1: [EMAIL]} | DONE),
    [send_email],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={"send_email": True})],
)
strict_mailer = create_agent(
    ScriptedModel(script={1: [EMAIL]} | DONE),
    [send_email],
    middleware=[
        HumanInTheLoopMiddleware(
            interrupt_on={"send_email": {"allowed_decisions": ["approve", "reject"]}},
        )
    ],
)
two_mails = create_agent(
    ScriptedModel(script={1: [EMAIL, SECOND, ("look_up", '{"word": "hut"}')]} | DONE),
    [send_email, look_up],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={"send_email": True})],
)
per_call = create_agent(
    ScriptedModel(script={1: [EMAIL, SECOND, ("look_up", '{"word": "hut"}')]} | DONE),
    [send_email, look_up],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={"send_email": True}, interrupt_mode="per_call")],
)
booker = create_agent(ScriptedModel(script={1: [("book", '{"hotel": "Ritz"}')]} | DONE), [book])
two_bookings = create_agent(
    ScriptedModel(
        script={
            1: [("book", '{"hotel": "Ritz"}'), ("book", '{"hotel": "Savoy"}'), ("look_up", '{"word": "hut"}')]
        }
        | DONE
    ),
    [book, look_up],
)


class Answers(TypedDict):
    question: str
    answers: Annotated[list[Any], operator.add]


def ask(state: Answers) -> dict[str, Any]:
    return {"answers": [interrupt({"question": state["question"]})]}


def ask_again(state: Answers) -> dict[str, Any]:
    return {"answers": [interrupt("and you?")]}


def conclude(state: Answers) -> dict[str, Any]:
    return {"answers": ["over"]}


inner = StateGraph(Answers).add_node("ask", ask).add_edge(START, "ask").compile()
asking = (
    StateGraph(Answers)
    .add_node("ask", ask)
    .add_node("conclude", conclude)
    .add_edge(START, "ask")
    .add_edge("ask", "conclude")
    .add_edge("conclude", END)
    .compile()
)
asking_two = (
    StateGraph(Answers)
    .add_node("nested", inner)
    .add_node("ask_again", ask_again)
    .add_edge(START, "nested")
    .add_edge(START, "ask_again")
    .compile()
)
stopping = (
    StateGraph(Answers)
    .add_node("conclude", conclude)
    .add_edge(START, "conclude")
    .compile(interrupt_before=["conclude"])
)


def form(state: Answers) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    return {"answers": [interrupt("How old?", response_schema=schema)]}


asking_form = StateGraph(Answers).add_node("form", form).add_edge(START, "form").compile()
unlent = StateGraph(Answers).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=False)
buried = asking | (lambda state: state)


def inbox(state: Answers) -> dict[str, Any]:
    asked = {
        "action_request": {"action": "delete", "args": {"path": "a.txt"}},
        "config": {"allow_accept": True, "allow_edit": True, "allow_ignore": True, "allow_respond": False},
        "description": "Delete it?",
    }
    return {"answers": [interrupt([asked])[0]]}


inboxed = StateGraph(Answers).add_node("inbox", inbox).add_edge(START, "inbox").compile()


@tool
async def delegate(task: str) -> str:
    """Let another agent do it."""
    answer = await mailer.ainvoke({"messages": [HumanMessage(task)]})
    return str(answer["messages"][-1].text)


class Kind(BaseModel):
    """What it is."""

    to: str


async def classify(state: MessagesState) -> dict[str, Any]:
    model = ScriptedModel(script={1: [("Kind", '{"to": "poet"}')]})
    kind = await model.with_structured_output(Kind).ainvoke(state["messages"])
    return {"messages": [AIMessage(kind.to if isinstance(kind, Kind) else "")]}


classifying = StateGraph(MessagesState).add_node("classify", classify).add_edge(START, "classify").compile()
delegating = create_agent(ScriptedModel(script={1: [("delegate", '{"task": "mail"}')]} | DONE), [delegate])
remembering_mailer = create_agent(
    ScriptedModel(script={1: [EMAIL]} | DONE),
    [send_email],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={"send_email": True})],
    checkpointer=InMemorySaver(),
)
