"""What a search and a page of a list cost in a long history, on SQLite and on PostgreSQL."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import select

from service.database import Database, open_database
from service.database_url import parse_database_url
from service.history.search import search
from service.history.tables import RUNS
from service.migrations import migrate
from tests.needs import postgresql_programs
from tests.postgres import running_server

from .processes import Cores
from .sizes import Sizes
from .table import figure, markdown

WORDS_KNOWN = 30_000
PROMPT_WORDS, RESPONSE_WORDS = 15, 120
BATCH = 500
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

# Words are named by how often they come: the first in nearly every run, the last in few.
SEARCHES = {
    "a word of nearly all runs": "word1",
    "a word of a tenth": "word150",
    "a word of a thousandth": "word15000",
    "a word of none": "nothing",
    "three words": "word20 word300 word800",
    "words beside each other": '"word50 word60"',
    "very common words beside each other": '"word2 word5 word9"',
    "common words but not others": "word3 word7 -word1 -word2",
    "one or the other": "word200 or word20000",
}


def history_search(sizes: Sizes, cores: Cores) -> str:
    """The databases' own processes run where the system puts them: PostgreSQL is not held to one core."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        addresses = {"SQLite": f"sqlite:///{folder}/chainstream.db"}
        if postgresql_programs() is not None:
            server = stack.enter_context(running_server())
            addresses["PostgreSQL"] = server.url(server.create_database())
        figures = {name: asyncio.run(_measure(address, sizes)) for name, address in addresses.items()}
    rows = [[what, *(measured[what] for measured in figures.values())] for what in figures["SQLite"]]
    table = markdown(
        f"A history of {sizes.runs_kept:,} runs: ms at the median (at most)", ["what", *figures], rows
    )
    return table if len(figures) > 1 else f"{table}\nWithout PostgreSQL, which is not installed.\n"


async def _measure(address: str, sizes: Sizes) -> dict[str, str]:
    async with open_database(parse_database_url(address)) as database:
        await migrate(database)
        began = time.perf_counter()
        await _fill(database, sizes.runs_kept)
        each = (time.perf_counter() - began) / sizes.runs_kept
        if database.dialect == "postgresql":  # what its autovacuum does in its own time
            await _analyze(database)
        figures = {"to keep and index a run, in bulk": figure(each * 1000)}
        for what, query in SEARCHES.items():
            for lang in ("simple", "english"):
                ask = _asking(database, query, lang)
                figures[f"search, {lang}: {what}"] = await _timed(ask, sizes.searches)
        figures["search, simple: the last page of common words"] = await _timed(
            _asking(database, "word1", "simple", offset=980), sizes.searches
        )
        for what, share in (("first", 1.0), ("middle", 0.5), ("last", 0.001)):
            after = f"{int(sizes.runs_kept * share):026}"
            figures[f"list, the {what} page by its cursor"] = await _timed(
                _listing(database, after), sizes.searches
            )
        return figures


def _asking(database: Database, query: str, lang: str, offset: int = 0) -> Callable[[], Awaitable[object]]:
    return lambda: search(database, query=query, owner="", limit=20, offset=offset, lang=lang)


def _listing(database: Database, after: str) -> Callable[[], Awaitable[object]]:
    page = (
        select(RUNS.c.run_id, RUNS.c.status, RUNS.c.chain, RUNS.c.created_at)
        .where(RUNS.c.owner == "", RUNS.c.run_id < after)
        .order_by(RUNS.c.run_id.desc())
        .limit(20)
    )

    async def listed() -> object:
        async with database.reading() as connection:
            return (await connection.execute(page)).all()

    return listed


async def _timed(ask: Callable[[], Awaitable[object]], times: int) -> str:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1000)
    return f"{figure(median(taken))} ({figure(max(taken))})"


async def _fill(database: Database, runs: int) -> None:
    texts = _texts()
    for first in range(0, runs, BATCH):
        batch = [_row(number, texts) for number in range(first, min(first + BATCH, runs))]
        async with database.writing() as connection:
            await connection.execute(RUNS.insert(), batch)


async def _analyze(database: Database) -> None:
    async with database.writing() as connection:
        await connection.exec_driver_sql("ANALYZE runs")


def text_of_words(number: int, seed: int = 1) -> str:
    """Of words as often as in a language: the n-th most common one n times as rare."""
    return " ".join(_words(random.Random(seed), number))


def _words(chance: random.Random, number: int) -> list[str]:
    words = [f"word{each}" for each in range(1, WORDS_KNOWN + 1)]
    return chance.choices(words, [1 / each for each in range(1, WORDS_KNOWN + 1)], k=number)


def _texts() -> Iterator[str]:
    chance = random.Random(1)  # the same at each run
    while True:
        many = iter(_words(chance, 1000 * (PROMPT_WORDS + RESPONSE_WORDS)))
        for _ in range(1000):
            yield " ".join(next(many) for _ in range(PROMPT_WORDS))
            yield " ".join(next(many) for _ in range(RESPONSE_WORDS))


def _row(number: int, texts: Iterator[str]) -> dict[str, Any]:
    return {
        "run_id": f"{number:026}",
        "chain": "chat",
        "status": "succeeded",
        "attempt": 1,
        "request": "{}",
        "metadata": "{}",
        "prompt": next(texts),
        "response": next(texts),
        "created_at": BEGAN + timedelta(seconds=number),
    }
