"""Rows of runs for tests that need no real ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

from service.database import Database
from service.history.tables import RUNS, THREADS

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def row(number: int, prompt: str, response: str, owner: str = "", **others: Any) -> dict[str, Any]:
    return {
        "run_id": f"{number:026}",
        "owner": owner,
        "thread_id": None,
        "chain": "chat",
        "model": "offline:small",
        "status": "succeeded",
        "attempt": 1,
        "request": "{}",
        "metadata": "{}",
        "prompt": prompt,
        "response": response,
        "created_at": BEGAN + timedelta(seconds=number),
    } | others


async def add(database: Database, *rows: dict[str, Any]) -> None:
    async with database.writing() as connection:
        await connection.execute(RUNS.insert(), list(rows))


async def add_thread(database: Database, thread_id: str) -> None:
    thread = {"thread_id": thread_id, "owner": "", "title": "", "metadata": "{}"}
    async with database.writing() as connection:
        await connection.execute(THREADS.insert(), [{**thread, "created_at": BEGAN, "updated_at": BEGAN}])
