"""A long text as parts of a bounded length, cut where it hurts least."""

import re

# Of a paragraph, a line, a sentence, a clause, a word.
_ENDS = (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s+", r"(?<=[,;:])\s+", r"\s+")


def parts_of(text: str, most: int) -> list[str]:
    """Parts of at most so many characters, each as long as that allows; together they have all words."""
    parts, rest = [], text.strip()
    while len(rest) > most:
        end = _end(rest, most)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [part for part in [*parts, rest] if part]


def _end(text: str, most: int) -> int:
    """Where the first part ends: at the last best kind of end in its second half."""
    for end in _ENDS:
        found = [match.start() for match in re.finditer(end, text[: most + 1]) if match.start() > most // 2]
        if found:
            return found[-1]
    return most
