"""Limits over HTTP: refused before anything starts, told on every answer, free for those who come back."""

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from service.api.admission import (
    ATTACHING,
    LIMIT_HEADERS,
    STARTING_GETS,
    STARTING_NOTHING,
    STREAMING_POSTS,
)
from service.app import create_app
from service.settings import Settings
from tests.amounts import BYPASSES
from tests.api.sockets import talking
from tests.api.test_bad_input import UNKNOWN, count_of_runs, problem_of
from tests.serving import Answer, Served, request_bytes, serving

ONE = "/stream?chain=numbered&query=tokens=1"
LIMIT = 5
AGES = 10**10  # seconds; a window that no test outlives: it began with the clock
LIMITED: dict[str, Any] = {
    "rate_limit_enabled": True,
    "rate_limit_requests": LIMIT,
    "rate_limit_window_seconds": AGES,
}
OWN_KEY = {"X-API-Key": "k"}


@contextmanager
def limited(**settings: Any) -> Iterator[Served]:
    with serving(**LIMITED | settings) as served:
        yield served


@contextmanager
def reading(served: Served, path: str) -> Iterator[None]:
    """A stream that has begun, and stays open."""
    with served.connected() as connection:
        connection.sendall(request_bytes("GET", path, b"", {}))
        assert b"200 OK" in connection.recv(200)
        yield


def let_in(served: Served) -> bool:
    """Once the service has noticed that a client is gone; many tries, but not without end."""
    return any(served.get(ONE).status == 200 for _ in range(300))


def refused(answer: Answer, code: str = "rate_limited") -> bool:
    if answer.status != 429:
        return False
    assert problem_of(answer)["code"] == code
    assert int(answer.headers["retry-after"]) >= 1
    return True


def test_starts_over_the_limit_are_refused_with_what_is_left_told_on_each_answer() -> None:
    with limited() as served:
        answers = [served.get(ONE) for _ in range(LIMIT + 3)]
        assert [answer.status for answer in answers] == [200] * LIMIT + [429] * 3
        assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == [
            4,
            3,
            2,
            1,
            0,
            0,
            0,
            0,
        ]
        for answer in answers:
            left, reset = answer.headers["x-ratelimit-remaining"], answer.headers["x-ratelimit-reset"]
            assert answer.headers["x-ratelimit-limit"] == str(LIMIT)
            assert answer.headers["ratelimit"] == f'"starts";r={left};t={reset}'
            assert answer.headers["ratelimit-policy"] == f'"starts";q={LIMIT};w={AGES}'
        assert all(refused(answer) for answer in answers[LIMIT:])
        assert count_of_runs(served) == LIMIT


def test_pages_of_other_origins_may_read_what_is_left() -> None:
    with limited() as served:
        answer = served.get(ONE, {"Origin": "http://localhost:3000"})
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {*LIMIT_HEADERS, "Retry-After"} <= set(exposed)


def test_whoever_has_a_run_may_come_back_to_it_read_it_and_cancel_it_all_the_same() -> None:
    with limited() as served:
        runs = [served.get(ONE).headers["x-run-id"] for _ in range(LIMIT)]
        assert refused(served.get(ONE))
        for _ in range(LIMIT * 10):
            again = served.get(ONE, {"Last-Event-ID": f"{runs[0]}.1.1"})
            assert again.status == 200 and again.headers["x-run-id"] == runs[0]
            assert served.get(f"/runs/{runs[1]}/events").status == 200
        assert served.post(f"/runs/{runs[2]}/cancel", b"").status == 200
        assert served.get("/runs").status == 200
        assert [served.get(path).status for path in ("/health", "/", "/static/app.js")] == [200, 200, 200]
        assert count_of_runs(served) == LIMIT


