"""A conversation as input, for chains that read of it what the person said last."""

from typing import Annotated, Any

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import AfterValidator
from typing_extensions import TypedDict


def last_text(messages: list[BaseMessage]) -> str:
    """What the person said last; empty if nothing."""
    return next((str(each.text) for each in reversed(messages) if isinstance(each, HumanMessage)), "")


def _checked(messages: list[Any]) -> list[Any]:
    if not last_text(messages).strip():
        raise ValueError("the last message of the user is empty; it must have text")
    return messages


class Conversation(TypedDict):
    """Messages, the last of the user's with text."""

    messages: Annotated[list[Any], AfterValidator(_checked)]
