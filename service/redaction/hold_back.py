"""One text as it comes, in pieces: each is released once no rule can match in it, whatever comes next.

A place is decided when no match of any rule that begins there reaches the text's end, complete or not: then
more text changes nothing. So what is released does not depend on where the pieces were cut. At most BOUND
characters are looked at and held; what is undecided there is replaced, and what belongs to it is swallowed.
"""

from typing import Final

from .rule import Blocked, Rule, RuleSet

BOUND: Final = 512  # characters
CONTEXT: Final = 64  # characters before a match that a pattern may look at
TIMED_OUT: Final = "[redacted]"


class HoldBack:
    """`feed` a text piece by piece, then `flush` it. Both raise Blocked where a rule does, once."""

    __slots__ = ("_at", "_over", "_rules", "_swallowing", "_text")

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._text = ""  # the end of what was decided, then, from `_at` on, what is held
        self._at = 0
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
        try:
            if self._swallowing is None and not ends and (start := self._held_from()) is not None:
                return self._release(start)
            return self._decide(ends)
        except TimeoutError:  # it may hold anything, and the next look would take as long
            self._over = True
            return TIMED_OUT

    def _held_from(self) -> int | None:
        """Where what is undecided begins; None where a rule matches already, or has to at its bound."""
        text, at, seconds = self._text, self._at, self._rules.seconds
        start = end = len(text)
        for scout in self._rules.scouts:
            found = scout.whole.search(text, at, partial=True, timeout=seconds)
            if found is not None:
                if not found.partial:
                    return None
                start = min(start, found.start())
        return start if end - start < BOUND else None

    def _release(self, start: int) -> str:
        """The text up to there."""
        text, at = self._text, self._at
        kept = max(0, start - CONTEXT)
        self._text, self._at = text[kept:], start - kept
        return text[at:start]

    def _decide(self, ends: bool) -> str:
        """What is decided of the text; it `ends` here, or may go on."""
        shown: list[str] = []
        places = _Places(self._rules, self._text, ends)
        at = self._swallowed(self._at, ends)
        try:
            while self._swallowing is None and (start := places.next(at)) is not None:
                shown.append(self._text[at:start])
                at = start
                if (end := self._decided(start, ends, shown)) is None:
                    break
                at = self._swallowed(end, ends)
            else:
                if self._swallowing is None:
                    shown.append(self._text[at:])
                    at = len(self._text)
        except Blocked as blocked:
            self._over = True
            blocked.shown = "".join(shown)
            raise
        kept = max(0, at - CONTEXT)
        self._text, self._at = self._text[kept:], at - kept
        return "".join(shown)

    def _decided(self, start: int, ends: bool, shown: list[str]) -> int | None:
        """Show what stands for the match at `start`, or its first character where there is none after all.
        Returns where to go on, None where more text is needed."""
        text, seconds = self._text, self._rules.seconds
        is_open = not ends and any(
            scout.open.match(text, start, partial=True, timeout=seconds) for scout in self._rules.scouts
        )
        for rule in self._rules.rules:
            if is_open and rule.looks.open.match(text, start, partial=True, timeout=seconds):
                if len(text) - start < BOUND:
                    return None
                shown.append(rule.replace(text[start:]))
                self._swallowing = rule
                return len(text)
            found = rule.looks.whole.match(text, start, timeout=seconds)
            size = len(found[0]) if found else 0
            if found and size and rule.check:
                size = rule.check(found[0])
            if size:
                shown.append(rule.replace(text[start : start + size]))
                return start + size
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
    """Where rules match in a text, or may yet: each is looked for once, however often it is asked for."""

    def __init__(self, rules: RuleSet, text: str, ends: bool) -> None:
        self._text = text
        self._seconds = rules.seconds
        # First those that match: where one does at once, no other need be looked for.
        self._patterns = [(scout.whole, False) for scout in rules.scouts]
        self._patterns += [] if ends else [(scout.open, True) for scout in rules.scouts]
        self._known = [-1] * len(self._patterns)

    def next(self, at: int) -> int | None:
        """The first from `at` on."""
        first = end = len(self._text)
        for place, (pattern, partial) in enumerate(self._patterns):
            if self._known[place] < at:
                found = pattern.search(self._text, at, partial=partial, timeout=self._seconds)
                self._known[place] = end if found is None else found.start()
            first = min(first, self._known[place])
            if first == at:
                break
        return first if first < end else None
