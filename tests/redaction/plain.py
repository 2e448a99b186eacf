"""HoldBack by its definition alone: each rule is looked for in full, at each place, with each character."""

from service.redaction.hold_back import BOUND
from service.redaction.rule import Rule, RuleSet


class PlainHoldBack:
    """For rules that neither block nor time out."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules.rules
        self._text = ""
        self._at = 0
        self._swallowing: Rule | None = None

    def feed(self, piece: str) -> str:
        shown = ""
        for character in piece:
            self._text += character
            shown += self._decided(ends=False)
        return shown

    def flush(self) -> str:
        return self._decided(ends=True)

    def _decided(self, *, ends: bool) -> str:
        shown = ""
        while self._at < len(self._text):
            said = self._swallow(ends) if self._swallowing else self._look(ends)
            if said is None:
                break
            shown += said
        return shown

    def _look(self, ends: bool) -> str | None:
        """What stands for the match or the character at the place; None where more text may change it."""
        text, at = self._text, self._at
        for rule in self._rules:
            if not ends and rule.looks.open.match(text, at, partial=True):
                if len(text) - at < BOUND:
                    return None
                self._at, self._swallowing = len(text), rule
                return rule.replace(text[at:])
            found = rule.looks.whole.match(text, at)
            size = len(found[0]) if found else 0
            if found and size and rule.check:
                size = rule.check(found[0])
            if size:
                self._at += size
                return rule.replace(text[at : at + size])
        self._at += 1
        return text[at]

    def _swallow(self, ends: bool) -> str | None:
        if self._swallowing is None:
            return ""
        tail = self._swallowing.swallowing
        found = tail.whole.match(self._text, self._at)
        is_open = not ends and tail.open.match(self._text, self._at, partial=True)
        self._at = found.end() if found else self._at
        if is_open:
            return None
        self._swallowing = None
        return ""
