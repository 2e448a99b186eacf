"""The `regex` package, which has no types of its own: as much of it as is used here."""

from typing import Protocol

import regex  # type: ignore[import-untyped]


class Match(Protocol):
    """Partial where only the end of the text kept the pattern from matching."""

    partial: bool

    def __getitem__(self, group: int) -> str: ...

    def start(self) -> int: ...

    def end(self) -> int: ...


class Pattern(Protocol):
    """Each raises TimeoutError after so many seconds, None for ever."""

    def search(
        self, text: str, pos: int = 0, *, partial: bool = False, timeout: float | None = None
    ) -> Match | None: ...

    def match(
        self, text: str, pos: int = 0, *, partial: bool = False, timeout: float | None = None
    ) -> Match | None: ...

    def fullmatch(
        self, text: str, pos: int = 0, *, partial: bool = False, timeout: float | None = None
    ) -> Match | None: ...


def compiled(pattern: str) -> Pattern:
    """Raises ValueError, with what is wrong, where it is no pattern."""
    try:
        found: Pattern = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return found
