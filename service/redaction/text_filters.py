"""FILTERS: functions of the operator's that see the text before anybody does, and change or block it."""

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..chain_modules import import_file, origin_of
from ..errors import StartError
from .custom_patterns import SECONDS, checked_pattern
from .rule import Blocked, Rule, RuleSet

FORMS = "module:name or ./file.py:name"

# A sentence or a line, with the blanks before it; the hold-back's bound ends one that is longer.
SENTENCE = r"(?:[^.!?…\n]|[.!?…]++(?!\s))++(?:[.!?…]++|\n)?+|[.!?…]++|\n"
_NOTHING = ""  # of what follows belongs to what was given to a filter


class FilterFailed(Exception):
    """A filter raised an exception, or returned neither a text nor a Block."""


@dataclass(frozen=True, slots=True)
class TextFilter:
    """`everywhere`: for all that models write, and not for the answer alone."""

    rules: RuleSet
    everywhere: bool


def load_filters(named: Sequence[str]) -> list[TextFilter]:
    """As they are named. Raises StartError. Imports users' modules, which may take long."""
    return [_loaded(text) for text in named]


def _loaded(text: str) -> TextFilter:
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise StartError("bad_filters", f"{text!r} names no filter; FILTERS takes {FORMS}.")
    module = _module(text, place)
    function = getattr(module, name, None)
    if not callable(function):
        there = "is no function" if hasattr(module, name) else "is not there"
        raise StartError("bad_filters", f"The filter {text!r} does not load: {name} {there}.")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        message = f"The filter {text!r} does not load: {name} is no plain function; it must return a text."
        raise StartError("bad_filters", message)
    try:
        return filter_of(function, name)
    except ValueError as error:
        raise StartError("bad_filters", f"The filter {text!r} does not load: its pattern {error}.") from error


def filter_of(function: Callable[[str], Any], name: str) -> TextFilter:
    """Called with each match of its `pattern`, else with each sentence or line. Raises ValueError for a bad
    pattern."""
    pattern = getattr(function, "pattern", None)
    if not isinstance(pattern, str | None):  # of a compiled one `str` is no pattern, and would match nothing
        raise ValueError(f"is no text, but {type(pattern).__name__}")
    rule = Rule(
        name=name,
        pattern=SENTENCE if pattern is None else checked_pattern(pattern),
        replace=lambda text: _result(function, name, text),
        tail=_NOTHING,
    )
    everywhere = bool(getattr(function, "everywhere", False))
    return TextFilter(RuleSet((rule,), None if pattern is None else SECONDS), everywhere)


def _result(function: Callable[[str], Any], name: str, text: str) -> str:
    try:
        result = function(text)
    except (Exception, SystemExit) as error:  # which would stop the service, with every other run
        raise FilterFailed(f"the filter {name} raised {type(error).__name__}") from error
    if isinstance(result, str):
        return result
    # By its form: the class may come from another copy of this package than the one that runs.
    if isinstance(message := getattr(result, "message", None), str):
        blanks = text[: len(text) - len(text.lstrip())]  # that part it from what was shown before
        raise Blocked(message, blanks)
    raise FilterFailed(f"the filter {name} returned {type(result).__name__}, neither a text nor a Block")


def _module(text: str, place: str) -> ModuleType:
    path = Path(place)
    try:
        if path.suffix != ".py":
            return importlib.import_module(place)
        if path.is_file():
            return import_file(path)
    except (Exception, SystemExit) as error:
        said = str(error).strip()
        reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
        message = f"The filter {text!r} does not load: {reason}{origin_of(error)}"
        raise StartError("bad_filters", message) from error
    raise StartError("bad_filters", f"The filter {text!r} does not load: there is no file {path}.")
