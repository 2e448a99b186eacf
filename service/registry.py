"""The chains by name, built and kept while the service runs, and the model that a run of each gets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from langchain_core.runnables import Runnable

from . import bare_chain
from .chain import Chain
from .chain_builds import BuildKey, ChainBuilds, Takes, takes_of
from .chain_sources import ChainSource, does_not_load, find_chains
from .checkpoints import Saver, memory_checkpoints
from .errors import InvalidRequest, NotFound, RefusedParam, StartError
from .events import BARE_CHAIN
from .providers import OF_A_MODEL_ALONE, Models

FIRST_SHIPPED = "chat"


class Registry:
    """The chains by name, in the order in which they are offered."""

    def __init__(self, chains: Sequence[Chain], models: Models, first: str, bare: Chain) -> None:
        self.chains = {chain.name: chain for chain in chains}
        self.bare = bare  # a model alone; found by its name, and not offered
        self.opened_at = int(time.time())
        self.first = first  # the chain of a request that names none
        self._models = models

    @property
    def models(self) -> list[str]:
        """Those that a request can choose, the default first."""
        return self._models.names()

    @property
    def why_default(self) -> str:
        """Why the first of them is the default."""
        return self._models.why

    def get(self, name: str | None) -> Chain:
        """The chain of this name, or the first; raises NotFound."""
        if name == self.bare.name:
            return self.bare
        if chain := self.chains.get(name or self.first):
            return chain
        raise NotFound("unknown_chain", f"There is no chain {name!r}; there are {', '.join(self.chains)}.")

    def model_named(self, model: str | None, provider: str | None) -> str | None:
        """What `model_for` takes, from a model and a provider that are named apart. Raises InvalidRequest."""
        return self._models.named(model, provider)

    def check_model(self, name: str) -> None:
        """Raises InvalidRequest where no run can have this model now."""
        self._models.check(name, {})

    def model_for(self, chain: Chain, model: str | None, params: Mapping[str, Any]) -> str | None:
        """The model that a run of `chain` gets; None where the chain has its own. Raises InvalidRequest."""
        if not chain.takes_model:
            if model is None and not params:
                return None
            message = f"The chain {chain.name!r} has its own model: leave out `model` and `params`."
            raise InvalidRequest("model_fixed", message)
        if chain is not self.bare and (refused := OF_A_MODEL_ALONE & params.keys()):
            named = min(refused)
            message = (
                f"{named!r} goes with a model alone, and not with the chain {chain.name!r}: leave it out."
            )
            raise RefusedParam(named, message)
        chosen = model or self._models.default
        self._models.check(chosen, params)
        return chosen


@asynccontextmanager
async def open_registry(
    named: Sequence[str], models: Models, shipped: bool = True
) -> AsyncIterator[Registry]:
    """Builds every chain on the default model. Raises StartError for the first that does not load."""
    checkpoints = memory_checkpoints()
    async with AsyncExitStack() as stack:
        chains: dict[str, Chain] = {}
        for source in await asyncio.to_thread(find_chains, named, shipped):
            if source.name in chains:
                message = f"Two chains are called {source.name!r}; name yours otherwise: alias={source.where}"
                raise StartError("chain_name_taken", message)
            chains[source.name] = await _open_chain(source, models, checkpoints, stack)
        if not chains:
            message = "There is no chain to serve: name one, as in serve ./agent.py:graph, or in CHAINS."
            raise StartError("no_chain", message)
        first = FIRST_SHIPPED if shipped and FIRST_SHIPPED in chains else next(iter(chains))
        source = ChainSource(BARE_CHAIN, __name__, bare_chain, bare_chain.build)
        bare = await _open_chain(source, models, checkpoints, stack)
        yield Registry(list(chains.values()), models, first, bare)


async def _open_chain(
    source: ChainSource, models: Models, checkpoints: Saver, stack: AsyncExitStack
) -> Chain:
    try:
        takes = takes_of(source.target)
        builds = ChainBuilds(_builder(source.target, takes, models))
        stack.push_async_callback(builds.close)
        key = BuildKey(models.default if takes.model else None)
        async with builds.lease(key) as runnable:
            return Chain(source, runnable, builds, takes, checkpoints)
    except StartError:
        raise
    except Exception as error:
        raise does_not_load(source.name, source.where, error) from error


def _builder(target: Any, takes: Takes, models: Models) -> Callable[[BuildKey], Any]:
    if isinstance(target, Runnable):
        return lambda key: target

    def build(key: BuildKey) -> Any:
        given: dict[str, Any] = {}
        if takes.model:
            model, params = key.model or models.default, orjson.loads(key.params)
            given[takes.model] = models.get(model, params, key.fallbacks)
        if takes.config:
            given[takes.config] = {"configurable": orjson.loads(key.configurable)}
        return target(**given)

    return build
