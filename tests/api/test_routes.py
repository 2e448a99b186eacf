"""What each route answers when all is well."""

import orjson
import pytest

from tests.serving import Served, serving

HTML = {"Accept": "text/html,application/xhtml+xml"}


def loaded(body: bytes) -> dict[str, object]:
    value: dict[str, object] = orjson.loads(body)
    return value


def test_chains_are_listed_with_all_that_a_page_needs(served: Served) -> None:
    items = orjson.loads(served.get("/chains").body)["items"]
    chains = {item["name"]: item for item in items}
    assert {"chat", "agent", "numbered", "held", "made_later"} <= set(chains)
    agent = chains["agent"]
    assert agent["description"] and len(agent["examples"]) >= 2
    assert all(tool["name"] and tool["description"] and tool["input_schema"] for tool in agent["tools"])
    assert "messages" in agent["input_schema"]["properties"]
    assert [item["name"] for item in items if item["default"]] == ["chat"]
    assert (agent["model_fixed"], chains["numbered"]["model_fixed"]) == (False, True)


def test_starting_a_run_answers_at_once_and_says_where_its_events_are(served: Served) -> None:
    answer = served.post("/runs", b'{"chain": "numbered", "input": "tokens=2", "metadata": {"mine": 1}}')
    run = loaded(answer.body)
    assert answer.status == 202
    assert answer.headers["location"] == f"/runs/{run['run_id']}"
    assert run["status"] in ("queued", "running") and run["metadata"] == {"mine": 1}
    assert served.get(str(run["events_url"])).status == 200
    assert loaded(served.get(answer.headers["location"]).body)["status"] == "succeeded"


def test_waiting_answers_with_the_finished_run(served: Served) -> None:
    run = loaded(served.post("/runs/wait", b'{"chain": "numbered", "input": "tokens=3"}').body)
    assert (run["status"], run["output"]) == ("succeeded", "run:1; run:2; run:3; ")
    assert run["usage"] == {
        "input_tokens": 3,
        "output_tokens": 7,
        "total_tokens": 10,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "cost_usd": None,
    }
    assert isinstance(run["ttft_ms"], int) and isinstance(run["duration_ms"], int)


def test_a_finished_run_tells_its_tools(served: Served) -> None:
    body = b'{"chain": "agent", "input": "What is 37*43?"}'
    run = orjson.loads(served.post("/runs/wait", body).body)
    (tool,) = run["tools"]
    assert tool["status"] == "succeeded" and "1591" in str(tool["output"])
    assert orjson.loads(tool["args"]) == tool["input"]


def test_any_input_that_the_chain_takes_is_taken(served: Served) -> None:
    for given in (
        b'"tokens=1"',
        b'{"messages": [{"role": "user", "content": "tokens=1"}]}',
        b'[{"role": "system", "content": "x"}, {"role": "user", "content": "tokens=1"}]',
    ):
        run = loaded(served.post("/runs/wait", b'{"chain": "numbered", "input": %b}' % given).body)
        assert run["output"] == "run:1; "


def test_a_structured_output_is_given_as_json(served: Served) -> None:
    run = loaded(served.post("/runs/wait", b'{"chain": "structured", "input": "abc"}').body)
    assert run["output"] == {"length": 3, "seen": [1, 2]}


@pytest.mark.parametrize("chain", ["held", "made_later", "chat"])
def test_every_kind_of_build_is_served_also_with_parameters(served: Served, chain: str) -> None:
    for params in (b"{}", b'{"max_tokens": 3}', b'{"temperature": 0.5}'):
        body = b'{"chain": "%b", "input": "Tell me a story", "params": %b}' % (chain.encode(), params)
        run = orjson.loads(served.post("/runs/wait", body).body)
        assert run["status"] == "succeeded"
        assert run["finish_reason"] == ("length" if b"max_tokens" in params else "stop")


