"""Every operation of the OpenAPI document, asked by all who must not get in: new routes are here too."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings
from tests.access.secured import SECRET, Secured, code_of, secured, signed, unsigned

METHODS = ("get", "post", "put", "patch", "delete")
OPEN = {
    ("GET", "/health"),
    ("GET", "/ready"),
}  # all that needs no key; what the document does not list is below
OPEN_PAGES = ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/app.js"]
UNKNOWN = "01m7ygjx2s21ccc2xxsq49fvwm"

OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method.upper(), path, operation)
    for path, operations in create_app(Settings(_env_file=None)).openapi()["paths"].items()
    for method, operation in operations.items()
    if method in METHODS
]
SECURED = [(method, path) for method, path, _ in OPERATIONS if (method, path) not in OPEN]
NAMES = [f"{method} {path}" for method, path in SECURED]

SQL = "cs_' OR '1'='1' --"


@pytest.fixture(scope="module")
def service() -> Iterator[Secured]:
    with secured() as service:
        yield service


@pytest.fixture(scope="module")
def shown(service: Secured) -> dict[str, str | None]:
    """What is shown, by what is wrong with it: none of it is a key."""
    revoked = service.give(owner="ann", role="admin")
    service.revoke(revoked["key_id"])
    return {
        "nothing": None,
        "malformed": "é ;,ÿ =",
        "unknown": "cs_" + "A" * 43,
        "revoked": revoked["key"],
        "expired": signed(exp=1_000_000_000, role="admin"),
        "SQL": SQL,
        "unsigned": unsigned(),
        "signed by another": signed("x" * 40, role="admin"),
        "without an end": signed(exp=None, role="admin"),
        "without an owner": signed(sub=None, role="admin"),
        "of an empty owner": signed(sub="", role="admin"),
        "of an owner with NUL": signed(sub="a\x00b", role="admin"),
        "many dots": ".." + "." * 400,
        "nested without end": "eyJ" + "W1tb" * 1500 + "." + "e30.x",
        "a cursor of a run": f"rt_{UNKNOWN}.ffffffff.{'A' * 43}",
    }


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", UNKNOWN, path)


def test_a_route_asks_for_a_key_or_is_one_of_those_that_are_open() -> None:
    without = {(method, path) for method, path, operation in OPERATIONS if not operation.get("security")}
    assert without == OPEN
    assert len(SECURED) > 30


@pytest.mark.parametrize(("method", "path"), SECURED, ids=NAMES)
def test_nobody_gets_in_without_a_good_key(
    service: Secured, shown: dict[str, str | None], method: str, path: str
) -> None:
    for what, key in shown.items():
        answer = service.ask(method, address(path), key, {})
        assert answer.status == 401, (what, answer.text)
        assert code_of(answer) == ("no_key" if what == "nothing" else code_of(answer))
        assert answer.headers["www-authenticate"] == "Bearer"
        assert key is None or key not in answer.text
        if key is not None:
            by_header = service.served.ask(method, address(path), b"", {"X-API-Key": key})
            by_query = service.served.ask(method, f"{address(path)}?token=nothing", b"", {})
            assert (by_header.status, by_query.status) == (401, 401), what


@pytest.mark.parametrize(("method", "path"), SECURED, ids=NAMES)
def test_a_key_of_a_megabyte_is_refused_as_a_header(service: Secured, method: str, path: str) -> None:
    huge = "x" * 1_000_000
    for headers in ({"Authorization": f"Bearer {huge}"}, {"X-API-Key": huge}):
        assert service.served.ask(method, address(path), b"", headers).status in (400, 431)


@pytest.mark.parametrize(("method", "path"), SECURED, ids=NAMES)
def test_a_scope_that_is_missing_is_named(service: Secured, method: str, path: str) -> None:
    keys = {
        "viewer": signed(role="viewer"),
        "runner": service.give(scopes=["run"])["key"],
        "nobody": signed(role="stranger"),
    }
    may = {"viewer": "read", "runner": "run", "nobody": ""}
    scope = scope_of(method, path)
    for name, key in keys.items():
        answer = service.ask(method, address(path), key, {})
        if may[name] == scope:
            assert answer.status in (200, 201, 204, 400, 404, 409, 422), answer.text
        else:
            assert (answer.status, code_of(answer)) == (403, "scope_missing")
            assert f"`{scope}`" in answer.text


def scope_of(method: str, path: str) -> str:
    """What a route should need, by its name alone."""
    if path.startswith("/admin"):
        return "admin"
    if path == "/metrics":
        return "metrics"
    reads = method == "GET" and path not in ("/stream", "/chat/stream", "/openai-stream")
    return "read" if reads or path.endswith("/token") else "run"


@pytest.mark.parametrize(("method", "path"), SECURED, ids=NAMES)
def test_a_run_s_token_opens_what_reads_that_run_and_nothing_else(
    service: Secured, method: str, path: str
) -> None:
    jane = signed()
    run_id = service.run(jane)["run_id"]
    token = service.token(jane, run_id)
    reads = (method, path) in [
        ("GET", "/runs/{run_id}"),
        ("GET", "/runs/{run_id}/events"),
        ("GET", "/runs/{run_id}/tools/{tool_call_id}"),
        ("GET", "/v1/responses/{response_id}"),
    ]
    own, other = re.sub(r"\{\w+\}", run_id, path), address(path)
    by_bearer = service.ask(method, own, token, {})
    by_query = service.served.ask(method, f"{own}?token={token}", b"", {})
    if reads:
        expected = 404 if "tools" in path else 200
        assert (by_bearer.status, by_query.status) == (expected, expected)
        assert service.ask(method, other, token).status == 404
    else:
        assert (by_bearer.status, code_of(by_bearer)) == (403, "one_run_only")
        assert by_query.status == 401


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_pages_and_health_are_open(service: Secured, path: str) -> None:
    assert service.served.get(path).status == 200


def test_the_last_key_that_is_revoked_opens_nothing() -> None:
    with secured() as service:
        service.revoke(service.give()["key_id"])
        assert not service.served.app.state.services.gate.ring.is_empty


def test_the_secret_is_not_a_key(service: Secured) -> None:
    assert service.ask("GET", "/runs", SECRET).status == 401
