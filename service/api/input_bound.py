"""A bound on what a request brings: a pure ASGI middleware, so that a stream's disconnect stays visible."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem


class InputBound:
    """`max_bytes` bounds the body, and the query string, which carries prompts too."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif len(scope["query_string"]) > self._max_bytes:
            refusal = problem(414, "query_too_long", self._detail("query string"))
            await refusal(scope, receive, send)
        elif _announced(scope) > self._max_bytes:
            await problem(413, "body_too_large", self._detail("body"))(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    def _detail(self, part: str) -> str:
        return f"The {part} is over {self._max_bytes} bytes (MAX_INPUT_BYTES); send less."

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = self._max_bytes

        async def counting() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, self._detail("body"))
            return message

        await self._app(scope, counting, send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdigit() else 0
