"""What requests may bring, against a service of its own: refused at once, and its memory does not grow."""

import gzip
import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.amounts import BYPASSES
from tests.api.sockets import talking
from tests.api.test_bad_input import problem_of
from tests.api.test_start_and_stop import process
from tests.serving import TIMEOUT, Answer, Served, read_answer, serving

MB = 1_000_000
GROWTH = 20 * MB
HEAD = "POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


@dataclass(frozen=True)
class Process:
    """A service, its port, and its memory."""

    running: "subprocess.Popen[str]"
    port: int

    @property
    def memory(self) -> int:
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]  # Linux tells it

    @property
    def peak(self) -> int:
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]  # Linux tells it

    def forget_peak(self) -> None:
        Path(f"/proc/{self.running.pid}/clear_refs").write_text("5")

    def send(self, pieces: Sequence[bytes], times: int = 1) -> Answer:
        """Pieces until they are through or refused; then the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as connection:
            head, *rest = pieces
            connection.sendall(head)
            connection.setblocking(False)
            seen = b""
            for _ in range(times):
                for piece in rest:
                    seen += _sent(connection, piece)
                if b"\r\n\r\n" in seen:
                    break
            connection.settimeout(TIMEOUT)
            return read_answer(connection, head=seen)


def _sent(connection: socket.socket, piece: bytes) -> bytes:
    """Sends as much as is taken; returns what came meanwhile."""
    seen = b""
    view = memoryview(piece)
    while view and not seen:
        with suppress(BlockingIOError):
            seen = connection.recv(65536)
        if not seen:
            connection.settimeout(TIMEOUT)
            view = view[connection.send(view) :]
            connection.setblocking(False)
    return seen


@pytest.fixture(scope="module")
def service() -> Iterator[Process]:
    with process() as (running, port, _):
        assert running.stderr is not None
        threading.Thread(target=running.stderr.read, daemon=True).start()  # a full pipe would hold it up
        started = Process(running, port)
        for _ in range(3):  # so that what a first request loads is loaded
            started.send([_request(b'{"input": "%b"}' % (b"x" * 150_000))])
        yield started


def _request(body: bytes, *headers: str, length: int | None = None) -> bytes:
    fields = [f"Content-Length: {len(body) if length is None else length}", "Connection: close", *headers]
    return (HEAD + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode() + body


BOMB = gzip.compress(b'{"input": "' + b"x" * 50 * MB + b'"}')
CASES = {
    "1 GB announced": ([_request(b"", length=1000 * MB), b" " * 65536], 16_000, 413),
    "1 GB in chunks": ([(HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode(), CHUNK], 16_000, 413),
    "a length beyond any": ([_request(b"", length=10**30)], 1, 400),
    "a gzip bomb": ([_request(BOMB, "Content-Encoding: gzip")], 1, 415),
    "another encoding": ([_request(b"{}", "Content-Encoding: br")], 1, 415),
    "two encodings": ([_request(b"{}", "Content-Encoding: identity, gzip")], 1, 415),
    "lists 100,000 deep": ([_request(b'{"input": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")], 1, 400),
    "objects 100,000 deep": ([_request(b'{"input": ' + b'{"a":' * 100_000 + b"}" * 100_001)], 1, 400),
    "101 deep": ([_request(b'{"input": ' + b"[" * 101 + b"]" * 101 + b"}")], 1, 422),
    "NaN": ([_request(b'{"input": {"a": [NaN]}}')], 1, 422),
    "Infinity": ([_request(b'{"input": "x", "metadata": {"a": -Infinity}}')], 1, 422),
    "1e999 as a parameter": ([_request(b'{"input": "x", "params": {"temperature": 1e999}}')], 1, 422),
    "a number of 900,000 digits": ([_request(b'{"input": ' + b"1" * 900_000 + b"}")], 1, 400),
    "bytes that are no UTF-8": ([_request(b'{"input": "\xff\xfe"}')], 1, 400),
    "a prompt over its bound": ([_request(b'{"input": "%b"}' % (b"x" * 200_001))], 1, 413),
    "101 header fields": ([_request(b"{}", *(f"X-{n}: 1" for n in range(101)))], 1, 431),
    "a header of 1 MB": ([_request(b"{}", f"X-Long: {'x' * MB}")], 1, 431),
    "a header without end": ([HEAD.encode() + b"X-Long: ", b"x" * 65536], 16_000, 431),
    "headers without end": ([HEAD.encode(), b"X-A: 1\r\n" * 8192], 16_000, 431),
    "a URL without end": ([b"GET /stream?query=", b"x" * 65536], 16_000, 400),
}


@pytest.mark.parametrize(("pieces", "times", "status"), CASES.values(), ids=CASES)
def test_what_is_too_much_is_refused_and_not_kept(
    service: Process, pieces: Sequence[bytes], times: int, status: int
) -> None:
    before = service.memory
    service.forget_peak()
    answer = service.send(pieces, times)
    problem = problem_of(answer) if "x-request-id" in answer.headers else orjson.loads(answer.body)
    assert answer.status == problem["status"] == status, problem
    assert service.peak - before < GROWTH


def test_again_and_again_it_is_not_kept_either(service: Process) -> None:
    rounds = BYPASSES // len(CASES) + 1
    send_all(service, 3 * rounds)  # a refusal is kept until garbage is collected, and that is not at each
    before = service.memory
    send_all(service, rounds)
    assert service.memory - before < GROWTH


def send_all(service: Process, rounds: int) -> None:
    for _ in range(rounds):
        for pieces, times, _ in CASES.values():
            service.send(pieces, min(times, 20))


@pytest.mark.parametrize("text", [b'"\\ud800 lone"', b'"a\\u0000b"', b'"\\udc00\\ud800"', b'"\\ufffe"'])
def test_strange_characters_are_taken_and_told_as_what_utf_8_can_carry(served: Served, text: bytes) -> None:
    answer = served.post("/runs/wait", b'{"chain": "silent", "input": %b}' % text)
    assert answer.status == 200
    answer.body.decode("utf-8", "strict")


def test_an_identity_encoding_is_none(served: Served) -> None:
    body = b'{"chain": "numbered", "input": "tokens=1"}'
    assert served.post("/runs/wait", body, {"Content-Encoding": "identity"}).status == 200


PROMPTS = [
    ("/runs", {"input": "x" * 11}),
    ("/runs/stream", {"input": {"messages": [{"role": "user", "content": "x" * 11}]}}),
    ("/runs/wait", {"input": "x", "system": "x" * 10}),
    ("/stream", {"prompt": "x" * 11}),
    ("/chat/stream", {"message": "x" * 11}),
    ("/chat/stream-simple", {"message": "x" * 11}),
    ("/openai-stream", {"prompt": "x" * 11}),
    ("/llm-proxy", {"prompt": "x" * 11}),
]


def test_every_way_to_give_a_prompt_has_its_bound() -> None:
    with serving(max_prompt_chars=10) as served:
        answers = [served.post(path, orjson.dumps(body)) for path, body in PROMPTS]
        answers += [
            served.get(f"/{path}={'x' * 11}")
            for path in ("stream?query", "chat/stream?message", "openai-stream?prompt")
        ]
        for answer in answers:
            assert (answer.status, problem_of(answer)["code"]) == (413, "prompt_too_long")
        with talking(served) as talk:
            assert talk.ask(type="chat", message="x" * 11)[-1]["error"] == "prompt_too_long"
        assert orjson.loads(served.get("/runs").body)["items"] == []
        assert served.get("/stream?chain=numbered&query=tokens=1").status == 200


def test_the_bounds_of_header_fields_are_settings_and_refusals_name_them() -> None:
    with serving(max_headers=20, max_header_bytes=2000) as served:
        many = {f"X-{n}": "1" for n in range(21)}
        assert served.get("/health", {"X-A": "x" * 1000}).status == 200
        for headers in (many, {"X-A": "x" * 2000}):
            answer = served.get("/health", headers)
            assert answer.status == 431 and "MAX_HEADER" in answer.text
            assert orjson.loads(answer.body)["code"] == "headers_too_large"
