"""The audit log: who gave, revoked and deleted what, and who was refused.

What is done is written before it is acknowledged. Refusals are written behind the requests, so many a minute
and so many in all: whoever guesses keys fills no disk and pushes nothing else out. No row holds a key or a
token.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection

from ..errors import Overloaded
from . import store
from .caller import Caller
from .kept import Kept
from .store import AuditRow

logger = logging.getLogger(__name__)

DENIED = "denied"
EVERY_SECONDS = 60.0
DENIED_AT_ONCE = 30  # rows that refusals make in that time; of more, their number is written
DENIED_KEPT = 10_000


class Audit:
    """Writes and reads it; `open_audit` makes one. Raises Overloaded where the database cannot be reached."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._denied: list[AuditRow] = []
        self._untold = 0

    async def write(self, action: str, subject: str, caller: Caller, address: str | None) -> None:
        """Somebody did this to `subject`."""
        row = row_of(action, subject, caller, address)
        await self._kept.write(lambda connection: store.add_audit(connection, [row]))

    async def page(self, *, after: int | None, limit: int) -> list[tuple[int, AuditRow]]:
        """The newest first, each with its id, those before the id `after`."""
        await self.flush()
        return await self._kept.read(
            lambda connection: store.list_audit(connection, after=after, limit=limit)
        )

    def deny(self, code: str, caller: Caller | None, address: str | None) -> None:
        """Somebody was refused; `code` is what they were told."""
        if len(self._denied) >= DENIED_AT_ONCE:
            self._untold += 1
            return
        self._denied.append(row_of(DENIED, code, caller, address))

    async def flush(self) -> None:
        """Write the refusals so far; what cannot be written is lost."""
        rows, self._denied = self._denied, []
        untold, self._untold = self._untold, 0
        if untold:
            rows.append(row_of(DENIED, f"and {untold} more", None, None))
        if not rows:
            return
        try:
            await self._kept.write(lambda connection: _write_denied(connection, rows))
        except Overloaded:
            logger.warning("%d refusals could not be written to the audit log", len(rows) + untold)

    async def _flush_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.flush()


def _write_denied(connection: Connection, rows: list[AuditRow]) -> None:
    store.add_audit(connection, rows)
    store.forget_audit(connection, DENIED, DENIED_KEPT)


@asynccontextmanager
async def open_audit(kept: Kept) -> AsyncIterator[Audit]:
    audit = Audit(kept)
    flushing = asyncio.create_task(audit._flush_on())
    try:
        yield audit
    finally:
        flushing.cancel()
        await asyncio.wait({flushing})
        await audit.flush()


def row_of(action: str, subject: str, caller: Caller | None, address: str | None) -> AuditRow:
    """Of a moment ago."""
    return AuditRow(
        at=datetime.now(UTC),
        key_id=caller.key_id if caller else None,
        owner=caller.owner if caller else None,
        action=action,
        subject=subject[:128],
        address=address[:64] if address else None,
    )