def test_the_route_with_the_shared_key_has_a_limit_of_its_own_by_default() -> None:
    minutes = {0, 1}
    while len(minutes) > 1:  # its window is a minute of the clock, and may have ended amid the requests
        with limited(rate_limit_requests=60, api_key="k") as served:
            begun = time()
            answers = [served.post("/secure-llm-stream", b'{"prompt": "hi"}', OWN_KEY) for _ in range(6)]
            minutes = {int(each // 60) for each in (begun, time())}
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"/secure-llm-stream";q=5;w=60'


def test_each_chat_of_a_socket_is_counted_and_the_socket_is_not() -> None:
    with limited() as served, talking(served) as talk, talking(served):
        told = [talk.ask(type="chat", message="tokens=1", chain="numbered")[-1] for _ in range(LIMIT + 1)]
        assert [message["type"] for message in told] == ["done"] * LIMIT + ["error"]
        assert told[-1]["error"] == "rate_limited" and "5 requests" in told[-1]["message"]
        assert refused(served.get(ONE)) and count_of_runs(served) == LIMIT


def test_no_header_connection_or_reconnect_gets_past_the_limit() -> None:
    chance = random.Random(11)
    with limited() as served:
        started = set()
        for _ in range(BYPASSES):
            address = f"198.51.100.{chance.randrange(256)}"
            headers: dict[str, str] = chance.choice(
                [
                    {"X-Forwarded-For": address},
                    {"X-Forwarded-For": f"{address}, 127.0.0.1", "X-Real-IP": address},
                    {"Forwarded": f"for={address}"},
                    {"X-Client-IP": address, "True-Client-IP": address, "CF-Connecting-IP": address},
                    {"Last-Event-ID": ""},
                    {"X-Forwarded-Host": "elsewhere.example", "X-Request-ID": str(chance.random())},
                ]
            )
            path = (
                f"{ONE}&idempotency_key={chance.getrandbits(64)}&{chance.choice(['after=', 'x=y', 'after'])}"
            )
            answer = served.get(path, headers)
            assert answer.status == 200 or refused(answer)
            if answer.status == 200:
                started.add(answer.headers["x-run-id"])
        assert len(started) == count_of_runs(served) == LIMIT


def test_a_cursor_makes_nothing_free_but_what_goes_on_with_a_run() -> None:
    with limited() as served:
        cursor = {"Last-Event-ID": "1"}
        for _ in range(LIMIT):
            assert served.post("/runs", b'{"chain": "numbered", "input": "tokens=1"}', cursor).status == 202
        assert refused(served.post("/runs", b'{"chain": "numbered", "input": "tokens=1"}', cursor))
        assert refused(served.post("/runs/wait", b'{"chain": "numbered", "input": "tokens=1"}', cursor))
        assert "x-ratelimit-limit" in served.get("/search?query=hi&after=1", cursor).headers


def test_of_a_trusted_proxy_each_client_has_a_limit_of_its_own() -> None:
    with limited(trusted_proxies="127.0.0.0/8") as served:
        for client in ("198.51.100.7", "198.51.100.8"):
            told = [served.get(ONE, {"X-Forwarded-For": f"1.2.3.{n}, {client}"}) for n in range(LIMIT + 1)]
            assert [answer.status for answer in told] == [200] * LIMIT + [429]


def test_tokens_that_runs_used_keep_the_next_from_starting() -> None:
    with limited(rate_limit_requests=100, rate_limit_tokens_per_minute=1) as served:
        assert served.get("/stream?chain=chat&query=hi").status == 200
        answer = served.get("/stream?chain=chat&query=hi")
        assert refused(answer) and "tokens" in problem_of(answer)["detail"]


def test_streams_over_the_bound_start_nothing_and_their_places_are_free_once_they_end(gate: str) -> None:
    held = f"/stream?chain=numbered&query=tokens=30 hold=10 gate={gate}"
    with serving(max_streams_per_key=2) as served:
        with ExitStack() as streams:
            streams.enter_context(reading(served, held))
            streams.enter_context(talking(served))
            for answer in (
                served.get(ONE),
                served.post("/runs/wait", b'{"input": "hi"}'),
                served.post("/chat/stream", b'{"message": "hi"}'),
            ):
                assert refused(answer, "too_many_streams")
            with talking(served) as talk, pytest.raises(ConnectionClosed) as closed:
                talk.hear()
            assert closed.value.rcvd and closed.value.rcvd.reason == "too_many_streams"
            assert closed.value.rcvd.code == 1013
            assert count_of_runs(served) == 1
        assert let_in(served)
        for _ in range(5):
            assert served.get(ONE).status == 200


def test_whoever_comes_back_while_too_many_streams_are_open_is_told_when_to_come_again(gate: str) -> None:
    with serving(max_streams_per_key=1) as served:
        run_id = served.get(ONE).headers["x-run-id"]
        with reading(served, f"/stream?chain=numbered&query=tokens=30 hold=10 gate={gate}"):
            answer = served.get(f"/runs/{run_id}/events")
            assert answer.status == 200 and answer.body.startswith(b"retry: ") and b"data:" not in answer.body
            assert refused(served.get(f"/runs/{run_id}/events?format=ndjson"), "too_many_streams")


def test_a_stream_whose_client_is_gone_has_no_place(gate: str) -> None:
    with serving(max_streams_per_key=1, disconnect_grace_seconds=0) as served:
        for _ in range(20):
            served.get(f"/stream?chain=numbered&query=tokens=50 hold=10 gate={gate}", cut_after=10)
            assert let_in(served)


def operations() -> list[tuple[str, str, dict[str, object]]]:
    """Method, path and description of each route that there is."""
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]
    return [(method.upper(), path, told) for path, each in paths.items() for method, told in each.items()]


def test_every_route_is_counted_but_those_that_say_they_are_free() -> None:
    with limited(rate_limit_requests=1000, rate_limit_routes="", api_key="k") as served:
        for method, path, _ in operations():
            real = re.sub(r"\{\w+\}", UNKNOWN, path)
            headers = {"Content-Type": "application/json", **OWN_KEY}
            answer = served.ask(method, real, b"" if method == "GET" else b"{}", headers)
            expected = dict.fromkeys(["/health", "/ready", *ATTACHING]).get(
                path, "10000" if is_read(method, path) else "1000"
            )
            assert answer.headers.get("x-ratelimit-limit") == expected, (method, path)


def is_read(method: str, path: str) -> bool:
    return path not in STARTING_GETS if method == "GET" else path in STARTING_NOTHING


def test_the_tables_of_what_starts_and_what_does_not_name_routes_that_there_are() -> None:
    gets = {path for method, path, _ in operations() if method == "GET"}
    others = {path for method, path, _ in operations() if method != "GET"}
    assert gets >= STARTING_GETS | ATTACHING
    assert others >= STREAMING_POSTS | STARTING_NOTHING


def test_every_get_that_is_documented_as_starting_a_run_is_counted_as_such() -> None:
    documented = {
        path
        for method, path, told in operations()
        if method == "GET" and "idempotency_key" in str(told.get("parameters"))
    }
    assert documented == STARTING_GETS
