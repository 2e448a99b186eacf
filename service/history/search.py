"""Searching what was asked and answered, the best first.

The index has the first SEARCHED_CHARS of each prompt and response. Of the runs that match, the newest RANKED
are ranked, and counted: to rank all that have a common word takes the longer the more is kept.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database
from ..errors import InvalidRequest
from .search_query import Side, for_fts5, for_websearch, parse
from .snippets import END, START, as_html, as_written

SEARCHED_CHARS = 100_000  # of each text; what is behind is not found
RANKED = 1_000
SHOWN_CHARS = 500  # of a prompt and a response, in a list
SNIPPET_WORDS = 32

LANGS = {"simple": "pg_catalog.simple", "english": "search_english"}  # with PostgreSQL's configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A run that matches. `snippet` is HTML; `score` is the higher the better, within one answer."""

    run_id: str
    thread_id: str | None
    prompt: str
    response: str
    status: str
    model: str | None
    chain: str
    created_at: datetime
    snippet: str
    score: float


async def search(
    database: Database, *, query: str, owner: str, limit: int, offset: int = 0, lang: str = "simple"
) -> tuple[list[Found], int]:
    """A page of an owner's runs that match, and how many do, up to RANKED.

    Raises InvalidRequest for a query that is too long, and for a language that is not in LANGS.
    """
    if lang not in LANGS:
        raise InvalidRequest("unknown_lang", f"There is no lang {lang!r}; there are {', '.join(LANGS)}.")
    sides = parse(query)
    if not sides:
        return [], 0
    page = {"owner": owner, "limit": limit, "offset": offset, "bound": RANKED}
    async with database.reading() as connection:
        if database.dialect == "sqlite":
            return await _search_fts5(connection, sides, lang, page)
        return await _search_vectors(connection, sides, lang, page)


_SHOWN = (
    "runs.run_id, runs.thread_id, runs.status, runs.model, runs.chain, runs.created_at,"
    f" substr(runs.prompt, 1, {SHOWN_CHARS}) AS prompt, substr(runs.response, 1, {SHOWN_CHARS}) AS response"
)

# SQLite. FTS5 reads what matches in the order of rows, and scores each as it goes: in two passes, one to find the
# newest and one to rank them, common words take twice as long. snippet() is for few.

_NEWEST = """
SELECT search_{lang}.rowid AS id, -bm25(search_{lang}, 2.5, 1) AS score
FROM search_{lang} JOIN runs ON runs.id = search_{lang}.rowid
WHERE search_{lang} MATCH :query AND runs.owner = :owner ORDER BY search_{lang}.rowid DESC LIMIT :bound"""
_PASSAGE = """
SELECT {shown}, snippet(search_{lang}, -1, :start, :end, '…', {words}) AS passage
FROM search_{lang} JOIN runs ON runs.id = search_{lang}.rowid
WHERE search_{lang} MATCH :query AND search_{lang}.rowid = :id"""


async def _search_fts5(
    connection: AsyncConnection, sides: tuple[Side, ...], lang: str, page: dict[str, Any]
) -> tuple[list[Found], int]:
    values = page | {"query": for_fts5(sides), "start": START, "end": END}
    newest = (await connection.execute(_sql(_NEWEST, lang), values)).all()
    ranked = sorted(newest, key=lambda row: (row.score, row.id), reverse=True)
    items = []
    for row in ranked[page["offset"] : page["offset"] + page["limit"]]:
        found = (await connection.execute(_sql(_PASSAGE, lang), values | {"id": row.id})).one()
        items.append(_found(found, found.passage, row.score))
    return items, len(newest)


# PostgreSQL

_ASKED = "websearch_to_tsquery('{configuration}', :query)"
_MATCHING = """
WITH newest AS MATERIALIZED (
    SELECT id, search_{lang} AS vector FROM runs
    WHERE search_{lang} @@ {asked} AND owner = :owner ORDER BY id DESC LIMIT :bound
)"""
_COUNTED = "{matching} SELECT count(*) FROM newest"
_PAGE = """{matching},
ranked AS (
    SELECT id, ts_rank_cd(vector, {asked}, 1) AS score, count(*) OVER () AS total FROM newest
    ORDER BY score DESC, id DESC LIMIT :limit OFFSET :offset
)
SELECT {shown}, ranked.score, ranked.total,
    left(runs.prompt, {chars}) AS whole_prompt, left(runs.response, {chars}) AS whole_response,
    ts_headline('{configuration}', search_text(runs.prompt), {asked}, :options) AS in_prompt,
    ts_headline('{configuration}', search_text(runs.response), {asked}, :options) AS in_response
FROM ranked JOIN runs ON runs.id = ranked.id ORDER BY ranked.score DESC, ranked.id DESC"""
# By its default, that of turning disks, PostgreSQL rather reads every text (measured: 3 to 9 times as long).
_USE_INDEX = text("SET LOCAL random_page_cost = 1.1")
_HEADLINE = f'StartSel="{START}", StopSel="{END}", MaxFragments=1, MaxWords={SNIPPET_WORDS}, MinWords=16'


async def _search_vectors(
    connection: AsyncConnection, sides: tuple[Side, ...], lang: str, page: dict[str, Any]
) -> tuple[list[Found], int]:
    values = page | {"query": for_websearch(sides), "options": _HEADLINE}
    await connection.execute(_USE_INDEX)
    rows = (await connection.execute(_sql(_PAGE, lang), values)).all()
    if rows:
        return [_found(row, _passage(row), row.score) for row in rows], rows[0].total
    return [], await connection.scalar(_sql(_COUNTED, lang), values) or 0


def _passage(row: Row[Any]) -> str:
    """The one with more of the words; the answer's, where both have as many."""
    if row.in_prompt.count(START) > row.in_response.count(START):
        return as_written(row.in_prompt, row.whole_prompt)
    return as_written(row.in_response, row.whole_response)


def _sql(statement: str, lang: str) -> TextClause:
    names = {"lang": lang, "configuration": LANGS[lang]}
    numbers = {"words": SNIPPET_WORDS, "chars": SEARCHED_CHARS}
    asked = _ASKED.format(**names)
    matching = _MATCHING.format(asked=asked, **names)
    return text(statement.format(asked=asked, matching=matching, shown=_SHOWN, **names, **numbers))


def _found(row: Row[Any], passage: str, score: float) -> Found:
    at = row.created_at
    at = datetime.fromisoformat(at) if isinstance(at, str) else at  # as SQLite has it: text, in UTC
    return Found(
        run_id=row.run_id,
        thread_id=row.thread_id,
        prompt=row.prompt,
        response=row.response,
        status=row.status,
        model=row.model,
        chain=row.chain,
        created_at=at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC),
        snippet=as_html(passage),
        score=score,
    )
