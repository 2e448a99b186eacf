"""Sentences taken out of a text as they are: a summary of it, or what it says of a question."""

import re
from collections import Counter
from collections.abc import Sequence

from .words import stems_of

READ_AT_MOST = 400  # sentences
LEAST_TO_SUMMARISE = 200  # characters
QUOTED_AT_MOST = 3
OPENING = 1.3  # how much more the first sentence of a text says than others

_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\|[^\n]*$|^#+ [^\n]*$", re.MULTILINE)  # and headings
_MARKS = re.compile(r"^[\s#>*+|-]+|\*\*|\|\s*$")
_BROKEN = re.compile(r"(?<=[\w,;:.)`])\n[ \t]*(?=[\w(`\"“])(?!\d+[.)]\s)")  # a line that was full
_PASSAGE = re.compile(r"^\[(\d{1,3})\][ \t]*(.+?)(?=^\[\d{1,3}\]|\Z)", re.MULTILINE | re.DOTALL)

Passage = tuple[int, str]


def summary_of(text: str) -> str:
    """Some of the sentences that have the most of the text's own words, in their order."""
    sentences = _sentences(_TABLE.sub("", text))
    counts = Counter(stem for _, stems in sentences for stem in stems)
    scores = [
        sum(counts[stem] for stem in stems) / (len(stems) + 4) * (OPENING if at == 0 else 1)
        for at, (_, stems) in enumerate(sentences)
    ]
    most = min(max(len(sentences) // 4, 2), 6)
    best = sorted(range(len(sentences)), key=lambda at: -scores[at])[:most]
    return " ".join(sentences[at][0] for at in sorted(best)) or text.strip()[:LEAST_TO_SUMMARISE]


def passages_in(text: str) -> tuple[Passage, ...]:
    """The passages of a text that has them as `[1] …`, each beginning on a line of its own."""
    return tuple((int(match[1]), match[2].strip()) for match in _PASSAGE.finditer(text))


def quoted_from(passages: Sequence[Passage], question: str) -> str | None:
    """The sentences with most of the question's words, rare ones first, each with its passage's number."""
    asked = set(stems_of(question))
    told = [
        (number, sentence, asked & (stems | set(stems_of(title))))
        for number, title, text in map(_titled, passages)
        for sentence, stems in _sentences(text)
        if asked & stems
    ]
    counts = Counter(stem for _, _, stems in told for stem in stems)
    best = sorted(told, key=lambda each: -sum(1 / counts[stem] + 0.1 for stem in each[2]))[:QUOTED_AT_MOST]
    return "\n".join(f"- {sentence} [{number}]" for number, sentence, _ in best) or None


def _titled(passage: Passage) -> tuple[int, str, str]:
    """A passage's first line is its title, where there is a second."""
    first, _, rest = passage[1].partition("\n")
    return (passage[0], first, rest) if rest.strip() else (passage[0], "", first)


def _sentences(text: str) -> list[tuple[str, set[str]]]:
    """The sentences that say something, once each, with their stems."""
    lines = (_MARKS.sub("", line) for line in _BROKEN.sub(" ", _CODE.sub("", text)).splitlines())
    sentences = dict.fromkeys(each.strip() for line in lines for each in _SENTENCE.findall(line))
    told = [(sentence, set(stems_of(sentence))) for sentence in list(sentences)[:READ_AT_MOST]]
    return [(sentence, stems) for sentence, stems in told if len(stems) >= 3]