def test_runs_are_listed_newest_first_page_by_page_and_filtered() -> None:
    with serving() as served:
        started = [
            served.post("/runs/wait", b'{"chain": "%b", "input": "tokens=1"}' % chain).headers["x-run-id"]
            for chain in (b"numbered", b"silent") * 3
        ]
        listed: list[str] = []
        after = ""
        while True:
            page = orjson.loads(served.get(f"/runs?limit=4{after}").body)
            listed += [item["run_id"] for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert listed == started[::-1]
        silent = orjson.loads(served.get("/runs?chain=silent&status=succeeded").body)["items"]
        assert [item["run_id"] for item in silent] == started[::-1][::2]
        assert orjson.loads(served.get("/runs?status=failed").body) == {"items": [], "next": None}


def test_posting_a_prompt_streams_plain_text(served: Served) -> None:
    answer = served.post("/stream", b'{"prompt": "say hello"}')
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.status == 200 and "hello" in answer.text.lower()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/plain", "text/plain"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/event-stream", "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("application/json, text/plain;q=0.5", "text/plain"),
        ("image/png", "text/event-stream"),
    ],
)
def test_the_accept_header_chooses_a_format_where_the_query_does_not(
    served: Served, accept: str, media_type: str
) -> None:
    answer = served.get("/stream?chain=numbered&query=tokens=1", {"Accept": accept})
    assert answer.headers["content-type"].startswith(media_type)
    by_query = served.get("/stream?chain=numbered&query=tokens=1&format=ndjson", {"Accept": accept})
    assert by_query.headers["content-type"].startswith("application/x-ndjson")


def test_the_root_is_the_page_for_browsers_and_a_cheat_sheet_for_curl(served: Served) -> None:
    page, sheet = served.get("/", HTML), served.get("/", {"Accept": "*/*"})
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert sheet.headers["content-type"].startswith("text/plain")
    assert len(sheet.text.splitlines()) == 10 and "curl -N" in sheet.text


def test_health_answers(served: Served) -> None:
    assert loaded(served.get("/health").body) == loaded(served.get("/healthz").body) == {"status": "ok"}


def test_the_openapi_document_has_every_route_and_every_event(served: Served) -> None:
    document = orjson.loads(served.get("/openapi.json").body)
    assert {
        "/runs",
        "/runs/stream",
        "/runs/wait",
        "/runs/{run_id}",
        "/runs/{run_id}/events",
        "/runs/{run_id}/cancel",
        "/stream",
        "/chains",
        "/health",
    } <= set(document["paths"])
    schemas = document["components"]["schemas"]
    assert set(schemas["event.token"]["properties"]) == {"t", "message_id", "step", "channel", "text"}
    assert set(schemas["event.custom"]["properties"]) == {"t", "name", "data"}


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:5173", "https://[::1]:8443"])
def test_a_page_on_any_loopback_port_may_call(served: Served, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    answer = served.get("/stream?chain=numbered&query=tokens=1", headers)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] in (origin, "*")
    exposed = answer.headers["access-control-expose-headers"]
    assert {"X-Run-ID", "X-Request-ID", "Location", "Retry-After"} <= set(exposed.split(", "))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_a_foreign_page_starts_nothing(served: Served, headers: dict[str, str]) -> None:
    before = served.get("/runs").body
    answer = served.get("/stream?query=hi", headers)
    assert (answer.status, orjson.loads(answer.body)["code"]) == (403, "cross_site")
    assert "access-control-allow-origin" not in answer.headers
    assert served.get("/runs").body == before


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1"}]
)
def test_the_own_page_a_typed_address_and_curl_may_start(served: Served, headers: dict[str, str]) -> None:
    assert served.get("/stream?chain=numbered&query=tokens=1", headers).status == 200


def test_cors_origins_replaces_the_loopback_default() -> None:
    with serving(cors_origins="https://app.example") as served:
        path = "/stream?chain=numbered&query=tokens=1"
        assert served.get(path, {"Origin": "https://app.example"}).status == 200
        assert served.get(path, {"Origin": "http://localhost:3000"}).status == 403
        preflight = served.ask(
            "OPTIONS",
            "/runs/stream",
            b"",
            {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
        )
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"


def test_a_strange_request_id_is_replaced_and_a_good_one_kept(served: Served) -> None:
    assert served.get("/health", {"X-Request-ID": "abc.DEF-1_2"}).headers["x-request-id"] == "abc.DEF-1_2"
    for bad in ("a b", "x" * 129, "<script>"):
        assert served.get("/health", {"X-Request-ID": bad}).headers["x-request-id"] != bad
