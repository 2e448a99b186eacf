"""A place in a list of tokens, from which a reader looks ahead and goes on."""

from collections.abc import Mapping

from .numerals import Token


class NotHere(Exception):
    """What was looked for does not stand here."""


class Cursor:
    """`at` is the next token; `fuel` bounds the steps over all places."""

    def __init__(self, tokens: list[Token], fuel: int) -> None:
        self.tokens = tokens
        self.fuel = fuel
        self.at = 0

    def phrase(self, phrases: Mapping[tuple[str, ...], str]) -> str | None:
        """What the longest phrase that begins here stands for; it is taken."""
        found = self.longest(phrases)
        if not found:
            return None
        self.at += len(found)
        return phrases[found]

    def peek_phrase(self, phrases: Mapping[tuple[str, ...], str]) -> str | None:
        found = self.longest(phrases)
        return phrases[found] if found else None

    def longest(self, phrases: Mapping[tuple[str, ...], str]) -> tuple[str, ...] | None:
        for length in (5, 4, 3, 2, 1):
            words = tuple(token.text for token in self.tokens[self.at : self.at + length])
            if len(words) == length and words in phrases:
                return words
        return None

    def text(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index].text if index < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index].kind if index < len(self.tokens) else ""

    def glued(self) -> bool:
        """No space between the last token and this one."""
        return self.tokens[self.at - 1].end == self.tokens[self.at].start

    def skip(self, *words: str) -> None:
        while self.text() in words:
            self.at += 1

    def burn(self) -> None:
        """One step. Raises NotHere when the fuel is spent."""
        self.fuel -= 1
        if self.fuel <= 0:
            raise NotHere
