"""OpenAI's own SDK reads a real server's stream: through pings, and to a failure."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from openai import APIError, OpenAI, Stream
from openai.types.chat import ChatCompletionChunk

from tests.served_chains import GATES
from tests.serving import TIMEOUT, Served, request_bytes, serving


class Redirecting(httpx2.BaseTransport):
    """Sends what the SDK asks to the route that has the format, whose paths are not OpenAI's."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wire = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        timeout = {"timeout": request.extensions["timeout"]}
        return self._wire.handle_request(httpx2.Request("GET", self._url, extensions=timeout))

    def close(self) -> None:
        self._wire.close()


@contextmanager
def streaming(served: Served, query: str) -> Iterator[Stream[ChatCompletionChunk]]:
    url = f"{served.url}/stream?chain=numbered&format=openai&query={query}"
    http_client = httpx2.Client(transport=Redirecting(url), timeout=TIMEOUT)
    with (
        OpenAI(base_url=served.url, api_key="none", max_retries=0, http_client=http_client) as client,
        client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": "hi"}], stream=True
        ) as stream,
    ):
        yield stream


def await_pings(served: Served, count: int) -> None:
    """As many as another reader of a quiet stream gets; each is a line of its own, with one end."""
    with served.connected() as watching:
        path = "/stream?chain=numbered&format=openai&query=hold=1 gate=sdk-quiet"
        watching.sendall(request_bytes("GET", path, b"", {}))
        raw = b""
        while raw.count(b"\r\n: ping\n\r\n") < count:
            raw += watching.recv(65536)
    GATES["sdk-quiet"].open()


def test_the_sdk_reads_the_answer_through_pings() -> None:
    with serving(ping_seconds=0.02) as served, streaming(served, "tokens=3 hold=2 gate=sdk") as stream:
        chunks = [next(stream), next(stream)]
        await_pings(served, 5)  # so this stream has had some too
        GATES["sdk"].open()
        chunks += list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "run:1; run:2; run:3; "
    assert (chunks[0].choices[0].delta.role, chunks[-1].choices[0].finish_reason) == ("assistant", "stop")
    assert chunks[0].model == "numbered" and chunks[0].id.startswith("chatcmpl-")


def test_the_sdk_raises_what_failed_after_what_was_said(served: Served) -> None:
    said = ""
    with (
        streaming(served, "tokens=3 fail=2") as stream,
        pytest.raises(APIError) as raised,
    ):
        for chunk in stream:
            said += chunk.choices[0].delta.content or ""
    assert said == "run:1; "
    assert raised.value.code == "provider_failed" and "canary" not in raised.value.message
