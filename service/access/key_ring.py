"""The keys of the database: to give, list and revoke them, and to know one that is shown."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection

from ..errors import NotFound, Overloaded
from . import store
from .allowances import Budget
from .audit import row_of
from .caller import Caller
from .kept import Kept
from .keys import Key, digest_of, is_key_id

logger = logging.getLogger(__name__)

USES_WRITTEN_SECONDS = 60.0


class KeyRing:
    """`open_key_ring` makes one. Raises Overloaded where the database cannot be reached.

    `is_empty` is whether none was ever given. When keys were last used is written behind, for all together.
    """

    def __init__(self, kept: Kept, is_empty: bool) -> None:
        self._kept = kept
        self._used: dict[str, datetime] = {}
        self.is_empty = is_empty

    async def give(self, text: str, key: Key, by: Caller, address: str | None) -> None:
        """A key of `new_key`, and that it was given."""
        digest, row = digest_of(text), row_of("key_created", key.key_id, by, address)

        def given(connection: Connection) -> None:
            store.add_key(connection, key, digest)
            store.add_audit(connection, [row])

        await self._kept.write(given)
        self.is_empty = False

    async def revoke(self, key_id: str, by: Caller, address: str | None) -> None:
        """From now on it is no good. Raises NotFound."""
        row = row_of("key_revoked", key_id, by, address)

        def revoked(connection: Connection) -> bool:
            found = store.revoke_key(connection, key_id, row.at)
            if found:
                store.add_audit(connection, [row])
            return found

        if not is_key_id(key_id) or not await self._kept.write(revoked):
            raise NotFound("key_not_found", f"There is no key {key_id!r}.")

    async def page(self, *, after: str | None, limit: int) -> list[Key]:
        """The newest first, those before the key `after`."""
        await self.note_uses()
        return await self._kept.read(lambda connection: store.list_keys(connection, after=after, limit=limit))

    async def find(self, digest: bytes) -> Key | None:
        return await self._kept.read(lambda connection: store.find_key(connection, digest))

    async def budget_of(self, key_id: str) -> Budget | None:
        """The key's own, whatever has become of the key since."""
        key = await self._kept.read(lambda connection: store.find_key_by_id(connection, key_id))
        return key.own_budget if key else None

    async def redact_of(self, key_id: str) -> str:
        """The names of its rules, whatever has become of the key since."""
        key = await self._kept.read(lambda connection: store.find_key_by_id(connection, key_id))
        return (key.redact if key else None) or ""

    def use(self, key_id: str) -> None:
        """It was used now."""
        self._used[key_id] = datetime.now(UTC)

    async def note_uses(self) -> None:
        """Write when keys were last used; what cannot be written is for the next time."""
        uses, self._used = self._used, {}
        if not uses:
            return
        try:
            await self._kept.write(lambda connection: store.note_uses(connection, uses))
        except Overloaded:
            self._used = uses | self._used
            logger.warning("when keys were last used could not be written")

    async def _note_on(self) -> None:
        while True:
            await asyncio.sleep(USES_WRITTEN_SECONDS)
            await self.note_uses()


@asynccontextmanager
async def open_key_ring(kept: Kept) -> AsyncIterator[KeyRing]:
    ring = KeyRing(kept, not await kept.read(store.has_keys))
    noting = asyncio.create_task(ring._note_on())
    try:
        yield ring
    finally:
        noting.cancel()
        await asyncio.wait({noting})
        await ring.note_uses()
