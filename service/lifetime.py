"""When the app's parts live: for its server's lifespan, or from the first request on where none runs.

Starlette runs no lifespan of a mounted app. Such an app starts by itself, and lives until its event loop ends
and cancels it, or the process does: at SIGTERM uvicorn leaves by the signal, once the streams have ended.
What must be closed even then needs an outer lifespan that is ours, `app.router.lifespan_context`, or enters
it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .api.problems import problem
from .errors import StartError

logger = logging.getLogger(__name__)

Lifespan = Callable[[], AbstractAsyncContextManager[None]]

NOT_STARTED = "The service could not start; its log has the reason."


class StartErrors:
    """Tells why the start or the end failed, instead of the server, which would print a traceback of it; a
    reason of the configuration is told in one sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            error = getattr(scope["app"].state, "life_error", None)
            if message["type"].endswith(".failed") and error is not None:
                _tell(error)
                message = {**message, "message": ""}
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "lifespan" else send)


class SelfStart:
    """Opens the parts at a request that finds them closed, also after a start that failed."""

    def __init__(self, app: ASGIApp, lifespan: Lifespan) -> None:
        self._app = app
        self._lifespan = lifespan
        self._life: _Life | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not hasattr(scope["app"].state, "services"):
            try:
                await self._started()
            except Exception as error:
                code = error.code if isinstance(error, StartError) else "not_started"
                await problem(503, code, NOT_STARTED)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _started(self) -> None:
        if self._life is None or self._life.over:
            self._life = _Life(self._lifespan)
        await self._life.started()


class _Life:
    """A lifespan that a task holds open, until its event loop ends."""

    def __init__(self, lifespan: Lifespan) -> None:
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        # In a context of its own: what lives on is not of the request that happened to come first.
        self._task = loop.create_task(self._hold(lifespan), context=Context())

    @property
    def over(self) -> bool:
        return self._task.done()

    async def started(self) -> None:
        await asyncio.shield(self._ready)

    async def _hold(self, lifespan: Lifespan) -> None:
        try:
            async with lifespan():
                self._ready.set_result(None)
                await asyncio.Event().wait()
        except Exception as error:
            _tell(error)
            if not self._ready.done():
                self._ready.set_exception(error)
                self._ready.exception()  # it is told above, though every request may have left by now


def _tell(error: Exception) -> None:
    if isinstance(error, StartError):
        logger.error("%s", error.message)
    else:
        logger.error("Chainstream did not start or end as it should", exc_info=error)
