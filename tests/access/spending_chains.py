"""Chains that call a model twice: at the same time, and before and after a person is asked."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableParallel

from tests.history.restarting import agree


def both(model: BaseChatModel) -> Runnable[Any, Any]:
    """Asks twice at once."""
    return RunnableParallel(first=model, second=model)


def asking(model: BaseChatModel) -> Runnable[Any, Any]:
    """Asks a person in its tool."""
    return create_agent(model, [agree])
