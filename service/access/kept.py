"""What access reads from the database and writes there; where it cannot, callers are told to come back."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from ..database import Database
from ..database_hold import DatabaseInUse
from ..errors import Overloaded

T = TypeVar("T")

ANSWER_SECONDS = 5.0
UNREACHABLE = (OperationalError, InterfaceError, NoConnection, DatabaseInUse, OSError, TimeoutError)


class Kept:
    """Units of work as a Database has them. Each raises Overloaded where it cannot be reached: `what` of it
    is told, as `keys`."""

    def __init__(self, database: Database, what: str = "keys") -> None:
        self._database = database
        self._what = what

    async def read(self, work: Callable[[Connection], T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._database.read(work)
        except UNREACHABLE as error:
            raise self._unreachable() from error

    async def write(self, work: Callable[[Connection], T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._database.write(work)
        except UNREACHABLE as error:
            raise self._unreachable() from error

    def _unreachable(self) -> Overloaded:
        message = f"The database cannot be reached: {self._what} can be neither checked nor changed now."
        return Overloaded(f"{self._what}_unavailable", message, retry_after=1, busy=True)
