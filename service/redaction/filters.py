"""All filters of a service, and those of one run: of the service, of its chain and of its caller's key."""

import re
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from ..errors import InvalidRequest, StartError
from .aside import FilteredAside
from .custom_patterns import SECONDS, parse_custom_patterns
from .filtered import Filtered
from .rule import Rule, RuleSet
from .rules import RULES, rules_named
from .text_filters import TextFilter

SETS_KEPT = 64
THREADS = 4  # for texts that are looked at aside, of all runs
LONGEST = 256  # characters of the names that a key has

Names = frozenset[str]


class Filters:
    """`named` is on for all runs, and so are the rules that `patterns` makes. Raises StartError. To be closed
    once no run is filtered any more."""

    def __init__(
        self, named: Sequence[str] = (), patterns: str = "", functions: Sequence[TextFilter] = ()
    ) -> None:
        self._custom = parse_custom_patterns(patterns, RULES)
        self._functions = functions
        self._on: Names = frozenset((*named, *self._custom))
        self._set_of = lru_cache(SETS_KEPT)(self._make_set)
        self.check(named, "REDACT")
        self._set_of(self._on)  # its patterns take a while to compile: not when the first run begins
        self._threads = ThreadPoolExecutor(THREADS, "filters")

    def close(self) -> None:
        """What still is in a thread ends there by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all rules that there are."""
        return (*RULES, *self._custom)

    def check(self, named: Iterable[str], where: str) -> None:
        """Raises StartError for a rule that there is not."""
        if unknown := self._unknown(named):
            message = f"{where}: there is no rule {unknown!r}; there are {', '.join(self.names)}."
            raise StartError("unknown_rule", message)

    def checked(self, named: str) -> str:
        """The rules of a key, with commas. Raises InvalidRequest."""
        names = split_names(named)
        if unknown := self._unknown(names):
            message = f"There is no rule {unknown!r}: take of {', '.join(self.names)}."
            raise InvalidRequest("unknown_rule", message)
        told = ",".join(dict.fromkeys(names))
        if len(told) > LONGEST:
            raise InvalidRequest("unknown_rule", f"A key's rules are at most {LONGEST} characters.")
        return told

    def of_run(self, *more: Collection[str]) -> FilteredAside | None:
        """Those of the service, and `more` rules; None where nothing is on. Rules that there are no more are
        left out."""
        names = self._on.union(*more)
        if not names and not self._functions:
            return None
        rules = [each.of_run() for each in self._set_of(names)]
        functions = [(function, function.rules.of_run()) for function in self._functions]
        filtered = Filtered(
            answer=[*(each for _, each in functions), *rules],
            written=[*(each for function, each in functions if function.everywhere), *rules],
            rules=rules,
        )
        return FilteredAside(filtered, self._threads)

    def _unknown(self, named: Iterable[str]) -> str | None:
        return next((name for name in named if name not in self.names), None)

    def _make_set(self, names: Names) -> list[RuleSet]:
        custom = [rule for name, rule in self._custom.items() if name in names]
        rules: list[Rule] = [*custom, *rules_named(names)]
        return [RuleSet(tuple(rules), SECONDS if custom else None)] if rules else []


def split_names(text: str) -> tuple[str, ...]:
    """Of names with commas."""
    return tuple(name for name in re.split(r"[\s,]+", text) if name)
