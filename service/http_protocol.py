"""uvicorn's HTTP protocol, whose own refusals are problem JSON too: what it cannot parse reaches no route."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .api.problems import problem

DETAIL = "This is no valid HTTP request, or its URL is over 64 KB: send a long prompt in a POST body."


class ProblemProtocol(HttpToolsProtocol):
    """Overrides the one method that uvicorn answers with by itself."""

    def send_400_response(self, msg: str) -> None:
        answer = problem(400, "bad_http_request", DETAIL, {"Connection": "close"})
        head = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in answer.raw_headers)]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()
