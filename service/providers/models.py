"""`Models`: which model a run gets, by name, each built once for its parameters."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any
from uuid import UUID

from langchain_core.language_models import BaseChatModel

from ..errors import InvalidRequest, RequestError, RunFailed, StartError
from ..offline import OfflineChatModel
from .attempts import Attempts, Candidate
from .breaker import Breakers, BreakerState
from .fallback import FallbackModel
from .fast_models import fast
from .optioned import Optioned, with_options
from .order import HttpClients, Order, Timeouts
from .params import SCORES, check_params
from .table import PROVIDERS, Provider

OFFLINE = "offline"
OFFLINE_MODEL = f"{OFFLINE}:demo"
BUILT_IN = "the built-in one: needs no key and no server"
MODELS_KEPT = 64

BUILT_WITH = frozenset({"temperature", "max_tokens"})  # what clients send most; all others are of each call

OFFLINE_REFUSES = SCORES | {"presence_penalty", "frequency_penalty", "logit_bias", "reasoning_effort"}


class OfflineModel(Optioned, OfflineChatModel):
    """The built-in one, which takes OpenAI's parameters by their names."""


class Models:
    """Builds models and keeps the most recently used: a real one's parts cost milliseconds.

    `environment` has the keys and addresses, by the variables that the table names. `model` is the default;
    without it, it is that of the first provider with a key. `offline` leaves the built-in model alone.
    `fallbacks` are asked where another one fails, but for the built-in one, in their order and as the
    breakers say.
    """

    def __init__(
        self,
        *,
        offline_tokens_per_second: float,
        model: str = "",
        offline: bool = False,
        environment: Mapping[str, str] = MappingProxyType({}),
        timeouts: Timeouts | None = None,
        retries: int = 2,
        fallbacks: Sequence[str] = (),
        breakers: Breakers | None = None,
    ) -> None:
        self._tokens_per_second = offline_tokens_per_second
        self._environment = {} if offline else environment
        self._offline = offline
        self._retries = retries
        self._http = HttpClients(timeouts or Timeouts())
        self._built: OrderedDict[object, BaseChatModel] = OrderedDict()
        self.configured = [each for each in PROVIDERS.values() if each.usable_by(self._environment)]
        self.default, self.why = self._choose(model)
        self._fallbacks = () if offline else tuple(fallbacks)
        self._breakers = breakers or Breakers()
        self._attempts = Attempts()
        for name in self._fallbacks:
            self._start_with("FALLBACK_MODELS", name)

    def _choose(self, model: str) -> tuple[str, str]:
        if self._offline:
            return OFFLINE_MODEL, f"OFFLINE=1: {BUILT_IN}"
        if model:
            self._start_with("MODEL", model)
            return model, "MODEL"
        if self.configured:
            first = self.configured[0]
            return first.default, first.usable_by(self._environment)
        return OFFLINE_MODEL, BUILT_IN

    def _start_with(self, setting: str, model: str) -> None:
        provider = PROVIDERS.get(model.partition(":")[0])
        if provider is not None and provider.key is None and provider not in self.configured:
            self.configured.append(provider)  # it has an address by default
        try:
            self.check(model, {})
        except RequestError as error:
            raise StartError(error.code, f"{setting}={model}: {error.message}") from None

    def names(self) -> list[str]:
        """What a client may choose from, the default first; other models of these providers do as well."""
        # At an address of one's own there is what MODEL says, perhaps not the provider's default.
        own = {each for each in self.configured if self.default.startswith(f"{each.name}:")}
        others = [
            each.default for each in self.configured if each not in own or not self._environment.get(each.url)
        ]
        return list(dict.fromkeys([self.default, *others, OFFLINE_MODEL]))

    def named(self, model: str | None, provider: str | None) -> str | None:
        """The name of the model that a client asks for by two fields; None for the default."""
        if provider is None:
            return model
        if provider == OFFLINE:
            return OFFLINE_MODEL if model is None else _joined(provider, model)
        if provider not in PROVIDERS:
            known = ", ".join([*(each.name for each in self.configured), OFFLINE])
            message = f"There is no provider {provider!r} here; there is {known}."
            raise InvalidRequest("unknown_provider", message)
        usable = self._usable(provider, model or provider)
        return _joined(provider, model or usable.default_model)

    def check(self, name: str, params: Mapping[str, Any]) -> None:
        """Raises InvalidRequest where `get` has no such model or it does not take these parameters."""
        if name != OFFLINE_MODEL:
            provider, _, model = name.partition(":")
            if provider not in PROVIDERS or not model.strip():
                raise InvalidRequest("unknown_model", self._unknown(name))
            self._usable(provider, name)
            refused = PROVIDERS[provider].refuses
        else:
            refused = OFFLINE_REFUSES
        check_params(name, params, refused)

    def _usable(self, provider: str, name: str) -> Provider:
        found = PROVIDERS[provider]
        if found in self.configured:
            return found
        if self._offline:
            raise InvalidRequest("unknown_model", self._unknown(name))
        message = f"The provider {provider!r} cannot be used here: {found.key or found.url} is not set."
        raise InvalidRequest("missing_key", message)

    def _unknown(self, name: str) -> str:
        more = "".join(f", '{each.name}:…'" for each in self.configured)
        return f"There is no model {name!r} here; there is {OFFLINE_MODEL!r}{more}."

    def get(
        self, name: str, params: Mapping[str, Any], fallbacks: Sequence[str] | None = None
    ) -> BaseChatModel:
        """The model, built at the first call; `fallbacks` None are the usual ones. Raises as `check`."""
        self.check(name, params)
        names = (name, *(self._fallbacks if fallbacks is None else fallbacks))
        built = self._kept(names, {key: params[key] for key in sorted(params) if key in BUILT_WITH})
        of_calls = {key: value for key, value in params.items() if key not in BUILT_WITH}
        if not of_calls:
            return built
        if isinstance(of_calls.get("stop"), str):
            of_calls["stop"] = [of_calls["stop"]]
        if isinstance(built, FallbackModel):
            return built.carrying(lambda each, model: self._carrying(each, model, of_calls))
        return self._carrying(name, built, of_calls) or built

    def _carrying(self, name: str, model: BaseChatModel, options: Mapping[str, Any]) -> BaseChatModel | None:
        """The model, whose every call carries these; None where its provider has nothing for one of them."""
        try:
            self.check(name, options)
        except InvalidRequest:
            return None
        if isinstance(model, OfflineModel):
            return with_options(model, options)
        return PROVIDERS[name.partition(":")[0]].carrying(model, options)

    def _kept(self, names: tuple[str, ...], params: Mapping[str, Any]) -> BaseChatModel:
        key = (names, *params.items())
        if key not in self._built:
            self._built[key] = self._build(names, params)
        self._built.move_to_end(key)
        while len(self._built) > MODELS_KEPT:
            self._built.popitem(last=False)
        return self._built[key]

    def second_chance(self, run_id: UUID, failure: RunFailed) -> bool:
        """End the model call with this LangChain run id, if another model is left; returns whether one is."""
        return self._attempts.end(run_id, failure)

    @property
    def breaker_states(self) -> dict[str, BreakerState]:
        """By provider, of those that were asked while there are fallbacks."""
        return self._breakers.states

    def _build(self, names: Sequence[str], params: Mapping[str, Any]) -> BaseChatModel:
        first, *others = dict.fromkeys(names)
        if first == OFFLINE_MODEL or not others:
            return self._build_one(first, params)
        models = [Candidate(each, self._build_one(each, params)) for each in (first, *others)]
        return FallbackModel.of(models, self._attempts, self._breakers)

    def _build_one(self, name: str, params: Mapping[str, Any]) -> BaseChatModel:
        if name == OFFLINE_MODEL:
            return OfflineModel(tokens_per_second=self._tokens_per_second, **params)
        provider, _, model = name.partition(":")
        row = PROVIDERS[provider]
        order = Order(
            model=model,
            key=self._environment.get(row.key or "") or None,
            base_url=self._environment.get(row.url) or None,
            retries=self._retries,
            http=self._http,
            params=params,
        )
        return fast(row.build(order))

    async def close(self) -> None:
        """Close the connections to providers."""
        self._built.clear()
        await self._http.close()


def _joined(provider: str, model: str) -> str:
    return model if model.startswith(f"{provider}:") else f"{provider}:{model}"


@asynccontextmanager
async def open_models(models: Models) -> AsyncIterator[Models]:
    """Import what the providers that can be used need, before any run waits for it; close them at the end."""
    for provider in models.configured:
        await asyncio.to_thread(provider.load)
    try:
        yield models
    finally:
        await models.close()
