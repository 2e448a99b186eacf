"""Chains for what tests/served_chains.py has none for: text before a call, inner text, sources, approvals."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.page.markdown_texts import long_text
from tests.served_chains import NumberedModel, asked, broken, gated, gated_in_thread

INTRODUCTION = "Let me look. "
HOSTILE_URL = "javascript:window.pwned=1"


class TalkingModel(NumberedModel):
    """Says a sentence before it calls a tool."""

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        if not isinstance(messages[-1], ToolMessage):
            yield ChatGenerationChunk(message=AIMessageChunk(content=INTRODUCTION))
        async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
            yield chunk


class WritingModel(NumberedModel):
    """Writes Markdown of `words=N` words, a word or a mark at a time, `rate=N` a second or all at once."""

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        prompt = str(messages[-1].content)
        text = long_text(asked(prompt, "words", 200))
        rate = asked(prompt, "rate", 0)
        for number, piece in enumerate(re.findall(r"\s*\S+", text)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if number % 10 == 0:
                await asyncio.sleep(10 / rate if rate else 0)


class Shelf(BaseRetriever):
    """Finds the same two documents, whatever is asked."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(
                "The <b>first</b> page.", metadata={"title": "A book", "source": "https://example.com/"}
            ),
            Document("The second page.", metadata={"title": "A trap", "source": HOSTILE_URL}),
        ]


talking_agent = create_agent(TalkingModel(), [gated, gated_in_thread, broken])

_thinker = FakeListChatModel(responses=["a thought"]).with_config(tags=["inner"])


async def _think_first(text: str) -> Any:
    await _thinker.ainvoke(text)
    return await NumberedModel().ainvoke(text)


thinking = RunnableLambda(_think_first)


async def _search_first(text: str) -> str:
    found = await Shelf().ainvoke(text)
    return f"{len(found)} documents"


searching = RunnableLambda(_search_first)


@tool
def confirmed(prompt: str) -> str:
    """Asks by itself whether it should."""
    return f"answered {interrupt('Really?')!r}"


asking_agent = create_agent(
    TalkingModel(),
    [gated, confirmed],
    middleware=[HumanInTheLoopMiddleware(interrupt_on={"gated": True})],
)


def _ask(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(f"You said {interrupt({'asked': state['messages'][-1].content})!r}.")]}


asking_node = StateGraph(MessagesState).add_node("ask", _ask).add_edge(START, "ask").compile()


class RecallingModel(NumberedModel):
    """Answers with all that it was told, a message a line."""

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        told = "\n".join(f"{message.type}: {message.text}" for message in messages)
        yield ChatGenerationChunk(message=AIMessageChunk(content=told, chunk_position="last"))


recalling = RecallingModel()


def _recall(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(" | ".join(str(message.text) for message in state["messages"]))]}


remembering = (
    StateGraph(MessagesState)
    .add_node("recall", _recall)
    .add_edge(START, "recall")
    .compile(checkpointer=InMemorySaver())
)

writing = WritingModel()

_NAMES = (
    *("talking_agent", "thinking", "writing", "searching", "asking_agent", "asking_node", "recalling"),
    "remembering",
)
SHOWN = tuple(f"tests.page.shown_chains:{name}" for name in _NAMES)
