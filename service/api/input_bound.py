"""A bound on what a request brings: a pure ASGI middleware, so that a stream's disconnect stays visible."""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem

LINGER = 2.0  # seconds in which whoever is refused may go on sending, and so reads why, and sees no reset


class InputBound:
    """`max_bytes` bounds the body, and the query string, which carries prompts too. A body is taken as it is:
    one that is compressed could be of any size."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            await refusal(scope, receive, _lingering(receive, send))
        else:
            await self._counted(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if len(scope["query_string"]) > self._max_bytes:
            return problem(414, "query_too_long", self._detail("query string"))
        if (coding := headers.get("content-encoding", "identity").strip().lower()) != "identity":
            detail = f"The body is encoded as {coding[:40]!r}: send it as it is, without Content-Encoding."
            return problem(415, "encoded_body", detail)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_bytes:
            return problem(413, "body_too_large", self._detail("body"))
        return None

    def _detail(self, part: str) -> str:
        return f"The {part} is over {self._max_bytes} bytes (MAX_INPUT_BYTES); send less."

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        left, over = self._max_bytes, False
        lingering = _lingering(receive, send)

        async def counting() -> Message:
            nonlocal left, over
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                over = True
                raise HTTPException(413, self._detail("body"))
            return message

        async def sending(message: Message) -> None:
            await (lingering if over else send)(message)

        await self._app(scope, counting, sending)


def _lingering(receive: Receive, send: Send) -> Send:
    """The answer goes at once; its end, at which the server may close, once the client has sent all of its
    body, or has had its time."""

    async def sending(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        await _discard(receive)
        await send({"type": "http.response.body"})

    return sending


async def _discard(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
