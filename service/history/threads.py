"""Threads: conversations as trees of runs. A run follows another; what was said before is never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, delete, select, tuple_, update

from ..events import Status
from .account import text_of
from .tables import RUNS, THREADS

LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class StoredThread:
    """A thread's row."""

    thread_id: str
    title: str
    metadata: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """A run as a part of its thread."""

    run_id: str
    parent_run_id: str | None
    status: Status
    chain: str
    model: str | None
    request: str
    response: str
    created_at: datetime

    def messages(self) -> list[dict[str, Any]]:
        """What this turn adds to the conversation: what was new in its input, and its answer."""
        if not self.response:
            return []
        given = orjson.loads(self.request)["input"]
        asked = _messages_in(given, begins=self.parent_run_id is None)
        return [*asked, {"role": "assistant", "content": self.response}]


_THREAD = [THREADS.c[name] for name in StoredThread.__slots__]
_TURN = [RUNS.c[name] for name in Turn.__slots__]


def title_of(given: Any) -> str:
    """A thread's title, from its first message."""
    title = " ".join(text_of(given).split())
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"


def branch(turns: Sequence[Turn], leaf: str | None) -> list[Turn]:
    """The turns that lead to a run, from the first on; `turns` are all of the thread's."""
    by_id = {turn.run_id: turn for turn in turns}
    found: list[Turn] = []
    while leaf is not None and (turn := by_id.pop(leaf, None)):
        found.append(turn)
        leaf = turn.parent_run_id
    return found[::-1]


def conversation(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """The messages of these turns, in order."""
    return [message for turn in turns for message in turn.messages()]


def _messages_in(given: Any, *, begins: bool) -> list[dict[str, Any]]:
    """Of an input. Who sends the whole conversation at each turn has its new part after the last answer; what
    a thread begins with is new as a whole."""
    messages = given.get("messages") if isinstance(given, Mapping) else given
    if not isinstance(messages, list):
        return [{"role": "user", "content": text_of(given)}]
    answers = [at for at, message in enumerate(messages) if _role_of(message) in ("assistant", "ai")]
    new = messages[answers[-1] + 1 :] if answers and not begins else messages
    return [message for message in new if _role_of(message) not in ("system", "developer")]


def _role_of(message: Any) -> str:
    return str(message.get("role", message.get("type", ""))) if isinstance(message, Mapping) else ""


def _is(owner: str, thread_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return THREADS.c.thread_id == thread_id, THREADS.c.owner == owner


def find(connection: Connection, owner: str, thread_id: str) -> StoredThread | None:
    found = connection.execute(select(*_THREAD).where(*_is(owner, thread_id))).one_or_none()
    return StoredThread(*found) if found else None


def newest(
    connection: Connection, *, owner: str, after: tuple[datetime, str] | None, limit: int
) -> list[StoredThread]:
    """Those that were used last come first; `after` is the time and id of the last one of the page before."""
    place = tuple_(THREADS.c.updated_at, THREADS.c.thread_id)
    newest_first = THREADS.c.updated_at.desc(), THREADS.c.thread_id.desc()
    query = select(*_THREAD).where(THREADS.c.owner == owner).order_by(*newest_first).limit(limit)
    if after is not None:
        query = query.where(place < after)
    return [StoredThread(*found) for found in connection.execute(query)]


def turns_of(connection: Connection, owner: str, thread_id: str) -> list[Turn]:
    """All its runs, the oldest first."""
    query = select(*_TURN).where(RUNS.c.thread_id == thread_id, RUNS.c.owner == owner).order_by(RUNS.c.run_id)
    return [Turn(*found) for found in connection.execute(query)]


def create(connection: Connection, owner: str, thread: StoredThread) -> bool:
    """Whether there was none of this id."""
    if find(connection, owner, thread.thread_id):
        return False
    row = {name: getattr(thread, name) for name in StoredThread.__slots__}
    connection.execute(THREADS.insert(), [{**row, "owner": owner}])
    return True


def change(connection: Connection, owner: str, thread_id: str, values: Mapping[str, str]) -> bool:
    """Whether it is there."""
    query = update(THREADS).where(*_is(owner, thread_id)).values(**values)
    return connection.execute(query).rowcount > 0


def remove(connection: Connection, owner: str, thread_id: str) -> bool:
    """With its runs and all that is kept of them; whether it was there."""
    return connection.execute(delete(THREADS).where(*_is(owner, thread_id))).rowcount > 0
