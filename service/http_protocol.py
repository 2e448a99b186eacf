"""uvicorn's HTTP protocol, whose own refusals are problem JSON too: what it cannot parse reaches no route.

uvicorn has no bound on a request's header fields, and keeps them until the last has come; here they have one.
"""

from http import HTTPStatus

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .api.problems import problem

DETAIL = "This is no valid HTTP request, or its URL is over 64 KB: send a long prompt in a POST body."
LONGEST_URL = 65_535  # bytes; the parser's own
LINGER = 2.0  # seconds in which whoever is refused may go on sending, and so reads why, and sees no reset


class ProblemProtocol(HttpToolsProtocol):
    """Overrides what uvicorn answers with by itself, and counts what comes before the body."""

    max_headers = 100
    max_header_bytes = 32_768

    _in_head = False
    _unended = 0  # bytes of fields, or of a URL, that have not come to their end
    _field_bytes = 0
    _refused = False

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head and not self._refused:
            self._unended += len(data)
            if self._unended > LONGEST_URL + self.max_header_bytes:
                self.send_400_response("too long")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._unended, self._field_bytes = True, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._field_bytes += len(name) + len(value)
        if self._has_too_much_in_fields:
            raise ValueError("too much in header fields")  # the parser stops, and uvicorn answers

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._too_much() if self._in_fields else problem(400, "bad_http_request", DETAIL))

    @property
    def _has_too_much_in_fields(self) -> bool:
        return len(self.headers) > self.max_headers or self._field_bytes > self.max_header_bytes

    @property
    def _in_fields(self) -> bool:
        unended = self._unended > LONGEST_URL + self.max_header_bytes and len(self.url) <= LONGEST_URL
        return self.headers is not None and (unended or self._has_too_much_in_fields)

    def _too_much(self) -> Response:
        detail = (
            f"A request has at most {self.max_headers} header fields (MAX_HEADERS) with"
            f" {self.max_header_bytes} bytes (MAX_HEADER_BYTES)."
        )
        return problem(431, "headers_too_large", detail)

    def _refuse(self, answer: Response) -> None:
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # in the middle of another answer there is no place for this one
            return
        answer.headers["Connection"] = "close"
        head = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}".encode()]
        head += [b"%b: %b" % header for header in answer.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)


def bounded(max_headers: int, max_header_bytes: int) -> type[ProblemProtocol]:
    """The protocol with these bounds; uvicorn makes one of it for each connection."""
    bounds = {"max_headers": max_headers, "max_header_bytes": max_header_bytes}
    return type("BoundedProtocol", (ProblemProtocol,), bounds)
