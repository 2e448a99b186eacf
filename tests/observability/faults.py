"""A service as a process, and faults of every kind: of callers, chains, tools, providers, the database."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from fastapi import FastAPI
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.fake_provider.server import fake_provider
from tests.observability.faulty_chains import WAYS
from tests.project.commands import users_environment
from tests.serving import TIMEOUT, Served

ROOT = Path(__file__).parents[2]
PROMPT = "canary-of-a-prompt"
KEY = "canary-of-the-key-4711-0815"
SECRETS = {
    "API_KEY": KEY,
    "OPENAI_API_KEY": "canary-of-a-provider",
    "JWT_SECRET": "canary-of-a-signature-of-32-bytes",
    "UNRELATED_TOKEN": "canary-of-the-environment",
}


@dataclass(frozen=True)
class Faulty(Served):
    """A service whose output goes to files in `folder`."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    def said(self) -> list[str]:
        """All lines of both streams."""
        return [line for name in ("out", "err") for line in self.lines(name)]

    def lines(self, stream: str) -> list[str]:
        return (self.folder / stream).read_text().removesuffix("\n").split("\n")

    def run_ids(self) -> list[str]:
        with closing(sqlite3.connect(self.folder / "data.db")) as database:
            return [run_id for (run_id,) in database.execute("SELECT run_id FROM runs")]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(TIMEOUT)


@contextmanager
def process(
    folder: Path, settings: Mapping[str, str], out: int | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {"PYTHONPATH": str(ROOT), "DATABASE_URL": "sqlite:///data.db", "PYTHONUNBUFFERED": "1"}
    with (
        (folder / "out").open("wb") as output,
        (folder / "err").open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "service"],
            cwd=folder,
            env={**users_environment(**environment), **settings},
            stdout=output if out is None else out,
            stderr=errors,
        ) as running,
    ):
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def faulty_service(folder: Path, **settings: str) -> Iterator[Faulty]:
    chosen = {
        "CHAINS": "tests.observability.faulty_chains:faulty,tests.served_chains:numbered_agent",
        "OFFLINE": "0",
        "MODEL": "openai:any",
        "RATE_LIMIT_ENABLED": "false",
        "MAX_STREAMS_PER_KEY": "0",
        "PROVIDER_MAX_RETRIES": "0",
        "DISCONNECT_GRACE_SECONDS": "0",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }
    with fake_provider() as provider:
        chosen["OPENAI_BASE_URL"] = f"{provider.url}/v1"
        with process(folder, chosen | SECRETS | settings) as running:
            yield Faulty(_port_of(folder, running), FastAPI(), folder, running)


def _port_of(folder: Path, running: "subprocess.Popen[bytes]") -> int:
    while b"Chainstream on http://127.0.0.1:" not in (said := (folder / "out").read_bytes()):
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.05)
            raise AssertionError((folder / "err").read_text())
    return int(said.partition(b"http://127.0.0.1:")[2].split()[0])


Fault = Callable[[Faulty, random.Random], bytes]  # returns what the service answered

AS_ITS_OWNER = {"X-API-Key": KEY}


def a_chain_fails(service: Faulty, chance: random.Random) -> bytes:
    return _stream(service, chance, chance.choice(list(WAYS)), "faulty")


def a_provider_fails(service: Faulty, chance: random.Random) -> bytes:
    status = chance.choice((400, 401, 404, 408, 429, 500, 503))
    how = chance.choice((f"fail={status}", "cut=3", "error=2", "malformed=2", "truncate=1"))
    return _stream(service, chance, how, "chat")


def a_tool_fails(service: Faulty, chance: random.Random) -> bytes:
    return _stream(service, chance, f"tool={chance.choice(('broken', 'missing'))} tokens=2", "numbered_agent")


def a_reader_leaves(service: Faulty, chance: random.Random) -> bytes:
    path = f"/stream?chain=chat&format=events&query=tokens=50 rate=500 {PROMPT}"
    answer = service.get(path, AS_ITS_OWNER, cut_after=chance.randint(1, 900))
    if (run_id := answer.headers.get("x-run-id")) is None:  # it could not be recorded
        return answer.body
    if chance.random() < 0.5:
        service.get(f"/runs/{run_id}/events?after={chance.randint(0, 9)}&token={KEY}", AS_ITS_OWNER, 1)
    return service.post(f"/runs/{run_id}/cancel", b"{}", AS_ITS_OWNER).body


