"""Bad input: problem JSON that says what was wrong and what would be right, and nothing is started."""

from typing import Any

import orjson
import pytest

from tests.serving import Answer, Served, serving

RUN = b'{"input": "hi"}'
UNKNOWN = "01m7ygjx2s21ccc2xxsq49fvwm"


def problem_of(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = orjson.loads(answer.body)
    assert problem["status"] == answer.status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"] and problem["type"]
    return problem


def count_of_runs(served: Served) -> int:
    return len(orjson.loads(served.get("/runs?limit=100").body)["items"])


GETS = [
    ("/stream", 400, "no_query", "/stream?query="),
    ("/stream?query=", 400, "no_query", "/stream?query="),
    ("/stream?query=hi&chain=nope", 404, "unknown_chain", "numbered"),
    ("/stream?query=hi&format=nope", 400, "unknown_format", "events, tokens, message, text, ndjson, openai"),
    ("/stream?query=hi&smooth=letter", 400, "bad_smooth", "word"),
    ("/stream?query=hi&format=events&smooth=word", 400, "bad_smooth", "tokens and text"),
    ("/stream?query=hi&on_gap=nope", 400, "bad_on_gap", "snapshot or error"),
    ("/stream?query=hi&idempotency_key=a b", 400, "bad_idempotency_key", "UUID"),
    ("/stream?query=hi&after=5", 400, "bad_cursor", "<run_id>.<attempt>.<seq>"),
    ("/stream?query=hi&after=nonsense", 400, "bad_cursor", "<run_id>.<attempt>.<seq>"),
    (f"/stream?query=hi&after={UNKNOWN}.1.1", 404, "run_not_found", UNKNOWN),
    (f"/runs/{UNKNOWN}", 404, "run_not_found", UNKNOWN),
    (f"/runs/{UNKNOWN}/events", 404, "run_not_found", UNKNOWN),
    ("/runs?limit=0", 422, "invalid_request", "limit"),
    ("/runs?limit=many", 422, "invalid_request", "limit"),
    ("/runs?status=dead", 422, "invalid_request", "status"),
    ("/nowhere", 404, "not_found", "/docs"),
    ("/static/nowhere.js", 404, "not_found", "/docs"),
    ("/runs/stream/", 404, "not_found", "/docs"),
]


@pytest.mark.parametrize(("path", "status", "code", "hint"), GETS, ids=[case[0] for case in GETS])
def test_a_get_that_cannot_be_done_says_what_would_be_right(
    served: Served, path: str, status: int, code: str, hint: str
) -> None:
    before = count_of_runs(served)
    problem = problem_of(served.get(path))
    assert (problem["status"], problem["code"]) == (status, code)
    assert hint in problem["detail"]
    assert count_of_runs(served) == before


POSTS = [
    ("/runs/stream", b"{bad", 400, "malformed_json", "not JSON"),
    ("/runs/stream", b"", 422, "invalid_request", "the body is missing"),
    ("/runs/stream", b"[]", 422, "invalid_request", "body"),
    ("/runs/stream", b"{}", 422, "invalid_request", "'input' is missing"),
    ("/runs/stream", b'{"input": "x", "chian": "chat"}', 422, "invalid_request", "'chian' is not known"),
    ("/runs/stream", b'{"input": "x", "chain": 7}', 422, "invalid_request", "'chain'"),
    ("/runs/stream", b'{"input": "x", "chain": "nope"}', 404, "unknown_chain", "chat"),
    ("/runs/stream", b'{"input": "x", "params": []}', 422, "invalid_request", "'params'"),
    ("/runs/stream", b'{"input": "x", "params": {"top": 1}}', 400, "unknown_param", "temperature"),
    ("/runs/stream", b'{"input": "x", "params": {"max_tokens": "3"}}', 400, "bad_param", "max_tokens"),
    ("/runs/stream", b'{"input": "x", "params": {"max_tokens": -1}}', 400, "bad_param", "max_tokens"),
    ("/runs/stream", b'{"input": "x", "model": "acme:x"}', 400, "unknown_model", "offline:demo"),
    ("/runs/stream", b'{"input": "x", "on_disconnect": "dance"}', 422, "invalid_request", "'continue'"),
    ("/runs/stream", b'{"input": 7, "chain": "chat"}', 422, "invalid_input", "messages"),
    ("/runs/stream", b'{"input": {"messages": []}}', 422, "invalid_input", "messages"),
    ("/runs/stream", b'{"input": {"messages": [{"role": "x"}]}}', 422, "invalid_input", "role"),
    ("/runs/stream", b'{"input": {"text": "x"}}', 422, "invalid_input", "messages"),
    ("/runs/stream", b'{"input": 7, "chain": "silent"}', 422, "invalid_input", "string"),
    ("/runs/stream", b'{"input": "x", "chain": "numbered", "model": "y"}', 400, "model_fixed", "leave out"),
    ("/runs/stream", b'{"input": "x", "chain": "silent", "system": "y"}', 400, "no_system", "no messages"),
    ("/runs", b'{"input": "x", "metadata": {"x": "%b"}}' % (b"y" * 20000), 422, "invalid_request", "16384"),
    ("/runs", b'{"input": %b}' % (b"[" * 101 + b"]" * 101), 422, "invalid_request", "at most 100 deep"),
    (
        "/runs",
        b'{"input": "x", "metadata": %b}' % (b'{"a":' * 900 + b"1" + b"}" * 900),
        422,
        "invalid_request",
        "100",
    ),
    ("/runs", b'{"input": %b}' % (b"[" * 100_000), 400, "bad_request", "parsing the body"),
    ("/runs/wait", b'"x"', 422, "invalid_request", "body"),
    ("/stream", b'{"query": "x"}', 422, "invalid_request", "'prompt' is missing"),
    ("/stream?stream_format=nope", b'{"prompt": "x"}', 400, "unknown_format", "text"),
    (f"/runs/{UNKNOWN}/cancel", b"", 404, "run_not_found", UNKNOWN),
    ("/chains", b"{}", 405, "method_not_allowed", "/docs"),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "hint"), POSTS, ids=[f"{case[0]} {case[1][:60]!r}" for case in POSTS]
)
def test_a_post_that_cannot_be_done_says_what_would_be_right(
    served: Served, path: str, body: bytes, status: int, code: str, hint: str
) -> None:
    before = count_of_runs(served)
    problem = problem_of(served.post(path, body))
    assert (problem["status"], problem["code"]) == (status, code)
    assert hint in problem["detail"]
    assert count_of_runs(served) == before


