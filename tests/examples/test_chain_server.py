"""The client server hands a stream on as it comes, keeps its key, and leaves nothing running unread."""

import json
import re
import socket
from collections.abc import Iterator
from time import monotonic
from typing import Any

import orjson
import pytest

from tests.examples.chained import MARK, chained
from tests.examples.running import python, run
from tests.served_chains import GATES
from tests.serving import TIMEOUT, Served, request_bytes, serving

KEY = "the-key-of-the-client-server"


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    """Asks for a key, and waits for nobody who has left."""
    chains = ("numbered=tests.served_chains:numbered",)
    with serving(chains=chains, shipped_chains=False, api_key=KEY, disconnect_grace_seconds=0) as served:
        yield served


@pytest.fixture(scope="module")
def client(service: Served) -> Iterator[Served]:
    with chained(service.url, key=KEY) as client:
        yield client


def asking(message: str) -> bytes:
    return orjson.dumps({"message": message})


def event_ids(stream: str) -> list[str]:
    return re.findall(r"^id: (.+)$", stream, re.MULTILINE)


def read_until(connection: socket.socket, text: bytes) -> bytes:
    got = b""
    while text not in got:
        piece = connection.recv(65536)
        assert piece, got
        got += piece
    return got


def asked(service: Served, path: str) -> Any:
    return orjson.loads(service.get(path, {"authorization": f"Bearer {KEY}"}).body)


def ended(service: Served, run_id: str) -> str:
    """How a run ended, once it has."""
    deadline = monotonic() + TIMEOUT
    while (status := asked(service, f"/runs/{run_id}")["status"]) == "running":
        assert monotonic() < deadline, "the run goes on"
    return str(status)


def test_what_it_streams_is_the_services_bytes_with_comments_between_frames(
    client: Served, service: Served
) -> None:
    relayed = client.post("/api/chat/stream", asking("tokens=9 wide=100000"))  # frames of several pieces
    run_id = relayed.headers["x-run-id"]
    direct = service.get(f"/runs/{run_id}/events?after=0", {"authorization": f"Bearer {KEY}"})
    assert MARK.sub(b"", relayed.body) == direct.body
    assert len(MARK.findall(relayed.body)) > 1
    assert len(MARK.findall(relayed.body)) == len(re.findall(rb"\n\n: client-server", relayed.body))
    assert relayed.whole and relayed.headers["content-type"].startswith("text/event-stream")


def test_a_token_is_at_the_browser_before_the_next_is_written(client: Served, gate: str) -> None:
    with client.connected() as browser:
        body = asking(f"tokens=3 hold=2 gate={gate}")
        browser.sendall(request_bytes("POST", "/api/chat/stream", body, {"Content-Type": "application/json"}))
        read_until(browser, b"run:1; ")  # the model waits at its gate meanwhile
        GATES[gate].open()
        read_until(browser, b"run:3; ")


def test_a_stream_goes_on_after_the_last_event_that_the_browser_had(client: Served) -> None:
    whole = client.post("/api/chat/stream", asking("tokens=5")).text
    ids = event_ids(whole)
    rest = client.get(f"/api/runs/{ids[0][:26]}/events", {"Last-Event-ID": ids[4]}).text
    assert event_ids(rest)[1:] == ids[5:]
    assert client.get(f"/api/runs/{ids[0][:26]}/events", {"Last-Event-ID": ids[-1]}).status == 204


def test_without_streaming_the_run_comes_whole_and_says_how_long_this_hop_took(client: Served) -> None:
    answer = client.post("/api/chat", asking("tokens=3"))
    assert orjson.loads(answer.body)["output"] == "run:1; run:2; run:3; "
    assert re.fullmatch(r"client-server;dur=\d+\.\d", answer.headers["server-timing"])


@pytest.mark.parametrize("path", ["/api/chat/stream", "/api/chat"])
def test_a_browser_that_leaves_ends_its_run(client: Served, service: Served, gate: str, path: str) -> None:
    prompt = f"tokens=3 hold=2 gate={gate}"
    with client.connected() as browser:
        browser.sendall(request_bytes("POST", path, asking(prompt), {"Content-Type": "application/json"}))
        assert GATES[gate].reached.wait(10)
    [run] = asked(service, "/runs?limit=1")["items"]
    assert ended(service, run["run_id"]) == "cancelled"  # though its gate stays closed


def test_a_run_is_stopped_by_its_own_route(client: Served, service: Served, gate: str) -> None:
    with client.connected() as browser:
        body = asking(f"tokens=3 hold=2 gate={gate}")
        browser.sendall(request_bytes("POST", "/api/chat/stream", body, {"Content-Type": "application/json"}))
        [run_id] = re.findall(rb"^x-run-id: (\w+)", read_until(browser, b"run:1; "), re.MULTILINE)
        assert client.post(f"/api/runs/{run_id.decode()}/cancel", b"{}").status == 200
        assert b'"reason":"user"' in read_until(browser, b"event: cancelled\n") + browser.recv(65536)


def test_the_key_is_in_nothing_that_a_browser_gets(client: Served) -> None:
    for answer in (
        client.get("/"),
        client.post("/api/chat", asking("tokens=1")),
        client.post("/api/chat/stream", asking("tokens=1")),
        client.get("/openapi.json"),
    ):
        assert answer.status == 200
        assert KEY not in answer.text + json.dumps(answer.headers)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_other_sites_do_not_spend_the_key(client: Served, headers: dict[str, str]) -> None:
    assert client.post("/api/chat", asking("tokens=1"), headers).status == 403


def test_a_form_of_another_site_is_no_question(client: Served) -> None:
    """One that needs no preflight, from a browser that does not say where it comes from."""
    answer = client.ask("POST", "/api/chat", asking("tokens=1"), {"Content-Type": "text/plain"})
    assert answer.status == 422


def test_another_name_for_this_address_is_not_answered(client: Served) -> None:
    with client.connected() as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n")
        assert b" 400 " in read_until(browser, b"\r\n")


@pytest.mark.parametrize("path", ["/api/runs/../admin/events", "/api/runs/x%2F..%2F..%2Fadmin/events"])
def test_no_other_route_of_the_service_is_reached(client: Served, path: str) -> None:
    assert client.get(path).status in (404, 422)


def test_what_the_service_refuses_is_refused_in_its_words(service: Served) -> None:
    with chained(service.url, key=KEY, chain="nowhere") as client:
        answer = client.post("/api/chat/stream", asking("hi"))
    assert (answer.status, orjson.loads(answer.body)["code"]) == (404, "unknown_chain")


def test_a_service_that_is_gone_is_said_in_a_sentence(nowhere: str) -> None:
    with chained(nowhere) as client:
        for path in ("/api/chat", "/api/chat/stream"):
            answer = client.post(path, asking("hi"))
            assert (answer.status, orjson.loads(answer.body)) == (
                502,
                {"detail": "The service cannot be reached."},
            )


def test_it_does_not_start_without_a_service(nowhere: str) -> None:
    ended = run(python("example_streaming_chain_server.py"), nowhere)
    assert ended.status == 1
    assert re.fullmatch(rf"There is no service at {nowhere}: start it with `make run`.*\n", ended.complained)
