"""A chain that answers with all that it was told, for tests of conversations."""

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableLambda
from typing_extensions import TypedDict


class Conversation(TypedDict):
    messages: list[BaseMessage]


def _recall(given: Conversation) -> AIMessage:
    """The messages as `role: text`, with bars between."""
    return AIMessage(" | ".join(f"{message.type}: {message.text}" for message in given["messages"]))


recalling = RunnableLambda(_recall).with_types(input_type=Conversation)
