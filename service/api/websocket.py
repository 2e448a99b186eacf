"""WS /ws/{client_id}: one chat at a time over a socket; cancelled, resumed and answered while it streams."""

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..errors import ChainstreamError, Conflict, InvalidRequest, TooLarge
from ..event_log.base import START, Cursor
from ..runs import Run, RunRequest
from ..subscriptions import Subscription, parse_cursor, subscribe
from ..wire.websocket import WebSocketFormat, refusal
from .bodies import Clean, ThreadId
from .problems import sentence_of
from .services import Services, ServicesOf
from .streaming import frames_of

logger = logging.getLogger(__name__)

GOING_AWAY, FAILED = 1001, 1011  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
CLIENT_ID_CHARS = 128  # of it that are kept with the run

router = APIRouter()


class ChatMessage(BaseModel):
    """Start a chat."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["chat"]
    message: Annotated[str, Clean]
    chain: str | None = None
    model: str | None = None
    provider: str | None = None
    thread_id: ThreadId = None


class CancelMessage(BaseModel):
    """Cancel the chat that runs, or waits for a person."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["cancel"]


class ResumeMessage(BaseModel):
    """Go on with a run, of this socket or another."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["resume"]
    run_id: str
    after: str | int = 0


Said = Annotated[ChatMessage | CancelMessage | ResumeMessage, Field(discriminator="type")]
_SAID: TypeAdapter[ChatMessage | CancelMessage | ResumeMessage] = TypeAdapter(Said)

RIGHT = (
    'send {"type": "chat", "message": "…"}, {"type": "cancel"}'
    ' or {"type": "resume", "run_id": "…", "after": "<id>"}'
)


@router.websocket("/ws/{client_id}")
async def talk(websocket: WebSocket, client_id: str, services: ServicesOf) -> None:
    """Any number of sockets may have the same client id; it is kept with the runs that they start."""
    await websocket.accept()
    socket = _Socket(websocket, client_id[:CLIENT_ID_CHARS], services)
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

    def __init__(self, websocket: WebSocket, client_id: str, services: Services) -> None:
        self._websocket = websocket
        self._client_id = client_id
        self._services = services
        self._run: Run | None = None
        self._telling: asyncio.Task[None] | None = None

    async def hear(self, message: Message) -> None:
        """Do what a message says; what cannot be done is told. Raises WebSocketDisconnect at its end."""
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        try:
            await self._do(self._parsed(message.get("text")))
        except ChainstreamError as error:
            await self._send(refusal(error.code, error.message).rstrip())

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

    def _parsed(self, text: str | None) -> ChatMessage | CancelMessage | ResumeMessage:
        if text is None:
            raise InvalidRequest("bad_message", f"Binary messages are not taken: {RIGHT}.")
        bound = self._services.max_input_bytes
        if len(text) > bound or len(text.encode(errors="replace")) > bound:
            raise TooLarge("message_too_large", f"The message is over {bound} bytes (MAX_INPUT_BYTES).")
        try:
            return _SAID.validate_json(text)
        except ValidationError as error:
            said = "; ".join(map(sentence_of, error.errors(include_url=False)))
            raise InvalidRequest("bad_message", f"{said}: {RIGHT}.") from None

    async def _do(self, said: ChatMessage | CancelMessage | ResumeMessage) -> None:
        if isinstance(said, CancelMessage):
            await self._cancel()
            return
        if self._tells:
            raise Conflict("busy", "A chat runs on this socket: cancel it, or wait for its end.")
        if isinstance(said, ChatMessage):
            request = self._request(said)
            run = await self._services.runs.start(request, attached=True)
            await self._tell(run, START)
        else:
            run = self._services.runs.get(said.run_id)
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
        return self._telling is not None and not self._telling.done()

    async def _cancel(self) -> None:
        run = self._run
        if run is None or (run.ended.is_set() and not self._tells):
            raise Conflict("not_running", "Nothing runs on this socket.")
        if self._tells:
            await self._services.runs.cancel(run.run_id)
        else:  # it waits for a person
            told = Cursor((await self._services.runs.log.extent(run.run_id)).last)
            await self._services.runs.cancel(run.run_id)
            await self._tell(run, told)

    async def _tell(self, run: Run, cursor: Cursor) -> None:
        runs = self._services.runs
        subscription = await subscribe(runs, run, cursor)
        if subscription.at_end:  # so that the client hears how it ended, and does not wait
            subscription = await subscribe(runs, run, Cursor(cursor.seq - 1))
        self._run = run
        self._telling = asyncio.create_task(self._tell_all(subscription))

    async def _tell_all(self, subscription: Subscription) -> None:
        frames = frames_of(self._services.runs, subscription, WebSocketFormat())
        try:
            async with aclosing(frames) as chunks:
                async for chunk in chunks:
                    for line in chunk.splitlines():
                        await self._send(line)
        except WebSocketDisconnect:
            pass  # whoever reads the socket hears of it too
        except Exception:
            logger.exception("a WebSocket could not be told of the run %s", subscription.run.run_id)
            await self._close(FAILED)

    async def _send(self, line: bytes) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect(GOING_AWAY)
        await self._websocket.send_text(line.decode())

    async def _close(self, code: int) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):  # it was closed before
            await self._websocket.close(code)
