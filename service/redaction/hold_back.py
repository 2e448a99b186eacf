"""One text as it comes, in pieces: each is released once no rule can match in it, whatever comes next.

A place is decided when no match of any rule that begins there reaches the text's end, complete or not: then
more text changes nothing. So what is released does not depend on where the pieces were cut. At most BOUND
characters are looked at and held; what is undecided there is replaced, and what belongs to it is swallowed.

Time is in proportion to the text, whatever it is: a rule that is decided at a place stays so, and is not
tried there again when more comes.
"""

import re
from typing import Final

from .rule import Blocked, Looks, Rule, RuleSet

BOUND: Final = 512  # characters
CONTEXT: Final = 64  # characters before a match that a pattern may look at
TIMED_OUT: Final = "[redacted]"


class HoldBack:
    """`feed` a text piece by piece, then `flush` it. Both raise Blocked where a rule does, once."""

    __slots__ = ("_at", "_open", "_over", "_rules", "_swallowing", "_text")

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._text = ""  # the end of what was decided, then, from `_at` on, what is held
        self._at = 0
        self._open: int | None = None  # the first rule that is not decided at `_at`
        self._swallowing: Rule | None = None
        self._over = False

    def feed(self, piece: str) -> str:
        """What is decided with this piece, as it is to be shown."""
        room = BOUND - len(self._text) + self._at
        if len(piece) <= room:
            return self._take(piece)
        released: list[str] = []
        at = 0
        while at < len(piece):
            room = max(1, BOUND - len(self._text) + self._at)
            try:
                released.append(self._take(piece[at : at + room]))
            except Blocked as blocked:
                blocked.shown = "".join(released) + blocked.shown
                raise
            at += room
        return "".join(released)

    def flush(self) -> str:
        """The rest: the text ends here, and nothing can come that would make a match of it."""
        return self._take("", ends=True)

    def _take(self, piece: str, *, ends: bool = False) -> str:
        if self._over:
            return ""
        self._text += piece
        if self._rules.is_spent and len(self._text) > self._at:
            self._over = True
            return TIMED_OUT
        try:
            return self._decide(ends)
        except TimeoutError:  # it may hold anything, and the next look would take as long
            self._rules.time_outs.append(None)
            self._over = True
            return TIMED_OUT

    def _decide(self, ends: bool) -> str:
        """What is decided of the text; it `ends` here, or may go on."""
        shown: list[str] = []
        try:
            at = self._decide_held(ends, shown) if self._open is not None or self._swallowing else self._at
            if at is None:  # and with it all that comes after
                return ""
            at = self._decide_rest(at, ends, shown)
        except Blocked as blocked:
            self._over = True
            blocked.shown = "".join(shown) + blocked.shown
            raise
        kept = max(0, at - CONTEXT)
        self._text, self._at = self._text[kept:], at - kept
        return "".join(shown)

    def _decide_held(self, ends: bool, shown: list[str]) -> int | None:
        """Where to go on after what was held, or is swallowed; None where more text is needed, as it was."""
        at: int | None = self._at
        if self._open is not None:
            at = self._decided(self._at, self._open, None, ends, shown)
        return None if at is None else self._swallowed(at, ends)

    def _decide_rest(self, at: int, ends: bool, shown: list[str]) -> int:
        """Where the text begins that is to be held."""
        text, rules, end = self._text, self._rules, len(self._text)
        places = _Places(rules, text, ends) if rules.anywhere else None
        while self._swallowing is None and at < end:
            start, first, begun = places.next(at) if places else rules.next_beginning(text, at)
            if start > at:
                shown.append(text[at:start])
                at = start
            if at == end or (decided := self._decided(at, first, begun, ends, shown)) is None:
                break
            at = self._swallowed(decided, ends)
        return at

    def _decided(
        self, start: int, first: int, begun: "re.Match[str] | None", ends: bool, shown: list[str]
    ) -> int | None:
        """Show what stands for the match at `start`, or its first character where there is none after all.
        Returns where to go on, None where more text is needed. Rules before the `first` match none there; of
        that one the beginning may be known."""
        text, seconds, rules = self._text, self._rules.seconds, self._rules.rules
        self._open = None
        for place in range(first, len(rules)):
            rule = rules[place]
            begun = begun or rule.beginning.match(text, start)
            if begun is None:
                continue
            if not ends and rule.is_open(text, start, begun, seconds):
                if len(text) - start < BOUND:
                    self._open = place
                    return None
                shown.append(rule.replace(text[start:]))
                self._swallowing = rule
                return len(text)
            if size := rule.size_at(text, start, begun, seconds):
                shown.append(rule.replace(text[start : start + size]))
                return start + size
            begun = None
        shown.append(text[start])
        return start + 1

    def _swallowed(self, at: int, ends: bool) -> int:
        """Where the match ends that was replaced at its bound, if there is one."""
        if self._swallowing is None:
            return at
        tail, seconds = self._swallowing.swallowing, self._rules.seconds
        found = tail.whole.match(self._text, at, timeout=seconds)
        is_open = not ends and tail.open.match(self._text, at, partial=True, timeout=seconds)
        if not is_open:
            self._swallowing = None
        return found.end() if found else at


class _Places:
    """Where rules match in a text, or may yet: those without a beginning are looked for once in it, however
    often it is asked for the next."""

    __slots__ = ("_ends", "_known", "_rules", "_text")

    def __init__(self, rules: RuleSet, text: str, ends: bool) -> None:
        self._rules = rules
        self._text = text
        self._ends = ends
        self._known = [-1] * len(rules.anywhere)

    def next(self, at: int) -> tuple[int, int, "re.Match[str] | None"]:
        """The first from `at` on, or the text's end; the first of the rules to try there; and its beginning,
        where that is known."""
        first, rule, begun = self._rules.next_beginning(self._text, at)
        for place, known in enumerate(self._known):
            if known < at:
                known = self._known[place] = self._look(self._rules.anywhere[place].looks, at)
            if known <= first:
                first, rule, begun = known, 0, None
        return first, rule, begun

    def _look(self, looks: Looks, at: int) -> int:
        text, seconds = self._text, self._rules.seconds
        found = looks.whole.search(text, at, partial=not self._ends, timeout=seconds)
        first = len(text) if found is None else found.start()
        if found is None or found.partial or self._ends:
            return first
        may_be = looks.open.search(text, at, partial=True, timeout=seconds)  # longer than one that matches
        return first if may_be is None else min(first, may_be.start())
