"""WS /ws/{client_id}: one chat at a time over a socket; cancelled, resumed and answered while it streams."""

import asyncio
import logging
from contextlib import aclosing, suppress

from anyio import CancelScope
from fastapi import APIRouter
from starlette.types import Message, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..access.caller import Caller
from ..errors import ChainstreamError, Conflict, Unauthorized
from ..event_log.base import START, Cursor
from ..run import Run, RunRequest
from ..subscriptions import Subscription, parse_cursor, subscribe
from ..wire.websocket import WebSocketFormat, refusal
from .access import require
from .admission import visit_of
from .negotiation import checked_key
from .send_watch import SendWatch
from .services import Services, ServicesOf
from .socket_badge import SocketBadge, close_of
from .socket_messages import CancelMessage, ChatMessage, ResumeMessage, message_of
from .starting import start
from .streaming import frames_of, reading

logger = logging.getLogger(__name__)

# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
GOING_AWAY, FAILED, TRY_AGAIN = 1001, 1011, 1013
ENDS = tuple(b'{"type":"%b"' % name for name in (b"done", b"error", b"cancelled"))
LAST = (*ENDS, b'{"type":"paused"')
WEBSOCKET = "/ws/{client_id}"
FORMAT = "websocket"
CLIENT_ID_CHARS = 128  # of it that are kept with the run

router = APIRouter()


@router.websocket(WEBSOCKET)
async def talk(websocket: WebSocket, client_id: str, services: ServicesOf) -> None:
    """Any number of sockets may have the same client id; it is kept with the runs that they start."""
    badge = SocketBadge(services, websocket)
    await websocket.accept(badge.subprotocol)
    try:
        await visit_of(websocket).open_stream(await badge.caller())
    except ChainstreamError as error:
        await websocket.close(*close_of(error))
        return
    socket = _Socket(websocket, client_id[:CLIENT_ID_CHARS], services, badge)
    leaving = asyncio.create_task(socket.leave_at_shutdown())
    try:
        with suppress(WebSocketDisconnect):
            while True:
                await socket.hear(await websocket.receive())
    finally:
        leaving.cancel()
        await asyncio.wait({leaving})
        await socket.stop()


class _Socket:
    """What one client says, and the run that it is told of."""

    def __init__(self, websocket: WebSocket, client_id: str, services: Services, badge: SocketBadge) -> None:
        self._websocket = websocket
        self._client_id = client_id
        self._services = services
        self._badge = badge
        self._run: Run | None = None
        self._telling: asyncio.Task[None] | None = None
        self._told = self._told_end = False

    async def hear(self, message: Message) -> None:
        """Do what a message says; what cannot be done is told. Raises WebSocketDisconnect at its end."""
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        try:
            said = message_of(message.get("text"), self._services.max_input_bytes)
            await self._do(said, await self._badge.caller())
        except Unauthorized as error:  # the key was revoked or has expired since
            await self._close(*close_of(error))
        except ChainstreamError as error:
            await self._send(refusal(error.code, error.message).rstrip(), self._websocket.send)

    async def leave_at_shutdown(self) -> None:
        """Once the service drains: tell the run to its end, then close."""
        await self._services.drain.begun.wait()
        if self._telling:
            await asyncio.wait({self._telling})
        await self._close(GOING_AWAY)

    async def stop(self) -> None:
        """Tell no more; the run's grace begins."""
        if self._telling:
            self._telling.cancel()
            await asyncio.wait({self._telling})

    async def _do(self, said: ChatMessage | CancelMessage | ResumeMessage, caller: Caller) -> None:
        require(caller, "read" if isinstance(said, ResumeMessage) else "run")
        if isinstance(said, CancelMessage):
            await self._cancel(caller)
            return
        if self._tells:
            raise Conflict("busy", "A chat runs on this socket: cancel it, or wait for its end.")
        if self._telling:
            await asyncio.wait({self._telling})
        if isinstance(said, ChatMessage):
            request, key = self._request(said), checked_key(said.idempotency_key)
            await visit_of(self._websocket).admit("start", WEBSOCKET, caller)
            run = await start(self._services, self._websocket, caller, request, attached=True, key=key)
            await self._tell(run, START)
        else:
            run = await self._services.runs.find(said.run_id, caller)
            await self._tell(run, parse_cursor(str(said.after), run.run_id)[1])

    def _request(self, said: ChatMessage) -> RunRequest:
        return RunRequest(
            chain=said.chain,
            input=said.message,
            model=self._services.registry.model_named(said.model, said.provider),
            thread_id=said.thread_id,
            metadata={"client_id": self._client_id},
        )

    @property
    def _tells(self) -> bool:
        """Until the client has the last message of a run: it may then start the next at once."""
        return self._telling is not None and not self._telling.done() and not self._told

    async def _cancel(self, caller: Caller) -> None:
        run = self._run
        if run is None or (run.ended.is_set() and not self._tells):
            raise Conflict("not_running", "Nothing runs on this socket.")
        before = Cursor((await self._services.runs.log.extent(run.run_id)).last)
        await self._services.runs.cancel(run.run_id, caller)
        if self._telling and run.ended.is_set():
            await asyncio.wait({self._telling})
        if not self._tells and not self._told_end:  # who told it had stopped where it waits for a person
            await self._tell(run, before)

    async def _tell(self, run: Run, cursor: Cursor) -> None:
        runs = self._services.runs
        subscription = await subscribe(runs, run, cursor)
        if subscription.at_end:  # so that the client hears how it ended, and does not wait
            subscription = await subscribe(runs, run, Cursor(cursor.seq - 1))
        self._run, self._told, self._told_end = run, False, False
        self._telling = asyncio.create_task(self._tell_all(subscription))

    async def _tell_all(self, subscription: Subscription) -> None:
        seconds = self._services.times.send_timeout
        with CancelScope() as scope:
            watch = SendWatch(self._websocket.send, scope, seconds) if seconds else None
            try:
                with reading(self._services, subscription, FORMAT):
                    await self._tell_each(subscription, watch.send if watch else self._websocket.send)
            except WebSocketDisconnect:
                pass  # whoever reads the socket hears of it too
            except Exception:
                logger.exception("a WebSocket could not be told of the run %s", subscription.run.run_id)
                await self._close(FAILED)
            finally:
                if watch:
                    watch.close()
        if watch and watch.stuck:
            logger.info("a WebSocket that took nothing for %g s was dropped", seconds)
            self._services.metrics.dropped(FORMAT)
            await self._close(TRY_AGAIN)  # it hears of it once it reads on

    async def _tell_each(self, subscription: Subscription, send: Send) -> None:
        frames = frames_of(self._services.runs, subscription, WebSocketFormat())
        async with aclosing(frames) as chunks:
            async for chunk in chunks:
                for line in chunk.splitlines():
                    self._told, self._told_end = line.startswith(LAST), line.startswith(ENDS)
                    await self._send(line, send)

    async def _send(self, line: bytes, send: Send) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect(GOING_AWAY)
        try:
            await send({"type": "websocket.send", "text": line.decode()})
        except RuntimeError as error:  # uvicorn's, once it has closed a socket that answers no ping
            raise WebSocketDisconnect(GOING_AWAY) from error

    async def _close(self, code: int, reason: str = "") -> None:
        with suppress(RuntimeError, WebSocketDisconnect):  # it was closed before
            await self._websocket.close(code, reason)
