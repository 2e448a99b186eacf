"""What people type to search, and the same for FTS5 and for PostgreSQL. Pure.

Words must all be found, wherever they stand; `"quoted words"` beside each other; `-word` must not be found;
`or` between words asks for one side or the other. No text is wrong: what is no word is left out.
"""

import re
import unicodedata
from dataclasses import dataclass

from ..errors import InvalidRequest
from ..values import clean_text

MAX_CHARS = 1_000
MAX_WORDS = 50  # FTS5 takes no expression that is much deeper

# What PostgreSQL's search_text makes spaces of, since its parser joins words by some of it.
PUNCTUATION = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    "\u00a0\u00a1\u00ab\u00b7\u00bb\u00bf\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026"
    "\u3000\u3001\u3002\u300c\u300d\u300e\u300f\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
)
_SPACES = str.maketrans(PUNCTUATION, " " * len(PUNCTUATION))
_DIACRITICS = re.compile("([A-Za-z])[\u0300-\u036f]+")
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')

Words = tuple[str, ...]  # that stand beside each other


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of an `or` asks for."""

    wanted: tuple[Words, ...]
    unwanted: tuple[Words, ...]


def searched_text(text: str) -> str:
    """A text as it is searched: without diacritics on Latin letters, and without punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _DIACRITICS.sub(r"\1", unicodedata.normalize("NFD", text)))
    return text.translate(_SPACES)


def parse(query: str) -> tuple[Side, ...]:
    """The sides of a query that ask for a word. Raises InvalidRequest where it is too long."""
    if len(query) > MAX_CHARS:
        raise InvalidRequest("bad_query", f"A search has at most {MAX_CHARS} characters.")
    sides: list[tuple[list[Words], list[Words]]] = [([], [])]
    for found in _TERM.finditer(clean_text(query).replace("\0", " ")):
        if not found["minus"] and (found["bare"] or "").lower() == "or":
            sides.append(([], []))
        elif words := _words(found["bare"] or found["quoted"] or ""):
            sides[-1][bool(found["minus"])].append(words)
    if sum(len(words) for side in sides for terms in side for words in terms) > MAX_WORDS:
        raise InvalidRequest("bad_query", f"A search has at most {MAX_WORDS} words.")
    return tuple(
        Side(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))  # each once, or it counts twice
        for wanted, unwanted in sides
        if wanted
    )


def for_fts5(sides: tuple[Side, ...]) -> str:
    """Each term quoted, so that none is an operator: https://www.sqlite.org/fts5.html#fts5_strings"""
    return " OR ".join(f"({_side_for_fts5(side)})" for side in sides)


def for_websearch(sides: tuple[Side, ...]) -> str:
    """For PostgreSQL's websearch_to_tsquery, each term quoted likewise."""
    return " or ".join(
        " ".join([*map(_quoted, side.wanted), *(f"-{_quoted(words)}" for words in side.unwanted)])
        for side in sides
    )


def _words(term: str) -> Words:
    return tuple(word for word in searched_text(term).split() if any(map(str.isalnum, word)))


def _side_for_fts5(side: Side) -> str:
    wanted = " AND ".join(map(_quoted, side.wanted))
    unwanted = " OR ".join(map(_quoted, side.unwanted))
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def _quoted(words: Words) -> str:
    return f'"{" ".join(words)}"'
