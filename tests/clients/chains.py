"""Chains for the contract tests: all kinds of events, two calls at once, questions, and a door-opener."""

from collections.abc import AsyncIterator
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.served_chains import GATES


class PiecewiseModel(BaseChatModel):
    """Thinks, then writes two calls at once, piece by piece, then answers with what the tools said."""

    @property
    def _llm_type(self) -> str:
        return "piecewise"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        outputs = [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        if outputs:
            for word in ("They said: ", " and ".join(sorted(outputs))):
                yield _chunk(word)
        else:
            for thought in ("Two things ", "at once."):
                yield _chunk("", additional_kwargs={"reasoning_content": thought})
            yield _chunk("Let me see. ")
            yield _chunk("", tool_call_chunks=[_call("add", 0)])
            for pieces in zip(('{"a"', ": 2, ", '"b": 3}'), ('{"wo', 'rd": "h', 'ut"}'), strict=True):
                for index, piece in enumerate(pieces):
                    name = "refuse" if index and piece == '{"wo' else None
                    yield _chunk("", tool_call_chunks=[_call(name, index, piece)])
        usage = {"input_tokens": 3, "output_tokens": 7, "total_tokens": 10}
        about = {"finish_reason": "stop" if outputs else "tool_calls", "model_name": "piecewise-1"}
        yield _chunk("", chunk_position="last", response_metadata=about, usage_metadata=usage)


def _call(name: str | None, index: int, args: str = "") -> dict[str, Any]:
    call_id = f"call_{index}" if name else None
    return {"name": name, "args": args, "id": call_id, "index": index, "type": "tool_call_chunk"}


def _chunk(text: str, **fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text, **fields))


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    await adispatch_custom_event("progress", {"done": 1})
    return a + b


@tool
async def refuse(word: str) -> str:
    """Fails."""
    raise ValueError(f"no {word} here")


@wrap_tool_call
async def forgiving(request: Any, handler: Any) -> Any:
    """What a tool fails with is told to the model."""
    try:
        return await handler(request)
    except ValueError as error:
        return ToolMessage(str(error), tool_call_id=request.tool_call["id"], status="error")


piecewise = create_agent(PiecewiseModel(), [add, refuse], middleware=[forgiving])


class Shelf(BaseRetriever):
    """Two documents, one of them on the web."""

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return [
            Document("On the web.", id="d1", metadata={"title": "One", "source": "https://example.com/one"}),
            Document("On paper.", id="d2", metadata={"title": "Two", "source": "/shelf/two.txt"}),
        ]


async def _research(text: str) -> str:
    found = await Shelf().ainvoke(text)
    await adispatch_custom_event("noted", {"count": len(found)})
    return f"Read {len(found)}."


researching = RunnableLambda(_research)


def _confirm(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(f"You said {interrupt('Which colour?')}.")]}


confirming = (
    StateGraph(MessagesState)
    .add_node("confirm", _confirm)
    .add_edge(START, "confirm")
    .add_edge("confirm", END)
    .compile()
)


def _show(given: dict[str, Any]) -> str:
    """The messages as LangChain got them: type, content, and what belongs to calls."""
    return repr([_shown(message) for message in given["messages"]])


def _shown(message: BaseMessage) -> tuple[Any, ...]:
    calls = [(call["name"], call["args"], call["id"]) for call in getattr(message, "tool_calls", [])]
    answers = (message.tool_call_id, message.status) if isinstance(message, ToolMessage) else ()
    return (message.type, message.content, *calls, *answers)


def _told(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(_show({"messages": state["messages"]}))]}


showing = StateGraph(MessagesState).add_node("show", _told).add_edge(START, "show").compile()


def _open(name: str) -> str:
    GATES[name].open()
    return name


opener = RunnableLambda(_open)

CHAINS = tuple(
    f"tests.clients.chains:{name}" for name in ("piecewise", "researching", "confirming", "showing", "opener")
) + tuple(f"tests.graphs.approving:{name}" for name in ("two_mails", "booker", "strict_mailer"))
