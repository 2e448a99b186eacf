"""The way to a service, for code that waits in its thread: what is asked once, and what is streamed."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from time import sleep
from typing import TypeVar

import httpx2

from .calls import Call, Request
from .errors import refusal
from .event_source import event_source
from .parts import Part
from .reconnecting import Reconnecting
from .retry import ONCE, Retry, Tries
from .service_address import LIMITS, ServiceAddress

Answer = TypeVar("Answer", bound=Part)
Item = TypeVar("Item")


class Connection:
    """Closes the HTTP client only if it is its own."""

    def __init__(self, address: ServiceAddress, retry: Retry, http: httpx2.Client | None = None) -> None:
        self.retry = retry
        self._address = address
        self._http = http or httpx2.Client(limits=LIMITS)
        self._is_own = http is None

    def close(self) -> None:
        if self._is_own:
            self._http.close()

    def ask(self, call: Call[Answer]) -> Answer:
        """Raises ChainstreamError."""
        tries = Tries(self.retry if call.repeatable else ONCE)
        while True:
            try:
                with self._open(call.request) as response:
                    body = response.read()
            except httpx2.RequestError as error:
                sleep(tries.pause_after(error))
                continue
            if response.is_success:
                return call.read(body)
            sleep(tries.pause_after(refusal(response.status_code, response.headers, body)))

    def read(self, streamed: Reconnecting[Item]) -> Generator[Item | None, None, None]:
        """What is streamed, and None each time that a connection is open. Raises ChainstreamError."""
        while streamed.wants_more:
            sleep(streamed.pause)
            try:
                yield from self._read_once(streamed)
            except httpx2.RequestError as error:
                streamed.broke(error)
            streamed.closed()

    def _read_once(self, streamed: Reconnecting[Item]) -> Generator[Item | None, None, None]:
        with self._open(streamed.request()) as response:
            status, headers = response.status_code, response.headers
            if not streamed.accepts(status, headers):
                if (item := streamed.turned_away(status, headers, response.read())) is not None:
                    yield item
                return
            yield None
            for sse in event_source(response):
                if (item := streamed.frame(sse.event, sse.id, sse.data, sse.retry)) is not None:
                    yield item
                if not streamed.reading:
                    return

    def _open(self, request: Request) -> AbstractContextManager[httpx2.Response]:
        """A request's answer, whose body is yet to be read."""
        return self._http.stream(**self._address.arguments(request))
