"""Filters for FILTERS: one says who writes, the other keeps away from a subject.

FILTERS=./examples/filters.py:say_who,./examples/filters.py:no_rivals
"""

import re

from service.redaction import Block

RIVALS = re.compile(r"\b(?:Globex|Initech)\b", re.IGNORECASE)


def say_who(text: str) -> str:
    """A prefix: it is called with the first character of each answer, so that nothing waits for it."""
    return f"Assistant: {text}"


say_who.pattern = r"\A\S"  # type: ignore[attr-defined]  # an attribute of its own


def no_rivals(text: str) -> str | Block:
    """A blocklist: it is called with each sentence or line, and ends the run where one names a rival."""
    return Block("I can speak of our own products alone.") if RIVALS.search(text) else text


no_rivals.everywhere = True  # type: ignore[attr-defined]  # also in what models write that is no answer
