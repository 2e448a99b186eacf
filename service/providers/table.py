"""The providers, in the order in which one is chosen: the variable of the key, that of the address, a model.

Each is built by the module of its name beside this one, which is imported only where it can be used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel

from .order import Order
from .params import SCORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """`key` and `url` are names of environment variables; where it is `keyless`, an address is enough.

    `refuses` names the parameters that it has nothing for, or its LangChain class has not.
    """

    name: str
    default_model: str
    key: str | None
    url: str
    keyless: bool = False
    refuses: frozenset[str] = frozenset()

    @property
    def default(self) -> str:
        return f"{self.name}:{self.default_model}"

    def usable_by(self, environment: Mapping[str, str]) -> str:
        """The variable by which it can be used, or an empty string."""
        if self.key and environment.get(self.key):
            return self.key
        return self.url if self.keyless and environment.get(self.url) else ""

    def load(self) -> None:
        """Import its packages, which takes up to half a second."""
        import_module(f".{self.name}", __package__)

    def build(self, order: Order) -> BaseChatModel:
        """The model; makes no call over the network."""
        model: BaseChatModel = import_module(f".{self.name}", __package__).build(order)
        return model

    def carrying(self, model: BaseChatModel, params: Mapping[str, Any]) -> BaseChatModel:
        """A copy of a model that it built, whose calls carry parameters by OpenAI's names."""
        copy: BaseChatModel = import_module(f".{self.name}", __package__).carrying(model, params)
        return copy


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(name="groq", key="GROQ_API_KEY", url="GROQ_BASE_URL", default_model="llama-3.1-8b-instant"),
        Provider(
            name="openai",
            key="OPENAI_API_KEY",
            url="OPENAI_BASE_URL",
            keyless=True,
            default_model="gpt-5.4-mini",
        ),
        Provider(
            name="anthropic",
            key="ANTHROPIC_API_KEY",
            url="ANTHROPIC_BASE_URL",
            default_model="claude-haiku-4-5",
            refuses=SCORES
            | frozenset(
                {
                    *("seed", "presence_penalty", "frequency_penalty", "logit_bias"),
                    "response_format.json_object",
                }
            ),
        ),
        Provider(name="xai", key="XAI_API_KEY", url="XAI_BASE_URL", default_model="grok-4.3"),
        Provider(
            name="ollama",
            key=None,
            url="OLLAMA_HOST",
            keyless=True,
            default_model="llama3.2",
            refuses=SCORES
            | frozenset(
                {"presence_penalty", "frequency_penalty", "logit_bias", "parallel_tool_calls", "tool_choice"}
            ),
        ),
    )
}

VARIABLES = tuple(name for provider in PROVIDERS.values() for name in (provider.key, provider.url) if name)
