"""The project's own documents as passages, one for each heading, and the search in them by BM25."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from ._parts import parts_of

PASSAGE_CHARS = 1_500
FOUND_AT_MOST = 4
TITLE_WEIGHT = 2  # how often a word of the headings counts

_HERE = Path(__file__).parent
_IN_WHEEL = _HERE.parent / "handbook"
FOLDER = _IN_WHEEL if _IN_WHEEL.is_dir() else _HERE.parent  # in the repository, what chains/ lies in

_HEADING = re.compile(r"^(#{1,4}) +(.+?)\s*$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ing", "ies", "ed", "es", "s", "e")


@dataclass(frozen=True, slots=True)
class Passage:
    """`title` is the document's and its headings', as in `docs/protocol.md: Events`."""

    title: str
    text: str

    @property
    def words(self) -> list[str]:
        return words_of(self.title) * TITLE_WEIGHT + words_of(self.text)


class Handbook(BaseRetriever):
    """Finds the passages that fit a question best; their scores are BM25's."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(passage.text, id=passage.title, metadata={"title": passage.title, "score": score})
            for passage, score in search(query)
        ]


def search(question: str) -> list[tuple[Passage, float]]:
    """The best passages that have any word of the question, the best first."""
    passages, index = _index()
    known = [word for word in words_of(question) if word in index.vocab_dict]
    if not known:
        return []
    found, scores = index.retrieve([known], k=min(FOUND_AT_MOST, len(passages)), show_progress=False)
    rows = zip(found[0].tolist(), scores[0].tolist(), strict=True)
    return [(passages[at], round(score, 3)) for at, score in rows if score > 0]


def passages_of(name: str, text: str) -> Iterator[Passage]:
    """A document's passages: what stands under each heading, in parts where it is long."""
    code = [match.span() for match in _FENCED.finditer(text)]
    headings = [
        match
        for match in _HEADING.finditer(text)
        if not any(start <= match.start() < end for start, end in code)
    ]
    trail: list[str] = []
    for heading, following in pairwise([*headings, None]):
        if heading is None:
            continue
        level = len(heading[1])
        trail = [*trail[: level - 2], heading[2]] if level > 1 else []
        end = following.start() if following else len(text)
        for part in parts_of(text[heading.end() : end], PASSAGE_CHARS):
            yield Passage(": ".join([name, *trail]), part)


def words_of(text: str) -> list[str]:
    """The words that say something, without their commonest endings."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _empty_words()]


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word.removesuffix(ending)


@cache
def _index() -> tuple[Sequence[Passage], Any]:
    """Made at the first question: the search's imports alone take longer than all else of the start."""
    import bm25s  # type: ignore[import-untyped]  # it has no types

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs its every step
    files = [FOLDER / "README.md", *sorted((FOLDER / "docs").glob("*.md"))]
    passages = [
        passage
        for file in files
        for passage in passages_of(file.relative_to(FOLDER).as_posix(), file.read_text(encoding="utf-8"))
    ]
    index = bm25s.BM25()
    index.index([passage.words for passage in passages], show_progress=False)
    return passages, index


@cache
def _empty_words() -> frozenset[str]:
    from bm25s.stopwords import STOPWORDS_EN  # type: ignore[import-untyped]  # it has no types

    asking = "what how when where who why which do does did can could would i you your my me".split()
    return frozenset(STOPWORDS_EN).union(asking)
