"""xAI, which speaks OpenAI's protocol; its LangChain class keeps the reasoning."""

from collections.abc import Mapping
from typing import Any

from langchain_xai import ChatXAI

from .checked import Checked
from .openai import options, options_past_langchain
from .optioned import Optioned, with_options
from .order import Order


class XAIModel(Checked, ChatXAI):
    """ChatXAI, checked."""


def carrying(model: Optioned, params: Mapping[str, Any]) -> Optioned:
    """As OpenAI's; LangChain would drop a `stop` that a model does not take, and nobody would be told."""
    return with_options(model, options_past_langchain(params, "response_format", "stop"))


def build(order: Order) -> XAIModel:
    given = options(order)
    address = given.pop("base_url")
    return XAIModel(**given, **({"base_url": address} if address else {}))
