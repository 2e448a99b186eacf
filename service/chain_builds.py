"""One chain's builds: a runnable for each model that it is asked to run on, and what it holds open.

`build` may be a plain function, a coroutine function, or an async context manager. A context is entered and
left by one task of its own, since what it holds (an MCP session, say) may be bound to a task.
"""

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

import orjson
from langchain_core.runnables import Runnable
from langgraph.graph import StateGraph

BUILDS_KEPT = 16

AnyRunnable = Runnable[Any, Any]
Build = Callable[[], Any]


class BuildKey(NamedTuple):
    """What a build depends on; parts that a chain's `build` does not take are left empty."""

    model: str | None = None
    params: bytes = b"{}"
    configurable: bytes = b"{}"
    fallbacks: tuple[str, ...] | None = None  # of the model; None for the service's

    @classmethod
    def of(
        cls,
        model: str | None,
        params: Mapping[str, Any],
        configurable: Mapping[str, Any],
        fallbacks: Sequence[str] | None = None,
    ) -> Self:
        own = None if fallbacks is None else tuple(fallbacks)
        return cls(model, _canonical(params), _canonical(configurable), own)


def _canonical(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(value), option=orjson.OPT_SORT_KEYS)


class Takes(NamedTuple):
    """The names of the parameters of a `build` that get a model and a RunnableConfig, if it has them."""

    model: str | None = None
    config: str | None = None


def takes_of(target: Any) -> Takes:
    """LangGraph's factories take `config`; the first other parameter without a default is ours, the model."""
    if isinstance(target, Runnable):
        return Takes()
    parameters = inspect.signature(target).parameters.values()
    configs = [each.name for each in parameters if each.name == "config" or _is_config(each.annotation)]
    others = [each for each in parameters if each.name not in configs and each.kind in _BY_NAME]
    models = [each.name for each in others if each.name == "model" or each.default is each.empty]
    return Takes(next(iter(models), None), next(iter(configs), None))


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _is_config(annotation: Any) -> bool:
    return "RunnableConfig" in (
        annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    )


class NotRunnable(TypeError):
    """`build` returned something that LangChain cannot run."""


class _Building:
    """One build, held by a task until it is closed; `users` are the runs that use it now."""

    def __init__(self, build: Build) -> None:
        self.users = 0
        self._leave = asyncio.Event()
        self._ready: asyncio.Future[AnyRunnable] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(build))

    async def runnable(self) -> AnyRunnable:
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        self._leave.set()
        await asyncio.wait({self._task})

    async def _hold(self, build: Build) -> None:
        try:
            async with _built(build) as runnable:
                self._ready.set_result(runnable)
                await self._leave.wait()
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)


@asynccontextmanager
async def _built(build: Build) -> AsyncIterator[AnyRunnable]:
    result = build()
    if inspect.isawaitable(result):
        result = await result
    if hasattr(result, "__aenter__") and not isinstance(result, Runnable):
        async with result as entered:
            yield _checked(entered)
    else:
        yield _checked(result)


def _checked(result: Any) -> AnyRunnable:
    if isinstance(result, StateGraph):
        return result.compile()
    if isinstance(result, Runnable):
        return result
    raise NotRunnable(f"gave a {type(result).__name__}, not a Runnable")


class ChainBuilds:
    """`build(key)` makes the build of a key; the least recently used that no run uses are closed."""

    def __init__(self, build: Callable[[BuildKey], Any]) -> None:
        self._build = build
        self._builds: OrderedDict[BuildKey, _Building] = OrderedDict()

    @asynccontextmanager
    async def lease(self, key: BuildKey) -> AsyncIterator[AnyRunnable]:
        """The runnable, for as long as it is used. A build that fails raises what `build` raised."""
        building = self._builds.get(key)
        if building is None:
            building = self._builds[key] = _Building(lambda: self._build(key))
        self._builds.move_to_end(key)
        building.users += 1
        try:
            yield await self._ready(key, building)
        finally:
            building.users -= 1
            await self._close_unused()

    async def close(self) -> None:
        for building in self._builds.values():
            await building.close()
        self._builds.clear()

    async def _ready(self, key: BuildKey, building: _Building) -> AnyRunnable:
        try:
            return await building.runnable()
        except Exception:
            if self._builds.get(key) is building:
                del self._builds[key]  # the next run tries anew
            raise

    async def _close_unused(self) -> None:
        unused = [key for key, building in self._builds.items() if not building.users]
        for key in unused[: max(0, len(self._builds) - BUILDS_KEPT)]:
            await self._builds.pop(key).close()
