"""Below /v1 every error is of OpenAI's shape, whoever refuses; elsewhere it is a problem as ever."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.serving import Answer, Served, serving

CHAT = "/v1/chat/completions"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    with serving(max_input_bytes=2_000) as served:
        yield served


def told(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    error = orjson.loads(answer.body)
    assert error.keys() == {"error"}
    assert error["error"].keys() == {"message", "type", "param", "code"}
    found: dict[str, Any] = error["error"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("GET", "/v1/nothing", b"", {}, 404, "not_found"),
        ("GET", CHAT, b"", {}, 405, "method_not_allowed"),
        ("POST", CHAT, b"{", JSON, 400, "malformed_json"),
        ("POST", CHAT, b"[]", JSON, 400, "invalid_request"),
        ("POST", CHAT, b"x" * 3_000, JSON, 413, "body_too_large"),
        ("POST", CHAT, b"{}", JSON | {"Content-Encoding": "gzip"}, 415, "encoded_body"),
        ("POST", CHAT, b"{}", JSON | {"Origin": "https://evil.example"}, 403, "cross_site"),
        ("GET", "/v1/models", b"", {"Host": "evil.example"}, 400, "bad_host"),
        ("GET", "/v1/responses/resp_1", b"", {}, 404, "run_not_found"),
        ("GET", "/v1/responses/resp_1?stream=maybe", b"", {}, 400, "invalid_request"),
    ],
)
def test_whoever_refuses_it_is_told_in_openais_shape(
    service: Served, method: str, path: str, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = service.ask(method, path, body, headers)
    assert (answer.status, told(answer)["code"]) == (status, code)
    assert answer.headers["x-request-id"] and answer.headers["x-content-type-options"] == "nosniff"


def test_elsewhere_it_is_a_problem(service: Served) -> None:
    for path in ("/v1", "/nothing", "/runs/x"):
        answer = service.get(path)
        assert answer.status == 404 and "code" in orjson.loads(answer.body)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": [{"role": "user", "content": "a"}]}, "model", "invalid_request"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages.0", "invalid_request"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "audio"}]}]},
         "messages.0.content.0", "invalid_request"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}], "n": 2}, "n", "invalid_request"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}], "audio": {}}, "audio",
         "unsupported_parameter"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function"}]},
         "tools.0.function", "invalid_request"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1,
          "max_completion_tokens": 2}, None, "invalid_request"),
    ],
)  # fmt: skip
def test_the_part_of_the_request_is_named(
    service: Served, body: dict[str, Any], param: str | None, code: str
) -> None:
    answer = service.post(CHAT, orjson.dumps(body))
    error = told(answer)
    assert (answer.status, error["param"], error["code"]) == (400, param, code), error
    assert "function-after" not in error["message"] and "tagged-union" not in error["message"]


def test_null_says_nothing(service: Served) -> None:
    nulls = dict.fromkeys(
        ("temperature", "tools", "stop", "response_format", "user", "logprobs", "n", "audio")
    )
    body = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], **nulls}
    assert service.post(CHAT, orjson.dumps(body)).status == 200
