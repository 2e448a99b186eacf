"""Pages of other sites, and names that are not ours: nothing is started, no socket opened, nothing told."""

import itertools
import random
import re
import socket

import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from service.api.browsers import OPEN_FILES, OPEN_PATHS
from service.app import create_app
from service.settings import Settings
from tests.access.secured import code_of
from tests.amounts import BYPASSES
from tests.api.sockets import talking
from tests.api.test_bad_input import UNKNOWN, count_of_runs, problem_of
from tests.serving import TIMEOUT, Answer, Served, read_answer, serving

EVIL = "https://evil.example"
ORIGINS = [None, "null", EVIL, "http://localhost.evil.example", "http://127.0.0.1.evil.example", "file://"]
SITES = [None, "cross-site", "same-site", "nonsense"]
MODES = [None, "no-cors", "cors", "navigate", "websocket"]
FOREIGN = [
    {
        name: value
        for name, value in zip(("Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode"), each, strict=True)
        if value is not None
    }
    for each in itertools.product(ORIGINS, SITES, MODES)
    if each[0] is not None or each[1] is not None
]
RUN = b'{"input": "hi", "prompt": "hi", "message": "hi"}'
QUERY = "?query=hi&prompt=hi&message=hi"
SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def operations() -> list[tuple[str, str]]:
    """Of all routes that there are, and so of each new one, with ids and prompts filled in."""
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]
    filled = [(method.upper(), re.sub(r"\{\w+\}", UNKNOWN, path)) for path in paths for method in paths[path]]
    return [(method, path + (QUERY if method == "GET" else "")) for method, path in filled]


CLOSED = [each for each in operations() if each[1].partition("?")[0] not in OPEN_PATHS]


def asked(served: Served, method: str, path: str, headers: dict[str, str]) -> Answer:
    return served.ask(method, path, b"" if method == "GET" else RUN, headers)


@pytest.mark.parametrize(("method", "path"), CLOSED, ids=[" ".join(each) for each in CLOSED])
def test_no_route_does_anything_for_a_page_of_another_site(served: Served, method: str, path: str) -> None:
    before = count_of_runs(served)
    some = random.Random(path).sample(FOREIGN, 12)
    for headers in some:
        for kind in ("application/json", "text/plain"):
            answer = asked(served, method, path, {**headers, "Content-Type": kind})
            assert (answer.status, code_of(answer)) == (403, "cross_site"), headers
            assert "access-control-allow-origin" not in answer.headers
    assert count_of_runs(served) == before


def test_of_all_routes_only_health_and_readiness_are_open_to_other_sites() -> None:
    opened = [path for _, path in operations() if path.partition("?")[0] in OPEN_PATHS]
    assert opened == [f"/health{QUERY}", f"/ready{QUERY}"]


@pytest.mark.parametrize("headers", FOREIGN, ids=[",".join(each.values()) for each in FOREIGN])
def test_every_mark_of_another_site_keeps_a_run_from_starting(
    served: Served, headers: dict[str, str]
) -> None:
    before = count_of_runs(served)
    assert served.get("/stream?query=hi", headers).status == 403
    assert count_of_runs(served) == before


@pytest.mark.parametrize("origin", [origin for origin in ORIGINS if origin])
@pytest.mark.parametrize("site", SITES)
def test_no_page_of_another_site_opens_a_socket(served: Served, origin: str, site: str | None) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    with pytest.raises(InvalidStatus) as refused, talking(served, origin=origin, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 403


def test_a_link_from_another_site_leads_to_the_page_and_its_files(served: Served) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/", "/docs", "/openapi.json", "/health", f"{OPEN_FILES}app.js"):
        assert served.get(path, {**link, "Accept": "text/html"}).status == 200
    assert served.ask("POST", "/", b"x", link).status == 403


@pytest.mark.parametrize("origins", ["", "*", "https://app.example", f"{EVIL},https://app.example"])
def test_no_answer_lets_pages_send_credentials(origins: str) -> None:
    with serving(cors_origins=origins) as served:
        for origin in (EVIL, "https://app.example", "http://localhost:3000"):
            preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for answer in (
                served.ask("OPTIONS", "/runs", b"", preflight),
                served.get("/runs", {"Origin": origin, "Cookie": "a=b"}),
                served.get("/health", {"Origin": origin, "Cookie": "a=b"}),
            ):
                assert "access-control-allow-credentials" not in answer.headers


def raw(served: Served, *hosts: str, path: str = "/stream?query=hi") -> Answer:
    lines = [f"GET {path} HTTP/1.1", *(f"Host: {host}" for host in hosts), "Connection: close", "", ""]
    with served.connected() as connection:
        connection.sendall("\r\n".join(lines).encode())
        return read_answer(connection)


OURS = [
    "localhost",
    "LOCALHOST:8000",
    "127.0.0.1:1",
    "127.1.2.3",
    "[::1]:8000",
    "app.localhost",
    "localhost.",
]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "0x7f000001.example",
    "[::1].evil.example",
    "192.168.0.7",
    "",
]


