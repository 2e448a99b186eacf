"""Where chains come from: each file in chains/, and what CHAINS names. What does not load stops the start."""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from langchain_core.runnables import Runnable

from .errors import StartError

SHIPPED = "chains"


@dataclass(frozen=True, slots=True)
class ChainSource:
    """Where a chain comes from: `target` is a runnable or a `build`, `module` has its description."""

    name: str
    where: str
    module: ModuleType
    target: Any


def shipped_chains() -> list[ChainSource]:
    package = importlib.import_module(SHIPPED)
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [_shipped_source(name) for name in names if not name.startswith("_")]


def _shipped_source(name: str) -> ChainSource:
    where = f"{SHIPPED}/{name}.py"
    module = _import(f"{SHIPPED}.{name}", name, where)
    if not callable(getattr(module, "build", None)):
        raise StartError("chain_broken", f"The chain {name!r} ({where}) has no function build(model).")
    return ChainSource(name, where, module, module.build)


def named_chain(text: str) -> ChainSource:
    """`module:name` or `alias=module:name`."""
    alias, _, path = text.rpartition("=")
    module_name, colon, attribute = path.partition(":")
    if not (module_name and colon and attribute):
        raise StartError("bad_chains", f"CHAINS has {text!r}; it takes module:name or alias=module:name.")
    name = alias or (attribute if attribute != "build" else module_name.rpartition(".")[2])
    module = _import(module_name, name, path)
    target = getattr(module, attribute, None)
    if target is None:
        raise StartError("chain_broken", f"The chain {name!r} ({path}) does not load: no such name there.")
    if not isinstance(target, Runnable) and not callable(target):
        raise StartError("chain_broken", f"The chain {name!r} ({path}) is neither a Runnable nor a function.")
    return ChainSource(name, path, module, target)


def _import(module: str, name: str, where: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise does_not_load(name, where, error) from error


def does_not_load(name: str, where: str, error: Exception) -> StartError:
    reason = f"{type(error).__name__}: {error}"
    return StartError("chain_broken", f"The chain {name!r} ({where}) does not load: {reason}")
