"""A rule: what is looked for in a text, and what is shown in its place; and several of them as one set."""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

from .patterns import Pattern, compiled

NEVER = "(?!)"  # matches nowhere
ANYWHERE = r"[\s\S]"
WORD = r"\S*+"
TIME_OUTS = 8  # looks of one run that may take too long; then it is looked for no more

Replace = Callable[[str], str]
Check = Callable[[str], int]


class Blocked(Exception):
    """A filter returned a Block with this message. `shown` is what goes before it."""

    def __init__(self, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Looks:
    """A pattern in two forms: `whole` matches as it does, and `open`, partially, only what more text could
    decide."""

    whole: Pattern
    open: Pattern

    @classmethod
    def of(cls, pattern: str) -> "Looks":
        return cls(compiled(pattern), compiled(f"(?:{pattern}){NEVER}"))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`check` says how many characters of a match are one, 0 for none. `replace` gives what is shown, and may
    raise Blocked.

    A match that is still open after so many characters as are held is replaced, and so is what follows as far
    as `tail` matches, which must match the empty text. `begins`, a cheap pattern of `re` without groups,
    matches a character or more at each place where a match begins, or may yet, since the text ends there. A
    rule that has one is looked for nowhere else, and takes time in proportion to the text. Where it
    `is_exact`, the beginning is all of the match, unless it reaches the text's end: just there more may come.
    Nothing else is looked at.
    """

    name: str
    pattern: str
    replace: Replace
    check: Check | None = None
    tail: str = WORD
    begins: str | None = None
    is_exact: bool = False

    @cached_property
    def looks(self) -> Looks:
        return Looks.of(self.pattern)

    @cached_property
    def beginning(self) -> "re.Pattern[str]":
        return re.compile(ANYWHERE if self.begins is None else self.begins)

    @cached_property
    def swallowing(self) -> Looks:
        return Looks.of(self.tail)

    def is_open(self, text: str, at: int, begun: "re.Match[str]", seconds: float | None) -> bool:
        """Whether more text could decide what matches there, or how far. `begun` is its beginning."""
        if self.is_exact:
            return begun.end() == len(text)
        return self.looks.open.match(text, at, partial=True, timeout=seconds) is not None

    def size_at(self, text: str, at: int, begun: "re.Match[str]", seconds: float | None) -> int:
        """Of what matches there, in characters, and 0 for nothing: the text ends, or is decided there."""
        if self.is_exact and begun.end() < len(text):
            found = begun[0]
        else:
            match = self.looks.whole.match(text, at, timeout=seconds)
            found = match[0] if match else ""
        return self.check(found) if found and self.check else len(found)


@dataclass(frozen=True)
class RuleSet:
    """Of several rules that match at one place the first counts; `seconds` bounds each look for patterns that
    may begin anywhere. Each run has a copy: `time_outs` are those of its texts."""

    rules: Sequence[Rule]
    seconds: float | None = None
    time_outs: list[None] = field(default_factory=list, init=False, compare=False)
    anywhere: tuple[Rule, ...] = field(init=False)
    _beginning: "re.Pattern[str]" = field(init=False)
    _places: tuple[int, ...] = field(init=False)  # among all rules, of those in `_beginning`

    def __post_init__(self) -> None:
        begins = {place: rule.begins for place, rule in enumerate(self.rules) if rule.begins is not None}
        joined = "|".join(f"(?:{each})()" for each in begins.values()) or NEVER
        object.__setattr__(self, "anywhere", tuple(rule for rule in self.rules if rule.begins is None))
        object.__setattr__(self, "_beginning", re.compile(joined))
        object.__setattr__(self, "_places", tuple(begins))
        for rule in self.rules:  # now, and not in the middle of a text
            _ = rule.beginning, rule.looks, rule.swallowing

    def of_run(self) -> "RuleSet":
        """The same for one run, of which nothing has taken too long yet."""
        mine = copy(self)
        object.__setattr__(mine, "time_outs", [])
        return mine

    @property
    def is_spent(self) -> bool:
        """So much of the run took too long that no more of it is looked at, nor shown."""
        return len(self.time_outs) >= TIME_OUTS

    def next_beginning(self, text: str, at: int) -> tuple[int, int, "re.Match[str] | None"]:
        """The first place from `at` on where a rule with a beginning may match, or the text's end; the place
        of that rule among the rules, of which none before it that has one can; and its beginning."""
        found = self._beginning.search(text, at)
        if found is None or found.lastindex is None:
            return len(text), 0, None
        return found.start(), self._places[found.lastindex - 1], found
