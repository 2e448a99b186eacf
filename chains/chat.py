"""Talk with the model: each answer streams, and as much of the conversation as it can hold is its context."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable

from ._window import trimming

EXAMPLES: list[str] = [
    "Tell me a story about a brave knight",
    "Give me five ideas for a rainy Sunday",
    "What can you do?",
]

SYSTEM = "You are a helpful assistant."


def build(model: BaseChatModel) -> Runnable[Any, Any]:
    """Takes `{"messages": [...]}`, gives the answer as a message."""
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), MessagesPlaceholder("messages")])
    return prompt | trimming(model) | model