@pytest.mark.parametrize(
    "cursor",
    ["x", "1.x", "-1", "1.2.3.4.5", "..", "1.-2", "٣", "1e3", "9" * 30, "a" * 500, "1.2.3", f"{UNKNOWN}.1"],
)
def test_a_malformed_cursor_is_refused_whichever_way_it_comes(served: Served, cursor: str) -> None:
    run_id = served.get("/stream?chain=numbered&query=tokens=1").headers["x-run-id"]
    answers = [served.get(f"/runs/{run_id}/events?after={cursor}")]
    if cursor.isascii():
        answers.append(served.get(f"/runs/{run_id}/events", {"Last-Event-ID": cursor}))
    for answer in answers:
        assert (answer.status, problem_of(answer)["code"]) == (400, "bad_cursor")


def test_a_cursor_of_another_run_is_refused(served: Served) -> None:
    run_id = served.get("/stream?chain=numbered&query=tokens=1").headers["x-run-id"]
    answer = served.get(f"/runs/{run_id}/events", {"Last-Event-ID": f"{UNKNOWN}.1.1"})
    assert (answer.status, problem_of(answer)["code"]) == (400, "bad_cursor")


def test_a_prompt_of_two_megabytes_is_refused_in_body_and_query(served: Served) -> None:
    huge = b"x" * 2_000_000
    by_body = problem_of(served.post("/runs/stream", b'{"input": "%b"}' % huge))
    assert (by_body["status"], by_body["code"]) == (413, "body_too_large")
    assert "MAX_INPUT_BYTES" in by_body["detail"]
    by_query = orjson.loads(served.get(f"/stream?query={huge.decode()}").body)
    assert (by_query["status"], by_query["code"]) == (400, "bad_http_request")
    assert "POST" in by_query["detail"]


def test_a_query_over_the_bound_on_input_is_refused() -> None:
    with serving(max_input_bytes=1000) as served:
        problem = problem_of(served.get(f"/stream?query={'x' * 1001}"))
        assert (problem["status"], problem["code"]) == (414, "query_too_long")
        assert "MAX_INPUT_BYTES" in problem["detail"]


def test_a_body_that_does_not_announce_its_size_is_bounded_too() -> None:
    with serving(max_input_bytes=1000) as served, served.connected() as connection:
        head = (
            b"POST /runs HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nConnection: close\r\n"
        )
        chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
        assert b"413" in connection.recv(65536)


@pytest.mark.parametrize("text", [b'"\\ud800 lone"', b'"a\\u0000b"', b'"\\u2028"', b"1e400", b"NaN"])
def test_strange_json_is_taken_or_refused_but_never_breaks_the_service(served: Served, text: bytes) -> None:
    answer = served.post("/runs/wait", b'{"chain": "silent", "input": %b}' % text)
    assert answer.status in (200, 422)
    orjson.loads(answer.body)


def test_the_message_of_a_failed_chain_holds_no_secret_and_no_path(served: Served) -> None:
    answer = served.post("/runs/wait", b'{"chain": "failing", "input": "x"}')
    run = orjson.loads(answer.body)
    assert (run["status"], run["error"]["code"], run["error"]["fault"]) == ("failed", "chain_failed", "chain")
    assert b"canary" not in answer.body and b"/some/path" not in answer.body
