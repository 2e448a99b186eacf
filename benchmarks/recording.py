"""What it costs to keep runs: the same logs written in memory alone, and recorded in a database as well."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median

from service.database import open_database
from service.database_url import parse_database_url
from service.event_log.base import Entry, EventLog, entry_of
from service.event_log.memory import MemoryEventLog
from service.events import Done, RunStarted, Token, UsageTotals
from service.history.account import Row
from service.history.history import History, open_history
from service.history.recorded_log import RecordedLog
from service.migrations import ensure_schema, migrate
from tests.needs import postgresql_programs
from tests.postgres import running_server

from .processes import Cores
from .search import text_of_words
from .sizes import Load, Sizes
from .table import figure, markdown


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of this process: for the beginning and end of a run in ms, and for each of its tokens in µs."""

    ms_per_run: float
    us_per_token: float


def recording(sizes: Sizes, cores: Cores) -> str:
    """PostgreSQL's own processes are not counted."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        addresses = {"SQLite": f"sqlite:///{folder}/chainstream.db"}
        if postgresql_programs() is not None:
            server = stack.enter_context(running_server())
            addresses["PostgreSQL"] = server.url(server.create_database())
        rows = [
            [f"{name}, {load.name}", *asyncio.run(_rows(address, load, sizes.runs))]
            for name, address in addresses.items()
            for load in sizes.recorded
        ]
    header = ["", "in memory alone, CPU µs/token", "recorded", "more µs/token", "more CPU ms/run"]
    return markdown(f"What history costs, medians of {sizes.runs}", header, rows)


async def _rows(address: str, load: Load, times: int) -> list[str]:
    """A B A B …, so that a drifting machine is the same to both."""
    pairs = []
    async with _history(address) as history:
        for _ in range(times):
            plain = await _drive(MemoryEventLog(600, 1 << 30), None, load)
            kept = await _drive(RecordedLog(MemoryEventLog(600, 1 << 30), history), history, load)
            pairs.append((plain, kept))
    return [
        figure(median(plain.us_per_token for plain, _ in pairs)),
        figure(median(kept.us_per_token for _, kept in pairs)),
        figure(median(kept.us_per_token - plain.us_per_token for plain, kept in pairs)),
        figure(median(kept.ms_per_run - plain.ms_per_run for plain, kept in pairs)),
    ]


@asynccontextmanager
async def _history(address: str) -> AsyncIterator[History]:
    async with open_database(parse_database_url(address)) as database:
        await (ensure_schema if database.dialect == "sqlite" else migrate)(database)
        async with open_history(database, text_of=_no_text) as history:
            yield history


async def _no_text(run_id: str) -> str:
    return ""


_numbers = count()


async def _drive(log: EventLog, history: History | None, load: Load) -> Cost:
    run_ids = [f"{next(_numbers):026}" for _ in range(load.streams)]
    words = text_of_words(load.tokens).split()
    tokens = [[_token(at, word)] for at, word in enumerate(words)]
    at_first = time.process_time()
    for run_id in run_ids:
        if history is not None:
            await history.begin(_row(run_id))
        await log.open(run_id)
        await log.append(run_id, 1, [_started(run_id)])
    begun = time.process_time()
    for entries in tokens:
        for run_id in run_ids:
            await log.append(run_id, 1, entries)
        await asyncio.sleep(1 / load.rate if load.rate else 0)
    await _settled(history, run_ids)
    told = time.process_time()
    for run_id in run_ids:
        await log.append(run_id, 1, [_done(" ".join(words))])
        await log.close(run_id)
    await _settled(history, run_ids)
    ended = time.process_time()
    per_run, per_token = (begun - at_first + ended - told) / load.streams, (told - begun) / load.all_tokens
    return Cost(per_run * 1e3, per_token * 1e6)


async def _settled(history: History | None, run_ids: Sequence[str]) -> None:
    """All that was told is written."""
    if history is not None:
        await history.find(run_ids[0])


def _token(at: int, word: str) -> Entry:
    return entry_of(Token(t=20 * at, message_id="m1", step=None, channel="answer", text=f"{word} "))


def _started(run_id: str) -> Entry:
    began = datetime.now(UTC).isoformat()
    return entry_of(
        RunStarted(t=0, run_id=run_id, chain="chat", model=None, thread_id=None, attempt=1, created_at=began)
    )


def _done(output: str) -> Entry:
    usage = UsageTotals(
        input_tokens=0, output_tokens=0, total_tokens=0, cached_tokens=0, reasoning_tokens=0, cost_usd=None
    )
    return entry_of(
        Done(t=9, output=output, finish_reason="stop", usage=usage, ttft_ms=1, duration_ms=9, blocked=[])
    )


def _row(run_id: str) -> Row:
    return {
        "run_id": run_id,
        "owner": "",
        "chain": "chat",
        "status": "queued",
        "attempt": 1,
        "request": "{}",
        "metadata": "{}",
        "prompt": "Tell me a story",
        "response": "",
        "created_at": datetime.now(UTC),
    }
