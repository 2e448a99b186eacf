"""The asynchronous client as the other one is used, so that one test is of both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isawaitable
from typing import Any, Self, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal
from chainstream_client import AsyncChainstream, AsyncRunStream, Chainstream, Event


@contextmanager
def blocking(url: str, **options: Any) -> Iterator[Chainstream]:
    """Its streams are in a loop of their own, in a thread of their own."""
    with start_blocking_portal() as portal:
        client = AsyncChainstream(url, **options)
        with portal.wrap_async_context_manager(client):
            yield cast(Chainstream, _Blocking(client, portal))


class _Blocking:
    """An object whose coroutines are waited for, and whose streams are iterators."""

    def __init__(self, made: Any, portal: BlockingPortal) -> None:
        self._made = made
        self._portal = portal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._made, name)
        return self._waited_for(found) if callable(found) else found

    def _waited_for(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def called(*arguments: Any, **options: Any) -> Any:
            made = self._portal.call(lambda: _resolved(method(*arguments, **options)))
            return _BlockingStream(made, self._portal) if isinstance(made, AsyncRunStream) else made

        return called


async def _resolved(made: Any) -> Any:
    return await made if isawaitable(made) else made


class _BlockingStream(_Blocking):
    def __enter__(self) -> Self:
        self._portal.call(self._made.__aenter__)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        try:
            event: Event = self._portal.call(self._made.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None
        return event

    def close(self) -> None:
        self._portal.call(self._made.aclose)
