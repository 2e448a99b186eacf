"""What a parameter is to be filled from, and how texts are tidied: shared by all finders."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .claims import Claims
from .schemas import Param
from .zones import zone_of

_POLITE_END = re.compile(
    r"(?:^|\s)(?:please|thanks|thank you|for me|right now|now|at|on|in|by|for|to|with|from|and|of)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Wanted:
    """What is to be filled, from what: `said` are stems of words that chose the tool, and are no content."""

    claims: Claims
    said: frozenset[str]
    whole: str  # the whole prompt, for what its other clauses say
    force: bool = False
    solo: bool = False  # there is no other parameter that could take a plain value


Finder = Callable[[Param, Wanted], list[Any]]


def named_after(param: Param, wanted: Wanted, *prepositions: str) -> list[Any]:
    words = "|".join(prepositions)
    pattern = re.compile(
        rf"\b(?:{words})\s+(?:the\s+)?([A-Z][\w'\u2019.-]*(?:\s+(?:(?:de|la|of|the|"
        rf"del)\s+)?[A-Z][\w'\u2019-]*){{0,3}})"
    )
    found = wanted.claims.take(pattern, 1)
    if found is None:
        known = re.compile(rf"\b(?:{words})\s+([a-z]{{3,}}(?:\s+[a-z]{{3,}})?)", re.IGNORECASE)
        match = known.search(wanted.claims.text)
        candidates = [match[1], match[1].split()[0]] if match else []
        return next(([name] for name in candidates if zone_of(name)), [])
    return [found.rstrip(".")]


def trimmed(text: str) -> str:
    """Without punctuation, “please” and lost prepositions at its end."""
    trimmed = text.strip(_EDGES)
    for _ in range(6):
        if not (match := _POLITE_END.search(trimmed[-20:])):
            break
        trimmed = trimmed[: len(trimmed) - len(match[0])].rstrip(_EDGES)
    return re.sub(r"^(?:that|the topic of|the subject of|the following:?) ", "", trimmed)


_EDGES = " \t\n,;:.!?"
