"""An agent that asks a person before it announces anything.

CHAINS=./examples/approving.py:announcer make run
python examples/typed_client.py --chain announcer 'Announce "We ship on Friday"'
"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.tools import tool


@tool
def announce(text: str) -> str:
    """Announce a text to everybody."""
    return f"Everybody has read: {text}"  # as if: an example writes to nobody


def announcer(model: BaseChatModel) -> Runnable[Any, Any]:
    """Announces what it is told to, once a person has approved or edited it."""
    return create_agent(model, tools=[announce], middleware=[HumanInTheLoopMiddleware({"announce": True})])
