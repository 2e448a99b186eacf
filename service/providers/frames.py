"""The dicts in a provider's server-sent events, without the steps that its SDK takes for each of them.

Almost all of a stream is `data: {…}` and a blank line, which is read here. From the first thing on that is
not, `[DONE]`, an error, what is no JSON, a connection that breaks, it is the SDK that reads.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson


async def dicts_in(stream: Any) -> AsyncIterator[Any]:
    """What the SDK's stream of dicts yields, and what it raises."""
    if response := getattr(stream, "response", None):  # else the SDK is new to us
        stream.response = rest = _Rest(response)
        try:
            async for piece in rest.pieces:
                for chunk in rest.take(piece):
                    yield chunk
                if rest.is_strange:
                    break
        except Exception as error:
            rest.error = error  # the SDK has its own for it
    async for chunk in stream:
        yield chunk


class _Rest:
    """An HTTP response; its bytes are those that nobody has taken."""

    def __init__(self, response: Any) -> None:
        # As they come, where nothing has to be decoded: each of httpx's steps is a generator that must wake.
        encoded = "content-encoding" in response.headers
        self.pieces: AsyncIterator[bytes] = response.aiter_bytes() if encoded else aiter(response.stream)
        self.is_strange = False
        self.error: Exception | None = None
        self._response = response
        self._left = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    def take(self, piece: bytes) -> list[dict[str, Any]]:
        """The dicts that this piece completes, up to the first thing that is none."""
        *frames, self._left = (self._left + piece).split(b"\n\n")
        chunks: list[dict[str, Any]] = []
        for index, frame in enumerate(frames):
            if frame.startswith(b":") and b"\n" not in frame:
                continue  # a comment, which keeps the connection open
            chunk = _dict_in(frame)
            if chunk is None:
                self._left = b"\n\n".join([*frames[index:], self._left])
                self.is_strange = True
                return chunks
            chunks.append(chunk)
        self.is_strange = b"\r" in self._left  # it has other line ends; JSON has none
        return chunks

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """What is left, as the SDK asks for it."""
        yield self._left
        if self.error is not None:
            raise self.error
        async for piece in self.pieces:
            yield piece


def _dict_in(frame: bytes) -> dict[str, Any] | None:
    if not frame.startswith(b"data:"):
        return None
    try:
        chunk = orjson.loads(frame[5:])
    except orjson.JSONDecodeError:
        return None
    return chunk if type(chunk) is dict and not chunk.get("error") else None
