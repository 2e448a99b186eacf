"""A run's log in a format as a response: the only place that knows sse-starlette."""

import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from anyio import CancelScope
from fastapi import Request
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..access.caller import Caller
from ..errors import Overloaded
from ..event_log.base import START, Cursor, Record, UnknownLog
from ..run import Run, RunRequest
from ..runs import Runs
from ..subscriptions import Subscription, records_of, subscribe
from ..wire import FORMATS, ROUTE_FORMATS
from ..wire.base import Format, SSEFormat, TextualFormat
from ..wire.encoder import Encoder
from ..wire.words import WordEncoder
from .admission import LIMIT_HEADERS, OPENAI_HEADERS, visit_of
from .negotiation import attach_to, gap_is_error, idempotency_key_of, wants_words
from .pacing import in_words
from .send_watch import SendWatch
from .services import Services
from .starting import start

logger = logging.getLogger(__name__)

EXPOSED_HEADERS = (
    "X-Run-ID",
    "X-Stream-ID",
    "X-Request-ID",
    "Location",
    "Retry-After",
    *LIMIT_HEADERS,
    *OPENAI_HEADERS,
)
COME_BACK = 1_000, 5_000  # milliseconds
GRACE_AFTER_RUNS = 0.5  # seconds that streams have for their last bytes once the runs have ended


class _Stream(EventSourceResponse):
    """Bytes as they are made, for any media type; `drop_after` seconds end a reader that takes nothing, of
    which `on_drop` is told. It is read within `around`."""

    def __init__(
        self,
        content: AsyncIterator[bytes],
        *,
        drop_after: float | None,
        on_drop: Callable[[], None],
        around: AbstractContextManager[None],
        **options: Any,
    ) -> None:
        super().__init__(content, **options)
        self._drop_after = drop_after
        self._on_drop = on_drop
        self._around = around

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._around:
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._drop_after is None:
            await super().__call__(scope, receive, send)
            return
        with CancelScope() as cancellable:
            watch = SendWatch(send, cancellable, self._drop_after)
            try:
                await super().__call__(scope, receive, watch.send)
            finally:
                watch.close()
        if watch.stuck:
            logger.info("a reader that took nothing for %g s was dropped", self._drop_after)
            self._on_drop()

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """Without sse-starlette's own scope around each send, a twentieth of a paced token's CPU."""
        await send(message)


async def follow(
    services: Services,
    request: Request,
    run: Run,
    format_name: str,
    cursor: Cursor = START,
    format_: Format | None = None,
) -> Response:
    """The run from the cursor on; 204 where nothing is left, which makes an EventSource stop. `format_` is
    one of this name that a route has made for the request."""
    refuses_gap, in_whole_words = gap_is_error(request), wants_words(request, format_name)
    format_ = format_ or (FORMATS | ROUTE_FORMATS)[format_name].made_for(run.thread_id, run.metadata)
    headers = {**_headers(run.run_id), **format_.headers}
    subscription = await subscribe(services.runs, run, cursor, gap_is_error=refuses_gap)
    if subscription.at_end:
        return Response(status_code=204, headers=headers)
    times = services.times
    return _Stream(
        frames_of(services.runs, subscription, format_, in_whole_words=in_whole_words),
        headers=headers,
        media_type=format_.media_type,
        ping=times.ping if format_.ping else 0,
        ping_message_factory=lambda: format_.ping,
        sep="\n",
        drop_after=times.send_timeout,
        on_drop=partial(services.metrics.dropped, format_name),
        around=reading(services, subscription, format_name),
        shutdown_event=services.drain,
        shutdown_grace_period=times.shutdown_grace + GRACE_AFTER_RUNS,
    )


@contextmanager
def reading(services: Services, subscription: Subscription, format_name: str) -> Iterator[None]:
    """A reader reads in here: it is counted, and told in the run's trace if it has come back."""
    seen, gap = subscription.place.seq, subscription.gap
    services.metrics.joined(format_name, resumed=seen > 0, gap=gap.reason if gap else None)
    trace = subscription.run.trace
    with services.metrics.reading(format_name), trace.resumed(format_name, seen) if seen else nullcontext():
        yield