def a_request_is_wrong(service: Faulty, chance: random.Random) -> bytes:
    body = chance.choice(
        (
            f'{{"input": "{PROMPT}"'.encode(),
            orjson.dumps({"input": PROMPT, "chain": "no such"}),
            orjson.dumps({"input": PROMPT, "model": "nobody:at all"}),
            orjson.dumps({"input": [PROMPT], "chain": "chat", "thread_id": 7}),
            orjson.dumps([PROMPT]),
            PROMPT.encode("utf-16"),
        )
    )
    path = chance.choice(
        ("/runs", "/runs/wait", "/runs/stream", "/chat/stream", "/nowhere", "/openai-stream")
    )
    return service.post(f"{path}?query={PROMPT}", body, AS_ITS_OWNER).body


def a_key_is_wrong(service: Faulty, chance: random.Random) -> bytes:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canary-of-a-token"  # noqa: S105
    headers = chance.choice(
        (
            {"X-API-Key": "canary-of-a-guess"},
            {"Authorization": f"Bearer {token}"},
            {"Authorization": "Bearer " + "canary-of-a-guess" * 600},
            {"X-Request-ID": f"forged id {PROMPT}"},
        )
    )
    return service.get(f"/runs?token={token}", headers).body


def http_is_wrong(service: Faulty, chance: random.Random) -> bytes:
    with service.connected() as connection:
        connection.sendall(chance.choice((b"GET / HTTP/9\r\n\r\n", b"\x16\x03\x01", b"GET /%s HTTP/1.1\r\n")))
        connection.sendall(b"X: " + PROMPT.encode() + b"\x00\r\n\r\n")
        return connection.recv(65536)


def a_socket_says_wrong(service: Faulty, chance: random.Random) -> bytes:
    address = f"ws://127.0.0.1:{service.port}/ws/me?query={PROMPT}"
    way = chance.choice(list(WAYS))
    messages = (
        PROMPT,
        f'{{"type": "{PROMPT}"}}',
        '{"type": "resume", "run_id": "01m7ygjx2s21ccc2xxsq49fvwm", "after": 3}',
        orjson.dumps({"type": "chat", "chain": "faulty", "message": f"{way} {PROMPT}"}).decode(),
    )
    with (
        suppress(WebSocketException),
        connect(address, additional_headers=AS_ITS_OWNER, open_timeout=TIMEOUT) as connection,
    ):
        connection.send(chance.choice(messages))
        heard = connection.recv(TIMEOUT)
        if chance.random() < 0.5:
            connection.close_socket()
        return heard if isinstance(heard, bytes) else heard.encode()
    return b""


FAULTS: tuple[Fault, ...] = (
    *(a_chain_fails, a_chain_fails, a_chain_fails, a_provider_fails, a_provider_fails, a_tool_fails),
    *(a_reader_leaves, a_request_is_wrong, a_key_is_wrong, http_is_wrong, a_socket_says_wrong),
)


def _stream(service: Faulty, chance: random.Random, how: str, chain: str) -> bytes:
    format_ = chance.choice(("events", "message", "openai", "tokens", "ndjson"))
    query = f"{how} {PROMPT} {chance.randint(0, 10**9)}"
    return service.get(f"/stream?chain={chain}&format={format_}&query={query}", AS_ITS_OWNER).body


@contextmanager
def broken_tables(service: Faulty) -> Iterator[None]:
    """Meanwhile some of what is told of runs cannot be recorded: errors name the SQL and its parameters."""
    _change(
        service, f"CREATE TRIGGER broken BEFORE INSERT ON {{}} BEGIN SELECT RAISE(ABORT, '{PROMPT}'); END"
    )
    try:
        yield
    finally:
        _change(service, "DROP TRIGGER broken")


def _change(service: Faulty, statement: str) -> None:
    with closing(sqlite3.connect(service.folder / "data.db", timeout=TIMEOUT)) as database:
        database.execute(statement.format("events"))
        database.commit()


def paths() -> list[str]:
    """Folders whose names nobody needs to see."""
    return [str(ROOT), sys.prefix, os.path.dirname(os.__file__), "site-packages", "/srv/canary"]
