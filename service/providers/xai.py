"""xAI, which speaks OpenAI's protocol; its LangChain class keeps the reasoning."""

from langchain_xai import ChatXAI

from .checked import Checked
from .openai import carrying, options
from .order import Order

__all__ = ["build", "carrying"]


class XAIModel(Checked, ChatXAI):
    """ChatXAI, checked."""


def build(order: Order) -> XAIModel:
    given = options(order)
    address = given.pop("base_url")
    return XAIModel(**given, **({"base_url": address} if address else {}))