async def attach(
    services: Services,
    caller: Caller,
    request: Request,
    run_id: str,
    format_name: str,
    cursor: Cursor = START,
    format_: Format | None = None,
) -> Response:
    """The run of this id from the cursor on.

    A browser's EventSource dies at any status but 200: while the run cannot be looked up, or too many streams
    are open, it is told when to come back.
    """
    try:
        await visit_of(request).open_stream(caller)
        run = await services.runs.find(run_id, caller)
        return await follow(services, request, run, format_name, cursor, format_)
    except Overloaded:
        if not (FORMATS | ROUTE_FORMATS)[format_name]().opening(cursor.event_id(run_id)):
            raise
        back = random.randint(*COME_BACK)  # noqa: S311 - so that not all come back at once
        return Response(f"retry: {back}\n\n", headers=_headers(run_id), media_type=SSEFormat.media_type)


async def start_and_follow(
    services: Services,
    caller: Caller,
    request: Request,
    wanted: Callable[[], RunRequest],
    format_name: str,
    *,
    format_: Format | None = None,
    key: str | None = None,
) -> Response:
    """Start a run and stream it; with a cursor in the request, only go on with the run that it names.
    `key` is its idempotency key where the request has none of its own."""
    if place := attach_to(request):
        run_id, cursor = place
        return await attach(services, caller, request, run_id, format_name, cursor, format_)
    # What is wrong with the request is told before anything is started.
    gap_is_error(request), wants_words(request, format_name)
    await visit_of(request).open_stream(caller)
    key = idempotency_key_of(request) or key
    run = await start(services, request, caller, wanted(), attached=True, key=key)
    return await follow(services, request, run, format_name, format_=format_)


async def frames_of(
    runs: Runs, subscription: Subscription, format_: Format, *, in_whole_words: bool = False
) -> AsyncGenerator[bytes, None]:
    """A run's frames from where the reader joins, in the pieces that are ready at once."""
    run = subscription.run
    encoder = _encoder(subscription, format_, in_whole_words)
    # Without ids a reader cannot come back, so its run is not kept for it.
    with runs.subscribed(run, grace=None if format_.has_ids else 0):
        run.resumes += subscription.place.seq > 0
        if opening := format_.opening(subscription.place.event_id(run.run_id)):
            yield opening
        if subscription.gap:
            yield encoder.gap(subscription.gap)
            if format_.gap_is_end:
                return
        # A log that expired since the reader joined: the stream ends, and the next try is told of the gap.
        with suppress(UnknownLog):
            batches = records_of(runs, subscription, encoder.feed_after)
            async with aclosing(batches), aclosing(_chunks(batches, encoder)) as chunks:
                async for chunk in chunks:
                    yield chunk
            if run.status == "waiting":
                yield format_.paused([approval.interrupt_id for approval in run.waits.open])


def _headers(run_id: str) -> dict[str, str]:
    return {"X-Run-ID": run_id, "Cache-Control": "no-store, no-transform"}


def _encoder(subscription: Subscription, format_: Format, in_whole_words: bool) -> Encoder:
    run_id = subscription.run.run_id
    if in_whole_words and isinstance(format_, TextualFormat):
        return WordEncoder(format_, run_id, subscription.cursor)
    return Encoder(format_, run_id, subscription.cursor)


def _chunks(batches: AsyncGenerator[list[Record], None], encoder: Encoder) -> AsyncGenerator[bytes, None]:
    return in_words(batches, encoder) if isinstance(encoder, WordEncoder) else _at_once(batches, encoder)


async def _at_once(
    batches: AsyncGenerator[list[Record], None], encoder: Encoder
) -> AsyncGenerator[bytes, None]:
    async for batch in batches:
        if chunk := encoder.encode(batch):
            yield chunk
