"""How well a clause fits a tool never seen before: by words of its name, description and parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .arguments import Filling, filled
from .claims import Claims
from .clauses import Clause
from .schemas import Tool
from .words import EMPTY, alike, stem, words_of

ENOUGH = 1.0

_CREATIVE = frozenset(
    map(stem, "story stories joke poem song essay tale haiku limerick riddle rhyme lyrics".split())
)
_KNOWLEDGE = re.compile(r"\b(?:web|internet|wikipedia|encyclop\w+|google|online|general knowledge)\b")
_ASKS_KNOWLEDGE = re.compile(
    r"^(?:who|what|when|where|why|how|which|tell me about)\b(?!.*\b(?:you|your|yourself|i|my)\b)",
    re.IGNORECASE,
)


# What a question is about, where a parameter is mere words.
_OF_SOMETHING = re.compile(r"\b(?:of|about|for|on|regarding|mean|means|say)\b", re.IGNORECASE)


@dataclass(slots=True)
class Match:
    """A tool for a clause; `said` are the stems by which the clause asks for it."""

    tool: Tool
    score: float
    filling: Filling
    said: frozenset[str]

    @property
    def complete(self) -> bool:
        return not self.filling.missing


def best_match(tools: Sequence[Tool], clause: Clause, prompt: str) -> Match | None:
    """The tool that fits best and well enough; of equals the first."""
    matches = [match for tool in tools if (match := match_of(tool, clause, prompt)) and match.score >= ENOUGH]
    return (
        max(matches, key=lambda match: (match.complete, match.score), default=None) if clause.asks else None
    )


def match_of(tool: Tool, clause: Clause, prompt: str, force: bool = False) -> Match:
    """How well the tool fits, from 0; with `force` its arguments are complete, whatever the clause says."""
    words = [word for word in words_of(_plain(clause.core)) if word not in EMPTY or word in ("find", "text")]
    stems = list(dict.fromkeys(map(stem, words)))
    named = _share(tool.name_stems, stems)
    said = frozenset(
        word for word in stems if _fits_any(word, tool.name_stems) or word in tool.description_stems
    )
    filling = filled(tool.params, clause.core, said | frozenset(tool.name_stems), prompt, force)
    score = _score(tool, clause, stems, named, filling)
    return Match(tool, 0 if _is_other_wish(tool, stems, clause) else score, filling, said)


def _score(tool: Tool, clause: Clause, stems: list[str], named: float, filling: Filling) -> float:
    described = [
        word
        for word in stems
        if _fits_any(word, tool.description_stems) and not _fits_any(word, tool.name_stems)
    ]
    head = bool(stems) and _fits_any(stems[0], [*tool.name_stems, *_verbs(tool)])
    typed = min(filling.typed, 3) * 0.2
    if not named and not head:
        explained = len(described) / len(stems) if stems else 0
        enough = (len(described) >= 2 or (described and typed)) and explained > 0.5
        return explained + typed if enough else _knowledge(tool, clause)
    score = named + 0.2 * min(len(described), 3) + typed
    if head or (stems and _fits_any(stems[-1], tool.name_stems)):
        score += 0.3 if clause.mood == "question" else 0.4
    if not filling.missing and (typed or clause.mood != "question" or _OF_SOMETHING.search(clause.core)):
        score += 0.3
    return score


def _knowledge(tool: Tool, clause: Clause) -> float:
    asks = clause.mood == "question" and _ASKS_KNOWLEDGE.match(clause.core)
    return ENOUGH if asks and tool.having("query") and _KNOWLEDGE.search(tool.words) else 0


def _verbs(tool: Tool) -> list[str]:
    """The first verbs of the description: “Run a survey: research or investigate …”."""
    first = tool.words.partition(": ")[2]
    return [
        stem(word)
        for word in re.findall(r"(?:^|: | or |, )([a-z]+)(?= )", first)
        if word not in EMPTY and word not in ("run", "use")
    ]


def _share(names: list[str], stems: list[str]) -> float:
    """How much of the name the clause says."""
    return (
        sum(max((alike(name, word) for word in stems), default=0) for name in names) / len(names)
        if names
        else 0
    )


def _fits_any(word: str, others: Sequence[str] | frozenset[str]) -> bool:
    return any(alike(word, other) for other in others)


def _is_other_wish(tool: Tool, stems: list[str], clause: Clause) -> bool:
    """A joke about the weather is no question for the weather."""
    creative = set(stems[:4]) & _CREATIVE
    about_tools = re.search(
        r"\b(?:what can you|are you able|(?:the|your) (?:\w+ ){1,3}tools?\b|do you (?:know how|have|"
        r"like|think|want|"
        r"remember))\b",
        clause.core,
        re.IGNORECASE,
    )
    return bool(creative and not creative & ({*tool.name_stems} | tool.description_stems)) or bool(
        about_tools
    )


def _plain(text: str) -> str:
    claims = Claims(text)
    claims.quoted(), claims.urls(), claims.emails()
    return claims.rest()
