"""The plain routes, byte for byte and down to the last marker, over a real server."""

import re
from collections.abc import Iterator

import orjson
import pytest

from tests.api.event_streams import last_id, without_opening
from tests.api.test_bad_input import problem_of
from tests.served_chains import GATES
from tests.serving import Answer, Served, request_bytes, serving

KEY = "a-key-of-this-test"


@pytest.fixture(scope="module")
def chained() -> Iterator[Served]:
    """A service whose first chain writes `run:1; run:2; …`."""
    with serving(shipped_chains=False, chains=("tests.served_chains:numbered",)) as served:
        yield served


@pytest.fixture(scope="module")
def keyed() -> Iterator[Served]:
    """The same, with a key."""
    with serving(shipped_chains=False, chains=("tests.served_chains:numbered",), api_key=KEY) as served:
        yield served


def run_of(answer: Answer) -> str:
    assert answer.status == 200 and answer.whole
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-request-id"]
    return answer.headers["x-run-id"]


def opened(run_id: str) -> str:
    return f"retry: 500\nid: {run_id}.0.0\n\n"


TIMES = re.compile(r'"(t|elapsed_ms|ttft_ms|duration_ms)":\d+')
CREATED = re.compile(r'"created_at":"[^"]*"')


def timeless(text: str) -> str:
    """The text with all that a clock wrote as 0."""
    return CREATED.sub('"created_at":"0"', TIMES.sub(r'"\1":0', text))


USAGE = (
    '"input_tokens":3,"output_tokens":7,"total_tokens":10,"cached_tokens":0,"reasoning_tokens":0,'
    '"cost_usd":null'
)


