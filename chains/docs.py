"""Ask about Chainstream: answers from its own documents, with the passages that they are taken from."""

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableLambda

from ._conversation import Conversation, last_text
from ._handbook import Handbook, words_of
from ._window import room_of, trimmed

EXAMPLES: list[str] = [
    "How does a client resume a stream after the connection is cut?",
    "Which events does a tool call make?",
    "How do I serve my own LangGraph graph?",
]

SYSTEM = (
    "Answer the user's question about Chainstream from the passages of its documentation below, and from "
    "nothing else. After each statement, cite the passage that it is from by its number, as in [1]. Where "
    "the passages do not say it, say so.\n\n{passages}"
)
NOTHING_FOUND = "(No passage fits the question.)"
FEW_WORDS = 3  # a shorter question follows another, and is searched for together with it


def build(model: BaseChatModel) -> Runnable[Any, Any]:
    """Takes `{"messages": [...]}`, gives the answer as a message."""
    handbook, room = Handbook(), room_of(model)

    async def docs(given: Conversation) -> BaseMessage:
        messages = given["messages"]
        query = await asyncio.to_thread(_query, messages)  # the first one imports the search
        found = await handbook.ainvoke(query)
        system = SystemMessage(SYSTEM.format(passages=_numbered(found)))
        return await model.ainvoke(trimmed([system, *messages], room))

    return RunnableLambda(docs).with_types(input_type=Conversation)


def _query(messages: Sequence[BaseMessage]) -> str:
    question = last_text(list(messages))
    asked = [str(message.text) for message in messages if isinstance(message, HumanMessage)]
    return question if len(words_of(question)) >= FEW_WORDS else " ".join(asked[-2:])


def _numbered(found: Sequence[Document]) -> str:
    passages = (
        f"[{number}] {document.metadata['title']}\n{document.page_content}"
        for number, document in enumerate(found, 1)
    )
    return "\n\n".join(passages) or NOTHING_FOUND
