"""Who may talk over the WebSocket, by a header or, as pages must, by a subprotocol."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from tests.access.secured import SHARED, Secured, secured, signed
from tests.api.sockets import Talk, talking, types_of


@pytest.fixture(scope="module")
def service() -> Iterator[Secured]:
    with secured() as service:
        yield service


def closed(talk: Talk) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as error:
        talk.hear()
    received = error.value.rcvd
    assert received is not None
    return received.code, received.reason


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"X-API-Key": SHARED}},
        {"additional_headers": {"Authorization": f"Bearer {SHARED}"}},
        {"subprotocols": ["chainstream", f"key.{SHARED}"]},
        {"subprotocols": [f"key.{SHARED}", "chainstream"]},
        {"subprotocols": ["chainstream", f"key.{signed()}"]},
    ],
)
def test_a_key_lets_in_by_a_header_or_a_subprotocol(service: Secured, options: Any) -> None:
    with talking(service.served, **options) as talk:
        assert talk.connection.subprotocol == ("chainstream" if "subprotocols" in options else None)
        assert types_of(talk.ask(type="chat", message="tokens=1", chain="numbered"))[-1] == "done"


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (None, "no_key"),
        ("key.cs_" + "A" * 43, "wrong_key"),
        ("key.", "no_key"),
        ("token.rt_nonsense", "wrong_token"),
        ("key." + signed(exp=1_000_000_000), "wrong_token"),
    ],
)
def test_without_a_good_key_a_socket_is_closed_with_a_code_that_pages_see(
    service: Secured, shown: str | None, code: str
) -> None:
    asked: Any = ["chainstream", *([shown] if shown else [])]
    with talking(service.served, subprotocols=asked) as talk:
        assert closed(talk) == (4401, code)


def test_a_run_s_token_resumes_its_run_and_does_nothing_else(service: Secured) -> None:
    jane = signed(sub="of-this-test")
    mine, other = (service.run(jane)["run_id"] for _ in range(2))
    asked: Any = ["chainstream", f"token.{service.token(jane, mine)}"]
    with talking(service.served, subprotocols=asked) as talk:
        assert types_of(talk.ask(type="resume", run_id=mine))[-1] == "done"
        for said, code in (
            ({"type": "resume", "run_id": other}, "run_not_found"),
            ({"type": "chat", "message": "x"}, "scope_missing"),
            ({"type": "cancel"}, "scope_missing"),
        ):
            talk.say(**said)
            assert talk.hear()["error"] == code
    assert len(orjson.loads(service.ask("GET", "/runs", jane).body)["items"]) == 2


def test_a_viewer_starts_nothing_over_a_socket(service: Secured) -> None:
    with talking(service.served, subprotocols=["chainstream", f"key.{signed(role='viewer')}"]) as talk:
        talk.say(type="chat", message="x")
        assert talk.hear()["error"] == "scope_missing"


def test_a_key_that_is_revoked_ends_an_open_socket_at_its_next_message(service: Secured) -> None:
    key = service.give(owner="ann")
    with talking(service.served, additional_headers={"X-API-Key": key["key"]}) as talk:
        assert types_of(talk.ask(type="chat", message="tokens=1", chain="numbered"))[-1] == "done"
        service.revoke(key["key_id"])
        talk.say(type="chat", message="tokens=1", chain="numbered")
        assert closed(talk) == (4401, "wrong_key")
