"""Chat models by name, `provider:model`, each built once for its parameters."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel

from .errors import InvalidRequest
from .offline import OfflineChatModel

DEFAULT_MODEL = "offline:demo"
WHY_DEFAULT = "the built-in one: needs no key and no server"
MODELS_KEPT = 64

_PARAMS = {"temperature": (int, float), "max_tokens": (int,)}


class Models:
    """Builds models and keeps the most recently used: a real one's clients cost milliseconds."""

    def __init__(self, *, offline_tokens_per_second: float) -> None:
        self._tokens_per_second = offline_tokens_per_second
        self._built: OrderedDict[object, BaseChatModel] = OrderedDict()

    def named(self, model: str | None, provider: str | None) -> str | None:
        """`provider:model` from its halves; a provider alone is its default model. Raises InvalidRequest."""
        if provider is None:
            return model
        if provider != "offline":
            raise InvalidRequest(
                "unknown_provider", f"There is no provider {provider!r}; there is 'offline'."
            )
        if model is None:
            return DEFAULT_MODEL
        return model if model.startswith(f"{provider}:") else f"{provider}:{model}"

    def check(self, name: str, params: Mapping[str, Any]) -> None:
        """Raises InvalidRequest where `get` has no such model or it does not take these parameters."""
        if name != DEFAULT_MODEL:
            raise InvalidRequest(
                "unknown_model", f"There is no model {name!r} here; there is {DEFAULT_MODEL!r}."
            )
        for param, value in params.items():
            types = _PARAMS.get(param)
            if types is None:
                known = ", ".join(_PARAMS)
                raise InvalidRequest(
                    "unknown_param", f"The model takes no {param!r} in params; it takes {known}."
                )
            if isinstance(value, bool) or not isinstance(value, types) or value < 0:
                raise InvalidRequest("bad_param", f"params.{param} must be a number from 0, not {value!r}.")

    def get(self, name: str, params: Mapping[str, Any]) -> BaseChatModel:
        """The model, built at the first call; raises as `check`."""
        self.check(name, params)
        key = (name, *sorted(params.items()))
        if key not in self._built:
            self._built[key] = OfflineChatModel(tokens_per_second=self._tokens_per_second, **params)
        self._built.move_to_end(key)
        while len(self._built) > MODELS_KEPT:
            self._built.popitem(last=False)
        return self._built[key]
