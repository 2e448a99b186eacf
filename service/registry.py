"""The chains by name: what each says of itself, its builds, and the model that a run of it gets."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from .chain_builds import AnyRunnable, ChainBuilds
from .chain_input import chain_input
from .chain_sources import ChainSource, does_not_load, named_chain, shipped_chains
from .errors import InvalidRequest, NotFound, StartError
from .providers import DEFAULT_MODEL, Models

FIRST = "chat"  # the chain of a request that names none, where there is one of this name


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """A tool that a chain has."""

    name: str
    description: str
    input_schema: Any


class Chain:
    """A chain as it is offered: what it says of itself, and how to run it."""

    def __init__(
        self, source: ChainSource, runnable: AnyRunnable, builds: ChainBuilds, takes_model: bool
    ) -> None:
        self.name = source.name
        self.description = inspect.cleandoc(source.module.__doc__ or "")
        self.examples: list[str] = [str(example) for example in getattr(source.module, "EXAMPLES", ())]
        self.takes_model = takes_model
        self.input_schema: Mapping[str, Any] = runnable.get_input_jsonschema()
        self.tools = _tools_of(runnable)
        self._builds = builds

    def prepare(self, given: Any, system: str | None) -> Any:
        """The input as the chain takes it; raises RequestErrors."""
        return chain_input(given, system, self.input_schema)

    async def invoke(self, model: str, params: Mapping[str, Any], prepared: Any, callbacks: list[Any]) -> Any:
        """Run it on a model that `Registry.check_model` passed."""
        key = (model, tuple(sorted(params.items()))) if self.takes_model else None
        async with self._builds.lease(key) as runnable:
            return await runnable.ainvoke(prepared, config={"callbacks": callbacks, "run_name": self.name})


class Registry:
    """The chains by name, in the order in which they are offered."""

    def __init__(self, chains: Sequence[Chain], models: Models) -> None:
        self.chains = {chain.name: chain for chain in chains}
        self._models = models

    @property
    def first(self) -> str:
        return FIRST if FIRST in self.chains else next(iter(self.chains))

    def get(self, name: str | None) -> Chain:
        """The chain of this name, or the first; raises NotFound."""
        if chain := self.chains.get(name or self.first):
            return chain
        raise NotFound("unknown_chain", f"There is no chain {name!r}; there are {', '.join(self.chains)}.")

    def model_for(self, chain: Chain, model: str | None, params: Mapping[str, Any]) -> str | None:
        """The model that a run of `chain` gets; None where the chain has its own. Raises InvalidRequest."""
        if not chain.takes_model:
            if model is None and not params:
                return None
            message = f"The chain {chain.name!r} has its own model: leave out `model` and `params`."
            raise InvalidRequest("model_fixed", message)
        self._models.check(model or DEFAULT_MODEL, params)
        return model or DEFAULT_MODEL


@asynccontextmanager
async def open_registry(named: Sequence[str], models: Models) -> AsyncIterator[Registry]:
    """Builds every chain on the default model. Raises StartError for the first that does not load."""
    async with AsyncExitStack() as stack:
        chains: dict[str, Chain] = {}
        for source in [*shipped_chains(), *map(named_chain, named)]:
            if source.name in chains:
                message = f"Two chains are called {source.name!r}; name yours otherwise: alias={source.where}"
                raise StartError("chain_name_taken", message)
            chains[source.name] = await _open_chain(source, models, stack)
        if not chains:
            raise StartError("no_chain", "There is no chain: put one into chains/, or name one in CHAINS.")
        yield Registry(list(chains.values()), models)


async def _open_chain(source: ChainSource, models: Models, stack: AsyncExitStack) -> Chain:
    takes_model = _takes_model(source.target)
    builds = ChainBuilds(_builder(source.target, takes_model, models))
    stack.push_async_callback(builds.close)
    key = (DEFAULT_MODEL, ()) if takes_model else None
    try:
        async with builds.lease(key) as runnable:
            return Chain(source, runnable, builds, takes_model)
    except Exception as error:
        raise does_not_load(source.name, source.where, error) from error


def _builder(target: Any, takes_model: bool, models: Models) -> Callable[[Any], Any]:
    if isinstance(target, Runnable):
        return lambda key: target
    if takes_model:
        return lambda key: target(models.get(key[0], dict(key[1])))
    return lambda key: target()


def _takes_model(target: Any) -> bool:
    return not isinstance(target, Runnable) and bool(inspect.signature(target).parameters)


def _tools_of(runnable: AnyRunnable) -> list[ToolInfo]:
    nodes = getattr(runnable, "nodes", None)
    if not isinstance(nodes, Mapping):
        return []
    found: dict[str, BaseTool] = {}
    for node in nodes.values():
        found |= getattr(getattr(node, "bound", None), "tools_by_name", {})
    return [ToolInfo(tool.name, tool.description, _schema_of(tool)) for tool in found.values()]


def _schema_of(tool: BaseTool) -> Any:
    schema = tool.tool_call_schema
    return schema if isinstance(schema, dict) else tool.get_input_jsonschema()
