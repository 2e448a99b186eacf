"""Chains for what tests/served_chains.py has none for: text before a tool call, inner text, sources."""

from collections.abc import AsyncIterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from tests.served_chains import NumberedModel, broken, gated, gated_in_thread

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

SHOWN = tuple(f"tests.page.shown_chains:{name}" for name in ("talking_agent", "thinking", "searching"))
