"""Where chains come from: those that ship, and those that are named. What does not load stops the start."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.graph import StateGraph

from .chain_modules import import_file, origin_of
from .chain_targets import Target, not_a_target, parse_target
from .errors import StartError
from .langgraph_json import prepare, read_langgraph_json
from .shipped import CHAINS

USUAL_NAMES = ("graph", "agent", "chain")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChainSource:
    """Where a chain comes from: `target` is a runnable or a `build`; `module` has its description, unless a
    langgraph.json gives one."""

    name: str
    where: str
    module: ModuleType
    target: Any
    description: str | None = None


def find_chains(named: Sequence[str], shipped: bool) -> list[ChainSource]:
    """The shipped chains, if wanted, then the named ones as they are named. Raises StartError.

    Imports users' modules, which may take long, and may run an event loop: call it in a thread.
    """
    found = list(_shipped_sources()) if shipped else []
    for text in named:
        target = parse_target(text)
        found += _sources_of_json(target) if target.is_langgraph_json else [_source(target)]
    return found


def does_not_load(name: str, where: str, error: BaseException) -> StartError:
    """The sentence of a chain's failure, with the line of the user's file that it came from."""
    said = (error.msg if isinstance(error, SyntaxError) else str(error)).strip()
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    message = f"The chain {name!r} ({where}) does not load: {reason}{origin_of(error)}"
    return StartError("chain_broken", message)


def _shipped_sources() -> Iterator[ChainSource]:
    package = importlib.import_module(CHAINS)
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if not name.startswith("_"):
            yield _shipped_source(name)


def _shipped_source(name: str) -> ChainSource:
    where = f"{CHAINS.replace('.', '/')}/{name}.py"
    module = _loaded(name, where, lambda: importlib.import_module(f"{CHAINS}.{name}"))
    return ChainSource(name, where, module, _target_in(module, name, where))


def _target_in(module: ModuleType, name: str, where: str) -> Any:
    """A file's `build`; without one its only Runnable or graph, or the one with a usual name."""
    if callable(build := getattr(module, "build", None)):
        return build
    chains = {each: value for each, value in vars(module).items() if _is_chain(value) and each[:1] != "_"}
    usual = [chains[each] for each in USUAL_NAMES if each in chains]
    if not usual and len(chains) != 1:
        there = f"several chains ({', '.join(chains)})" if chains else "no Runnable"
        message = f"The chain {name!r} ({where}) has no build(model), and {there}: name one {USUAL_NAMES[0]}."
        raise StartError("chain_broken", message)
    found = [*usual, *chains.values()][0]
    return _loaded(name, where, found.compile) if isinstance(found, StateGraph) else found


def _sources_of_json(target: Target) -> Iterator[ChainSource]:
    path = Path(target.place)
    content = read_langgraph_json(path)
    prepare(content, path)
    for name, graph in content.graphs.items():
        try:
            target = replace(parse_target(graph.path), alias=name)
            if target.is_langgraph_json:
                raise not_a_target(graph.path)
            yield replace(_source(target, path.parent), description=graph.description)
        except StartError as error:
            raise StartError(error.code, f"{path}, graph {name!r}: {error.message}") from error


def _source(target: Target, folder: Path = Path()) -> ChainSource:
    """`folder` is what a file's path is relative to."""
    name, where = target.name, target.text
    module = _module(target, folder)
    if not hasattr(module, target.attribute):
        raise _no_such_name(target, module)
    found = getattr(module, target.attribute)
    if isinstance(found, StateGraph):  # as LangGraph's own server does
        found = _loaded(name, where, found.compile)
    if not isinstance(found, Runnable) and not callable(found):
        raise StartError(
            "chain_broken", f"The chain {name!r} ({where}) is neither a Runnable nor a function."
        )
    return ChainSource(name, where, module, found)


def _module(target: Target, folder: Path) -> ModuleType:
    if not target.is_file:
        return _loaded(target.name, target.text, lambda: importlib.import_module(target.place))
    path = folder / target.place
    if not path.is_file():
        raise StartError("chain_broken", f"The chain {target.text!r} does not load: there is no file {path}.")
    return _loaded(target.name, target.text, lambda: import_file(path))


def _loaded(name: str, where: str, load: Callable[[], T]) -> T:
    """What `load` gives. A module of a user's may raise anything, and may leave by sys.exit."""
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise does_not_load(name, where, error) from error


def _no_such_name(target: Target, module: ModuleType) -> StartError:
    there = ", ".join(_names_of_chains(module)) or "no Runnable and no function"
    if target.attribute:
        problem = (
            f"The chain {target.name!r} ({target.text}) does not load: no such name there; it has {there}."
        )
    else:
        problem = f"{target.text} has {there}: say which, as in {target.text}:name."
    return StartError("chain_broken", problem)


def _names_of_chains(module: ModuleType) -> list[str]:
    """What a user may have meant: the Runnables, but for tools, and graphs; then the module's functions."""
    members = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    chains = [name for name, value in members.items() if _is_chain(value)]
    own = [name for name, value in members.items() if inspect.isfunction(value) and _is_of(value, module)]
    return [*chains, *own]


def _is_chain(value: object) -> bool:
    return isinstance(value, (Runnable, StateGraph)) and not isinstance(value, BaseTool)


def _is_of(function: Any, module: ModuleType) -> bool:
    return bool(function.__module__ == module.__name__)
