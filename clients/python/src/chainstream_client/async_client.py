"""The client for asynchronous code; what it does is in calls.py and following.py."""

from collections.abc import Sequence
from typing import Self

import httpx2
from typing_extensions import Unpack

from . import calls
from .answers import ChainList, Run, RunPage, RunSummary, ThreadPage, ThreadWithRuns, ToolResult
from .async_connection import AsyncConnection
from .async_run_stream import AsyncRunStream
from .cursor import START, Cursor
from .decisions import Decision
from .following import Following
from .options import RunOptions
from .parts import Status
from .retry import Retry
from .service_address import TIMEOUT, ServiceAddress


class AsyncChainstream:
    """As `Chainstream`, with `await`."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        retry: Retry | None = None,
        timeout: httpx2.Timeout | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        address = ServiceAddress(base_url, api_key, timeout or TIMEOUT)
        self._connection = AsyncConnection(address, retry or Retry(), http_client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._connection.aclose()

    # --- runs ------------------------------------------------------------------------------------------

    def stream(self, input: object, **options: Unpack[RunOptions]) -> AsyncRunStream:
        """Starts a run and streams its events; the request is sent when the stream is opened or first
        read."""
        start = calls.start_and_stream(input, options)
        following = Following(self._connection.retry, start=start)
        return AsyncRunStream(self._connection, following)

    def resume(self, run_id: str, after: str | int | None = None) -> AsyncRunStream:
        """A run's events after a cursor, which is an event's `id` or its number; from the first without
        one."""
        cursor = START if after is None else Cursor.given(str(after))
        return AsyncRunStream(
            self._connection, Following(self._connection.retry, run_id=run_id, cursor=cursor)
        )

    async def wait(self, input: object, **options: Unpack[RunOptions]) -> Run:
        """Starts a run and returns it once it is over, whether it succeeded or not, or waits for a person."""
        async with self.stream(input, **options) as stream:
            return await stream.wait()

    async def start(self, input: object, **options: Unpack[RunOptions]) -> RunSummary:
        """Starts a run and returns at once; it goes on with nobody reading it."""
        return await self._connection.ask(calls.start(input, options))

    async def cancel(self, run_id: str) -> Run:
        """Cancels a run; one that had ended stays as it was."""
        return await self._connection.ask(calls.cancel(run_id))

    async def decide(self, run_id: str, interrupt_id: str, decisions: Decision | Sequence[Decision]) -> Run:
        """Answers what a run asks, with one decision for each request, in their order."""
        return await self._connection.ask(calls.decide(run_id, interrupt_id, decisions))

    async def get_run(self, run_id: str) -> Run:
        return await self._connection.ask(calls.run(run_id))

    async def get_tool(self, run_id: str, tool_call_id: str) -> ToolResult:
        """A tool call with its whole result, also where its `ToolEnd` is `truncated`."""
        return await self._connection.ask(calls.tool(run_id, tool_call_id))

    async def list_runs(
        self,
        *,
        status: Status | None = None,
        chain: str | None = None,
        thread_id: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> RunPage:
        """The newest first; `after` is `next` of the page before."""
        return await self._connection.ask(
            calls.runs(status=status, chain=chain, thread_id=thread_id, limit=limit, after=after)
        )

    # --- chains and threads ----------------------------------------------------------------------------

    async def chains(self) -> ChainList:
        return await self._connection.ask(calls.chains())

    async def list_threads(self, *, limit: int | None = None, after: str | None = None) -> ThreadPage:
        """The one that was used last first; `after` is `next` of the page before."""
        return await self._connection.ask(calls.threads(limit=limit, after=after))

    async def get_thread(self, thread_id: str, *, all_branches: bool = False) -> ThreadWithRuns:
        """With the runs that lead to the latest one, or with those of all branches."""
        return await self._connection.ask(calls.thread(thread_id, all_branches=all_branches))
