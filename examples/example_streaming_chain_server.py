"""A client server: browser → this → Chainstream → provider, with no buffering at any hop.

    make run                                              # in the repository, in another terminal
    python examples/example_streaming_chain_server.py     # needs fastapi, httpx2 and uvicorn
    open http://127.0.0.1:8001                            # example_streaming_chain_ui.html

The key stays here: browsers never see it, and may only do what the routes below do. What the service streams
is handed on as it comes, byte for byte. After each piece that ends a frame a comment is added, which every
reader of server-sent events skips: the milliseconds since the browser asked, so that the page can draw this
hop. When a browser leaves, its connection to the service is closed too, which cancels the run unless somebody
comes back for it (DISCONNECT_GRACE_SECONDS).

CHAINSTREAM_URL, CHAINSTREAM_KEY and CHAINSTREAM_CHAIN say where the service is, who asks, and what (its first
chain without it); HOST and PORT where to listen. Before others can reach it, put your own sign-in in front,
and your server's name into NAMES: whoever can use this spends your key.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx2
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, Response, StreamingResponse

PAGE = Path(__file__).with_name("example_streaming_chain_ui.html")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:;"
    " connect-src 'self'"
)
NAMES = ["127.0.0.1", "localhost"]  # by which browsers may ask
HANDED_ON = ("content-type", "cache-control", "x-accel-buffering", "x-run-id", "retry-after")
SILENCE = 40.0  # seconds; the service sends a ping every 15
T = TypeVar("T")


class Question(BaseModel):
    """What a browser may ask: no more of the service's own request than this."""

    message: str = Field(min_length=1, max_length=20_000)


Once = Annotated[str, Header(max_length=128, description="Sent twice, the question starts one run.")]
RunId = Annotated[str, PathParameter(pattern="^[0-9a-z]{26}$")]


def create_app(service: str, key: str = "", chain: str | None = None) -> FastAPI:
    """The client server of one service."""
    client = httpx2.AsyncClient(
        base_url=service,
        headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
        timeout=httpx2.Timeout(5, read=SILENCE, pool=None),
        limits=httpx2.Limits(max_connections=None),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(title="Client server", lifespan=lifespan, dependencies=[Depends(_own_page)])
    # Else a page elsewhere could have its name point here, and would be our own page to the browser.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=NAMES)

    def starting(path: str, question: Question, once: str, **options: Any) -> httpx2.Request:
        body = {"input": question.message} | ({"chain": chain} if chain else {})
        headers = {"Idempotency-Key": once} if once else {}
        return client.build_request("POST", path, json=body, headers=headers, **options)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    @app.post("/api/chat/stream")
    async def stream(question: Question, request: Request, idempotency_key: Once = "") -> Response:
        """Ask, and have the answer as it is written."""
        return await _relayed(client, request, starting("/runs/stream", question, idempotency_key))

    @app.post("/api/chat")
    async def whole(question: Question, request: Request, idempotency_key: Once = "") -> Response:
        """Ask, and have the run once it is over, which may be quiet until then."""
        patient = httpx2.Timeout(5, read=None)
        wait = starting("/runs/wait", question, idempotency_key, timeout=patient)
        return await _relayed(client, request, wait)

    @app.get("/api/runs/{run_id}/events")
    async def go_on(
        run_id: RunId, request: Request, last_event_id: Annotated[str, Header()] = ""
    ) -> Response:
        """Go on with an answer after the event of this id."""
        headers = {"Accept": "text/event-stream"} | (
            {"Last-Event-ID": last_event_id} if last_event_id else {}
        )
        return await _relayed(
            client, request, client.build_request("GET", f"/runs/{run_id}/events", headers=headers)
        )

    @app.post("/api/runs/{run_id}/cancel")
    async def cancel(run_id: RunId, request: Request) -> Response:
        return await _relayed(client, request, client.build_request("POST", f"/runs/{run_id}/cancel"))

    return app


def _own_page(sec_fetch_site: Annotated[str, Header()] = "none") -> None:
    """Other sites' pages may not spend the key through somebody's browser."""
    if sec_fetch_site not in ("none", "same-origin"):
        raise HTTPException(403, "Only the page of this server may ask it.")


async def _relayed(client: httpx2.AsyncClient, request: Request, upstream: httpx2.Request) -> Response:
    """The service's answer, whatever it is; a stream piece by piece."""
    began = time.perf_counter()
    try:
        answer = await _while_connected(request, client.send(upstream, stream=True))
    except httpx2.TransportError:
        raise HTTPException(502, "The service cannot be reached.") from None
    if answer is None:
        return Response(status_code=499)  # nobody reads it
    headers = {name: answer.headers[name] for name in HANDED_ON if name in answer.headers}
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return StreamingResponse(_pieces(answer, began), answer.status_code, headers)
    try:
        body = await answer.aread()
    except httpx2.TransportError:
        raise HTTPException(502, "The service's answer was cut off.") from None
    headers["server-timing"] = f"client-server;dur={_milliseconds(began):.1f}"
    return Response(body, answer.status_code, headers)


async def _while_connected(request: Request, asked: Coroutine[Any, Any, T]) -> T | None:
    """What is asked for; given up as soon as the browser leaves, and then None."""
    asking, leaving = asyncio.create_task(asked), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return asking.result() if asking.done() else None
    finally:
        asking.cancel(), leaving.cancel()
        await asyncio.gather(asking, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _pieces(answer: httpx2.Response, began: float) -> AsyncGenerator[bytes, None]:
    """A stream that ends early ends early here too: who reads it goes on, as from the service itself."""
    end = b""
    try:
        async for piece in answer.aiter_raw():
            end = (end + piece)[-2:]
            whole = end == b"\n\n"  # else the piece ends inside of a frame, where nothing may be added
            yield piece + b": client-server %.1f\n\n" % _milliseconds(began) if whole else piece
    except httpx2.TransportError:
        return
    finally:
        await answer.aclose()


def _milliseconds(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def main() -> None:
    service = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
    try:
        httpx2.get(f"{service}/health", timeout=5).raise_for_status()
    except httpx2.HTTPError:
        sys.exit(f"There is no service at {service}: start it with `make run`, or set CHAINSTREAM_URL.")
    app = create_app(service, os.environ.get("CHAINSTREAM_KEY", ""), os.environ.get("CHAINSTREAM_CHAIN"))
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8001"))
    print(f"Client server of {service} on http://{host}:{port}", flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    main()
