"""A rule: what is looked for in a text, and what is shown in its place; and several of them as one set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .patterns import Pattern, compiled

NEVER = "(?!)"  # matches nowhere
WORD = r"\S*+"

Replace = Callable[[str], str]
Check = Callable[[str], int]


class Blocked(Exception):
    """A filter returned a Block with this message. `shown` is what was before it in the text."""

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
    as `tail` matches, which must match the empty text. A `trusted` pattern takes time in proportion to the
    text, and has no groups or flags of its own, so that it can be joined with others.
    """

    name: str
    pattern: str
    replace: Replace
    check: Check | None = None
    tail: str = WORD
    trusted: bool = False

    @cached_property
    def looks(self) -> Looks:
        return Looks.of(self.pattern)

    @cached_property
    def swallowing(self) -> Looks:
        return Looks.of(self.tail)


@dataclass(frozen=True)
class RuleSet:
    """Of several rules that match at one place the first counts; `seconds` bounds each look for patterns that
    are not trusted."""

    rules: Sequence[Rule]
    seconds: float | None = None
    scouts: tuple[Looks, ...] = field(init=False)

    def __post_init__(self) -> None:
        joined = "|".join(f"(?:{rule.pattern})" for rule in self.rules if rule.trusted)
        patterns = [joined] if joined else []
        patterns += [rule.pattern for rule in self.rules if not rule.trusted]
        object.__setattr__(self, "scouts", tuple(map(Looks.of, patterns)))