@pytest.mark.parametrize("host", OURS)
def test_on_loopback_its_names_are_answered_to(served: Served, host: str) -> None:
    assert raw(served, host, path="/chains").status == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_on_loopback_a_page_that_gave_its_own_name_our_address_gets_nothing(
    served: Served, host: str
) -> None:
    before = count_of_runs(served)
    for path in ("/", "/runs", "/stream?query=hi", "/static/app.js", "/nowhere"):
        answer = raw(served, host, path=path)
        assert (answer.status, problem_of(answer)["code"]) == (400, "bad_host")
    assert count_of_runs(served) == before


def test_a_socket_by_another_name_is_not_opened(served: Served) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        socket.create_connection(("127.0.0.1", served.port)) as plain,
    ):
        connect("ws://evil.example/ws/me", sock=plain, open_timeout=TIMEOUT, proxy=None)
    assert refused.value.response.status_code == 400


def test_no_host_and_two_hosts_are_refused(served: Served) -> None:
    assert raw(served, path="/runs").status == 400
    assert raw(served, "localhost", "evil.example", path="/runs").status == 400


def test_allowed_hosts_are_answered_to_and_no_others_but_probes_are() -> None:
    with serving(allowed_hosts="api.example,*.inner.example") as served:
        for host in ("api.example", "API.example:443", "a.inner.example", "b.a.inner.example"):
            assert raw(served, host, path="/chains").status == 200
        for host in ("localhost", "127.0.0.1", "inner.example", "xapi.example", "api.example.evil.example"):
            assert raw(served, host, path="/chains").status == 400
        assert raw(served, "10.1.2.3:8000", path="/health").status == 200


def test_what_a_trusted_proxy_passes_on_may_have_any_host() -> None:
    with serving(trusted_proxies="127.0.0.1") as served:
        assert raw(served, "api.example", path="/chains").status == 200


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", "same-origin"),
        ("/docs", "same-origin"),
        ("/runs", "same-origin"),
        ("/chains", "same-origin"),
        ("/stream?chain=numbered&query=tokens=1", "same-origin"),
        ("/stream", "same-origin"),
        ("/nowhere", "same-origin"),
        ("/health", "same-origin"),
        ("/static/app.js", "cross-origin"),
    ],
)
def test_every_answer_tells_browsers_what_not_to_do_with_it(served: Served, path: str, policy: str) -> None:
    headers = served.get(path, {"Accept": "text/html"} if path == "/" else {}).headers
    assert {name: headers.get(name) for name in SAFE} == SAFE | {"cross-origin-resource-policy": policy}


def test_refusals_before_any_route_tell_it_too(served: Served) -> None:
    for answer in (
        raw(served, "evil.example"),
        served.get("/stream?query=hi", {"Origin": EVIL}),
        served.post("/runs", b"x" * 2_000_000),
        served.post("/runs", b"x", {"Content-Encoding": "gzip"}),
    ):
        assert answer.status >= 400
        assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    unparsed = served.get(f"/{'x' * 70_000}")
    assert unparsed.status == 400 and unparsed.headers["x-content-type-options"] == "nosniff"


def test_run_ids_and_request_ids_of_any_form_break_nothing_and_reach_no_header() -> None:
    chance = random.Random(3)
    letters = "ab01-._~%00/\\'\";<>\r\n\t\0é💥"
    with serving() as served:
        for _ in range(BYPASSES // 3):
            text = "".join(chance.choices(letters, k=chance.randint(1, 30)))
            answer = served.get("/runs/" + text.translate({13: None, 10: None, 0: None}).replace("%", "%25"))
            assert answer.status in (403, 404, 400)
            told = text.encode("ascii", "ignore").decode().translate({13: None, 10: None, 0: None})
            kept = served.get("/health", {"X-Request-ID": told}).headers["x-request-id"]
            assert re.fullmatch(r"[\w.-]{1,128}", kept)


def test_no_origin_is_reflected_that_is_not_allowed(served: Served) -> None:
    for origin in [origin for origin in ORIGINS if origin]:
        answer = served.get("/health", {"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        assert orjson.loads(answer.body) == {"status": "ok"}