def chat_of(run_id: str) -> str:
    """What `message` tells of `tokens=2`."""
    frames = [
        ("1", "run", f'{{"t":0,"protocol":1,"run_id":"{run_id}","chain":"numbered","model":null,'
         '"thread_id":null,"attempt":1,"created_at":"0"}'),
        ("2", "message", '{"text":"run:1; ","elapsed_ms":0}'),
        ("3", "message", '{"text":"run:2; ","elapsed_ms":0}'),
        ("5", "usage", f'{{"t":0,"message_id":"m1","model":"numbered-1",{USAGE}}}'),
        ("6", "done", '{"status":"complete","t":0,"output":"run:1; run:2; ","finish_reason":"stop",'
         f'"usage":{{{USAGE}}},"ttft_ms":0,"duration_ms":0}}'),
    ]  # fmt: skip
    return opened(run_id) + "".join(
        f"id: {run_id}.1.{seq}\nevent: {name}\ndata: {data}\n\n" for seq, name, data in frames
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_chat_streams_messages_and_its_id_is_in_the_header_and_the_first_event(
    chained: Served, method: str
) -> None:
    if method == "GET":
        answer = chained.get("/chat/stream?message=tokens=2")
    else:
        answer = chained.post("/chat/stream", b'{"message": "tokens=2"}')
    run_id = run_of(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-stream-id"] == run_id
    assert timeless(answer.text) == chat_of(run_id)


def test_a_chat_that_was_cut_off_goes_on_with_the_same_run(chained: Served) -> None:
    cut = chained.get("/chat/stream?message=tokens=2", cut_after=250)
    cursor = last_id(cut.body)
    assert cursor is not None
    rest = chained.get("/chat/stream?message=tokens=2", {"Last-Event-ID": cursor})
    run_id = run_of(rest)
    assert rest.headers["x-stream-id"] == cut.headers["x-stream-id"] == run_id
    tail = timeless(without_opening(rest.body).decode())
    assert tail and chat_of(run_id).endswith(tail)


def test_a_chat_takes_another_format(chained: Served) -> None:
    assert chained.get("/chat/stream?message=tokens=2&format=text").text == "run:1; run:2; "


def test_a_cancelled_chat_ends_with_stream_cancelled_and_its_cancel_says_so(chained: Served) -> None:
    with chained.connected() as connection:
        path = "/chat/stream?message=tokens=3 hold=2 gate=chat-cancel"
        connection.sendall(request_bytes("GET", path, b"", {}))
        raw = b""
        while b"run:1; " not in raw:
            raw += connection.recv(65536)
        stream_id = re.findall(rb"(?i)x-stream-id: (\w+)", raw)[0].decode()
        answer = chained.post(f"/chat/stream/{stream_id}/cancel", b"")
        assert (answer.status, answer.body) == (200, b'{"status":"cancelled"}')
        while not raw.endswith(b"0\r\n\r\n"):
            raw += connection.recv(65536)
    assert b"\nevent: cancelled\ndata: Stream cancelled\n\n\r\n0\r\n\r\n" in raw
    again = chained.post(f"/chat/stream/{stream_id}/cancel", b"")
    assert (again.status, again.body) == (200, b'{"status":"cancelled"}')


def test_the_cancel_of_a_chat_that_has_ended_tells_how(chained: Served) -> None:
    stream_id = run_of(chained.get("/chat/stream?message=tokens=1"))
    answer = chained.post(f"/chat/stream/{stream_id}/cancel", b"")
    assert (answer.status, answer.body) == (200, b'{"status":"succeeded"}')


def test_a_simple_chat_is_its_text(chained: Served) -> None:
    answer = chained.post("/chat/stream-simple", b'{"message": "tokens=2"}')
    run_of(answer)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"run:1; run:2; "


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/openai-stream?prompt=tokens=2", b""),
        ("POST", "/openai-stream", b'{"prompt": "tokens=2"}'),
        ("POST", "/secure-llm-stream", b'{"prompt": "tokens=2"}'),
    ],
)
def test_the_plain_text_ends_with_done(keyed: Served, method: str, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    answer = keyed.ask(method, path, body, headers)
    run_of(answer)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"run:1; run:2; \n[Done]"


def test_the_plain_text_of_a_failed_run_says_so_and_ends_with_done(chained: Served) -> None:
    answer = chained.get("/openai-stream?prompt=tokens=3 fail=2")
    assert re.fullmatch(rb"run:1; \n\[Error: [^\n]+\]\n\[Done\]", answer.body)
    assert b"canary" not in answer.body


def test_without_a_prompt_the_plain_text_answers_hello(chained: Served) -> None:
    assert chained.get("/openai-stream").body.endswith(b"run:10; \n[Done]")


def test_the_proxy_sends_a_frame_per_token_and_its_end(chained: Served) -> None:
    answer = chained.post("/llm-proxy", b'{"prompt": "tokens=2"}')
    run_id = run_of(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == (
        opened(run_id)
        + f"id: {run_id}.1.2\ndata: run:1; \n\nid: {run_id}.1.3\ndata: run:2; \n\n"
        + f"id: {run_id}.1.6\nevent: done\ndata: [END]\n\n"
    )


def test_a_posted_prompt_in_openais_format_is_lines_of_its_chunks(chained: Served) -> None:
    answer = chained.post("/stream?stream_format=openai", b'{"prompt": "tokens=2"}')
    run_id = run_of(answer)
    assert answer.headers["content-type"] == "application/x-ndjson"
    head = (
        f'{{"id":"chatcmpl-{run_id}","object":"chat.completion.chunk","created":0,"model":"numbered",'
        '"choices":['
    )
    deltas = [
        ('{"role":"assistant","content":""}', "null"), ('{"content":"run:1; "}', "null"),
        ('{"content":"run:2; "}', "null"), ("{}", '"stop"'),
    ]  # fmt: skip
    assert re.sub(r'"created":\d+', '"created":0', answer.text) == "".join(
        f'{head}{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}\n' for delta, reason in deltas
    )


SECURE = "/secure-llm-stream"
PROMPT = b'{"prompt": "tokens=1"}'


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_key"),
        ({"Authorization": f"Basic {KEY}"}, "no_key"),
        ({"Authorization": "Bearer "}, "no_key"),
        ({"Authorization": "Bearer wrong"}, "wrong_key"),
        ({"X-API-Key": KEY + "x"}, "wrong_key"),
        ({"X-API-Key": "é"}, "wrong_key"),
    ],
)
def test_nobody_gets_in_without_the_key(keyed: Served, headers: dict[str, str], code: str) -> None:
    before = keyed.get("/runs", {"X-API-Key": KEY}).body
    answer = keyed.post(SECURE, PROMPT, headers)
    problem = problem_of(answer)
    assert (answer.status, problem["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert KEY not in answer.text
    assert code != "no_key" or "Authorization: Bearer" in problem["detail"]
    assert keyed.get("/runs", {"X-API-Key": KEY}).body == before


@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, {"Authorization": f"bearer {KEY}"}])
def test_the_key_lets_in_by_either_header(keyed: Served, headers: dict[str, str]) -> None:
    assert keyed.post(SECURE, PROMPT, headers).body == b"run:1; \n[Done]"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"Authorization": "Bearer x"}])
