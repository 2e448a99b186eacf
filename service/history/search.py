"""Searching what was asked and answered, the best first.

The index has the first SEARCHED_CHARS of each prompt and response. Of the runs that match, the newest RANKED
are ranked, and counted: to rank all that have a common word takes the longer the more is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from ..database import Database
from ..errors import InvalidRequest
from ..events import Status
from .search_query import for_fts5, for_websearch, parse
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
    status: Status
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
    values: dict[str, Any] = {"owner": owner, "bound": RANKED}
    if database.dialect == "sqlite":
        newest_of, passages_of = _newest_in_fts5, _passages_in_fts5
        values |= {"query": for_fts5(sides), "start": START, "end": END}
    else:
        newest_of, passages_of = _newest_in_vectors, _passages_in_vectors
        values |= {"query": for_websearch(sides), "options": _HEADLINE, "recent": 2 * RANKED}

    def find(connection: Connection) -> tuple[list[Found], int]:
        newest = newest_of(connection, lang, values)
        best = sorted(newest, key=lambda row: (row.score, row.id), reverse=True)[offset : offset + limit]
        passages = passages_of(connection, lang, values, [row.id for row in best])
        return [_found(*passages[row.id], row.score) for row in best], len(newest)

    return await database.read(find)


_SHOWN = (
    "runs.run_id, runs.thread_id, runs.status, runs.model, runs.chain, runs.created_at,"
    f" substr(runs.prompt, 1, {SHOWN_CHARS}) AS prompt, substr(runs.response, 1, {SHOWN_CHARS}) AS response"
)

# SQLite. FTS5 reads what matches in the order of rows and scores it as it goes: to find the newest first, and
# then to rank them, would take twice as long. snippet() is for few.

_NEWEST = """
SELECT search_{lang}.rowid AS id, -bm25(search_{lang}, 2.5, 1) AS score
FROM search_{lang} JOIN runs ON runs.id = search_{lang}.rowid
WHERE search_{lang} MATCH :query AND runs.owner = :owner ORDER BY search_{lang}.rowid DESC LIMIT :bound"""
_PASSAGE = """
SELECT {shown}, snippet(search_{lang}, -1, :start, :end, '…', {words}) AS passage
FROM search_{lang} JOIN runs ON runs.id = search_{lang}.rowid
WHERE search_{lang} MATCH :query AND search_{lang}.rowid = :id"""


def _newest_in_fts5(connection: Connection, lang: str, values: dict[str, Any]) -> Sequence[Row[Any]]:
    return connection.execute(_sql(_NEWEST, lang), values).all()


def _passages_in_fts5(
    connection: Connection, lang: str, values: dict[str, Any], ids: Sequence[int]
) -> dict[int, tuple[Row[Any], str]]:
    passages = {}
    for each in ids:
        row = connection.execute(_sql(_PASSAGE, lang), values | {"id": each}).one()
        passages[each] = row, row.passage
    return passages


# PostgreSQL. It thinks that to look into a text costs nothing, and rather looks into all than uses the index
# (measured: 3 to 20 times as long). So the newest runs are looked into, where a common word is found often
# enough, and else it is not given the choice.

_ASKED = "websearch_to_tsquery('{configuration}', :query)"
_SCORED = "SELECT id, ts_rank_cd(vector, {asked}, 1) AS score FROM newest"
_AMONG_RECENT = """
WITH recent AS MATERIALIZED (
    SELECT id, search_{lang} AS vector FROM runs WHERE owner = :owner ORDER BY run_id DESC LIMIT :recent
), newest AS MATERIALIZED (SELECT id, vector FROM recent WHERE vector @@ {asked} LIMIT :bound)
{scored}"""
_AMONG_ALL = """
WITH newest AS MATERIALIZED (
    SELECT id, search_{lang} AS vector FROM runs
    WHERE search_{lang} @@ {asked} AND owner = :owner ORDER BY id DESC LIMIT :bound
)
{scored}"""
_BY_THE_INDEX = text(
    "SELECT set_config(name, :to, true) FROM unnest(ARRAY['enable_indexscan', 'enable_seqscan']) name"
)
_HEADLINES = """
SELECT {shown}, runs.id,
    left(runs.prompt, {chars}) AS whole_prompt, left(runs.response, {chars}) AS whole_response,
    ts_headline('{configuration}', search_text(runs.prompt), {asked}, :options) AS in_prompt,
    ts_headline('{configuration}', search_text(runs.response), {asked}, :options) AS in_response
FROM runs WHERE runs.id = ANY(:ids)"""
_HEADLINE = f'StartSel="{START}", StopSel="{END}", MaxFragments=1, MaxWords={SNIPPET_WORDS}, MinWords=16'


def _newest_in_vectors(connection: Connection, lang: str, values: dict[str, Any]) -> Sequence[Row[Any]]:
    recent = connection.execute(_sql(_AMONG_RECENT, lang), values).all()
    if len(recent) == values["bound"]:
        return recent
    connection.execute(_BY_THE_INDEX, {"to": "off"})
    every = connection.execute(_sql(_AMONG_ALL, lang), values).all()
    connection.execute(_BY_THE_INDEX, {"to": "on"})
    return every


def _passages_in_vectors(
    connection: Connection, lang: str, values: dict[str, Any], ids: Sequence[int]
) -> dict[int, tuple[Row[Any], str]]:
    rows = connection.execute(_sql(_HEADLINES, lang), values | {"ids": ids})
    return {row.id: (row, _passage(row)) for row in rows}


def _passage(row: Row[Any]) -> str:
    """The one with more of the words; the answer's, where both have as many."""
    if row.in_prompt.count(START) > row.in_response.count(START):
        return as_written(row.in_prompt, row.whole_prompt)
    return as_written(row.in_response, row.whole_response)


def _sql(statement: str, lang: str) -> TextClause:
    names = {"lang": lang, "configuration": LANGS[lang]}
    asked = _ASKED.format(**names)
    numbers = {"words": SNIPPET_WORDS, "chars": SEARCHED_CHARS}
    return text(
        statement.format(asked=asked, scored=_SCORED.format(asked=asked), shown=_SHOWN, **names, **numbers)
    )


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