def test_where_no_key_is_configured_nobody_gets_in(served: Served, headers: dict[str, str]) -> None:
    answer = served.post(SECURE, PROMPT, headers)
    assert (answer.status, problem_of(answer)["code"]) == (401, "no_key_configured")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/chat/stream?message=hi", "/openai-stream?prompt=hi"])
def test_a_foreign_page_starts_nothing_by_a_get(served: Served, path: str) -> None:
    answer = served.get(path, {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, problem_of(answer)["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/chat/stream", {"message": "hi"}, "offline:demo"),
        ("/chat/stream", {"message": "hi", "provider": "offline"}, "offline:demo"),
        ("/chat/stream", {"message": "hi", "provider": "offline", "model": "demo"}, "offline:demo"),
        ("/chat/stream", {"message": "hi", "model": "offline:demo"}, "offline:demo"),
        ("/llm-proxy", {"prompt": "hi", "provider": "offline"}, "offline:demo"),
    ],
)
def test_a_model_and_a_provider_may_be_named(
    served: Served, path: str, body: dict[str, str], model: str
) -> None:
    run_id = run_of(served.post(path, orjson.dumps(body)))
    assert orjson.loads(served.get(f"/runs/{run_id}").body)["model"] == model


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "hint"),
    [
        ("/chat/stream", b'{"message": "x", "provider": "acme"}', 400, "unknown_provider", "offline"),
        ("/chat/stream", b'{"prompt": "x"}', 422, "invalid_request", "'message' is missing"),
        ("/chat/stream-simple", b"{}", 422, "invalid_request", "'message' is missing"),
        ("/llm-proxy", b'{"prompt": "x", "provider": "acme"}', 400, "unknown_provider", "offline"),
        ("/llm-proxy", b'{"message": "x"}', 422, "invalid_request", "'prompt' is missing"),
        ("/openai-stream", b"{}", 422, "invalid_request", "'prompt' is missing"),
        ("/chat/stream/01m7ygjx2s21ccc2xxsq49fvwm/cancel", b"", 404, "run_not_found", "no run"),
        ("/openai-stream?smooth=letter", b'{"prompt": "x"}', 400, "bad_smooth", "word"),
    ],
)
def test_what_cannot_be_done_says_what_would_be_right(
    served: Served, path: str, body: bytes, status: int, code: str, hint: str
) -> None:
    before = served.get("/runs").body
    problem = problem_of(served.post(path, body))
    assert (problem["status"], problem["code"]) == (status, code)
    assert hint in problem["detail"]
    assert served.get("/runs").body == before


def test_a_chat_without_a_message_says_how_to_send_one(served: Served) -> None:
    problem = problem_of(served.get("/chat/stream"))
    assert (problem["status"], problem["code"]) == (400, "no_message")


def test_a_plain_text_that_is_left_ends_its_run(chained: Served) -> None:
    """At once, since nobody can come back to it."""
    cut = chained.get("/openai-stream?prompt=tokens=3 hold=2 gate=plain-left", cut_after=7)
    assert GATES["plain-left"].reached.wait(20)
    for _ in range(20_000):
        run = orjson.loads(chained.get(f"/runs/{cut.headers['x-run-id']}").body)
        if run["status"] == "cancelled":
            break
    assert run["cancel_reason"] == "disconnect"
