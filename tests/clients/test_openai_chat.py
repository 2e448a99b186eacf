"""OpenAI's SDK for Python on /v1/chat/completions: text, calls, usage, errors, cancelling."""

import json
from typing import Any

import pytest
from openai import (
    APIError,
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from tests.clients.asking import ARGUMENTS, EVERY_MODEL, MODEL, TOOLS, user
from tests.fake_provider import FakeProvider
from tests.providers.asking import once
from tests.served_chains import GATES
from tests.serving import Served, serving


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_chains_and_models_are_listed(client: OpenAI) -> None:
    owners = {model.id: model.owned_by for model in client.models.list()}
    assert owners["agent"] == owners["numbered"] == "chainstream"
    assert owners["openai:gpt-5.4-mini"] == "openai" and owners["offline:demo"] == "offline"
    assert ":model" not in owners
    assert client.models.retrieve("offline:demo").owned_by == "offline"
    with pytest.raises(NotFoundError, match="name one of agent"):
        client.models.retrieve("gpt-4")


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_model_answers_whole_and_streamed_with_its_usage(client: OpenAI, model: str) -> None:
    whole = client.chat.completions.create(model=model, messages=user("tokens=3"))
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("t1 t2 t3 ", "stop")
    assert whole.usage and (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (9, 3)
    chunks = list(
        client.chat.completions.create(
            model=model, messages=user("tokens=3"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert text_of(chunks) == "t1 t2 t3 "
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage and chunks[-1].usage.total_tokens == 12 and chunks[-1].choices == []
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {
        (chunks[0].id, chunks[0].created, model)
    }


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_parallel_calls_are_the_clients_and_their_results_go_back(client: OpenAI, model: str) -> None:
    asked = user("tools=2 tokens=2")
    with client.chat.completions.stream(model=model, messages=asked, tools=TOOLS) as stream:
        message = stream.get_final_completion().choices[0].message
    whole = client.chat.completions.create(model=model, messages=asked, tools=TOOLS).choices[0]
    assert whole.finish_reason == "tool_calls"
    for calls in (message.tool_calls or [], whole.message.tool_calls or []):
        assert [call.type for call in calls] == ["function", "function"]
        told: list[Any] = [call.function for call in calls if call.type == "function"]
        assert [(each.name, json.loads(each.arguments)) for each in told] == [("calculate", ARGUMENTS)] * 2
        assert len({call.id for call in calls}) == 2
    results: list[Any] = [
        {"role": "tool", "tool_call_id": call.id, "content": "2"} for call in message.tool_calls or []
    ]
    history: Any = [*asked, message.model_dump(exclude_none=True), *results]
    last = client.chat.completions.create(model=model, messages=history, tools=TOOLS)
    assert (last.choices[0].message.content, last.choices[0].message.tool_calls) == ("t1 t2 ", None)


def test_every_parameter_reaches_a_provider_that_takes_it(client: OpenAI, provider: FakeProvider) -> None:
    prompt = once("tokens=1")
    passed: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.25,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "logit_bias": {"50256": -100},
        "reasoning_effort": "low",
        "user": "ann",
        "tools": TOOLS,
        "tool_choice": "none",
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
        },
    }
    client.chat.completions.create(
        model=MODEL, messages=user(prompt), max_tokens=5, n=1, metadata={"a": "b"}, **passed
    )
    (call,) = provider.calls_of(prompt)
    assert {name: call.body.get(name) for name in passed} == passed
    assert call.body["max_completion_tokens"] == 5
    assert call.body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("model", "given", "param"),
    [
        (MODEL, {"n": 2}, "n"),
        ("anthropic:claude-haiku-4-5", {"logprobs": True}, "logprobs"),
        ("agent", {"top_logprobs": 2}, "top_logprobs"),
        (MODEL, {"store": True}, "store"),
        (MODEL, {"extra_body": {"mood": "good"}}, "mood"),
        (MODEL, {"temperature": 3}, "temperature"),
        (MODEL, {"messages": [{"role": "tool", "content": "x"}]}, "messages.0"),
        ("anthropic:claude-haiku-4-5", {"seed": 1}, "seed"),
        ("anthropic:claude-haiku-4-5", {"response_format": {"type": "json_object"}}, "response_format"),
        ("ollama:llama3.2", {"logit_bias": {"1": 1}}, "logit_bias"),
        ("offline:demo", {"presence_penalty": 1}, "presence_penalty"),
        ("agent", {"tools": TOOLS}, "tools"),
        ("numbered", {"temperature": 0.5}, "temperature"),
        ("silent", {"messages": [*user("a"), *user("b")]}, "messages"),
    ],
)
def test_what_is_not_taken_is_refused_by_its_name(
    client: OpenAI, model: str, given: dict[str, Any], param: str
) -> None:
    wanted: dict[str, Any] = {"model": model, "messages": user("hi"), **given}
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(**wanted)
    assert (refused.value.param, refused.value.type) == (param, "invalid_request_error")


@pytest.mark.parametrize("model", ["openai:gpt-4.1-mini", "groq:llama", "xai:grok-4.3"])
def test_log_probabilities_come_with_the_tokens_that_they_are_of(client: OpenAI, model: str) -> None:
    asked: dict[str, Any] = {
        "model": model,
        "messages": user("tokens=2"),
        "logprobs": True,
        "top_logprobs": 2,
    }
    whole = client.chat.completions.create(**asked).choices[0].logprobs
    streamed = [
        choice.logprobs.content
        for chunk in client.chat.completions.create(**asked, stream=True)
        for choice in chunk.choices
        if choice.logprobs
    ]
    assert whole and whole.content and [each.token for each in whole.content] == ["t1 ", "t2 "]
    assert [each.token for content in streamed for each in content or []] == ["t1 ", "t2 "]
    assert whole.content[0].logprob == -0.5


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_is_the_class_that_clients_expect(
    client: OpenAI, stream: bool
) -> None:
    failures: list[tuple[str, str, type[APIStatusError], str]] = [
        (MODEL, "fail=429", RateLimitError, "provider_rate_limited"),
        (MODEL, "fail=500", InternalServerError, "provider_error"),
        (MODEL, "fail=400", BadRequestError, "provider_bad_request"),
        ("openai:no-such-model", "hi", NotFoundError, "model_not_found"),
        ("gpt-4o", "hi", NotFoundError, "model_not_found"),
        ("nobody:gpt-4o", "hi", NotFoundError, "model_not_found"),
        ("failing", "hi", InternalServerError, "chain_failed"),
    ]
    for model, prompt, kind, code in failures:
        with pytest.raises(kind) as raised:
            client.chat.completions.create(model=model, messages=user(prompt), stream=stream)
        assert raised.value.code == code and raised.value.request_id
        assert "canary" not in str(raised.value)


def test_a_failure_after_the_first_word_is_raised_where_the_stream_has_come_to(client: OpenAI) -> None:
    said = ""
    stream = client.chat.completions.create(model=MODEL, messages=user("error=2"), stream=True)
    with pytest.raises(APIError) as raised:
        for chunk in stream:
            said += chunk.choices[0].delta.content or ""
    assert said == "t1 t2 "
    assert raised.value.code == "provider_stream_error" and "canary" not in raised.value.message


def test_who_leaves_closes_the_providers_connection(client: OpenAI, provider: FakeProvider) -> None:
    prompt = once("tokens=5 stall=2")
    with client.chat.completions.create(model=MODEL, messages=user(prompt), stream=True) as stream:
        next(stream)
        next(stream)
    assert provider.calls_of(prompt)[0].left.wait(20)


def test_who_leaves_before_the_first_word_does_so_too(service: Served, provider: FakeProvider) -> None:
    prompt = once("stall=0")
    body = json.dumps({"model": MODEL, "messages": user(prompt), "stream": True}).encode()
    with service.connected() as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        while not provider.calls_of(prompt):
            pass
    assert provider.calls_of(prompt)[0].left.wait(20)


def test_a_chains_own_tools_are_not_the_clients(client: OpenAI) -> None:
    asked = user("What is 37*43, and how many miles are 42 km?")
    whole = client.chat.completions.create(model="agent@offline:demo", messages=asked)
    assert "1591" in (whole.choices[0].message.content or "")
    chunks = list(client.chat.completions.create(model="agent@offline:demo", messages=asked, stream=True))
    assert text_of(chunks) == whole.choices[0].message.content
    assert all(not chunk.choices[0].delta.tool_calls for chunk in chunks)
    assert (chunks[-1].choices[0].finish_reason, whole.choices[0].message.tool_calls) == ("stop", None)


def test_a_chain_that_takes_no_conversation_gets_the_users_text(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="silent", messages=user("hi"))
    assert answer.choices[0].message.content == "said hi"


def test_the_answer_tells_its_run_and_the_run_what_was_asked(client: OpenAI, service: Served) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="offline:demo", messages=user("hi"), user="ann", metadata={"ticket": "7"}
    )
    run = json.loads(service.get(f"/runs/{raw.headers['x-run-id']}").body)
    assert (run["chain"], run["model"], run["status"]) == (":model", "offline:demo", "succeeded")
    assert run["metadata"] == {"user": "ann", "ticket": "7"}
    assert raw.parse().id == f"chatcmpl-{run['run_id']}"
    assert int(raw.headers["openai-processing-ms"]) >= 0 and raw.request_id


def test_the_same_key_and_request_is_the_same_run(client: OpenAI) -> None:
    headers = {"Idempotency-Key": once("k").replace(" ", "")}
    both = [
        client.chat.completions.create(model="chat@offline:demo", messages=user("hi"), extra_headers=headers)
        for _ in range(2)
    ]
    assert both[0].id == both[1].id


class Person(BaseModel):
    name: str
    age: int
    email: str | None = None


@pytest.mark.parametrize("model", ["offline:demo", "chat@offline:demo", "agent@offline:demo"])
def test_a_schema_is_answered_with_a_value_of_it_that_grows_in_partials(
    client: OpenAI, service: Served, model: str
) -> None:
    asked = user("Ann Lee (ann@example.com) is 34 years old.")
    raw = client.chat.completions.with_raw_response.parse(model=model, messages=asked, response_format=Person)
    parsed = raw.parse().choices[0].message.parsed
    assert parsed == Person(name="Ann Lee", age=34, email="ann@example.com")
    events = service.get(f"/runs/{raw.headers['x-run-id']}/events?format=ndjson").body.splitlines()
    values = [each["data"]["value"] for each in map(json.loads, events) if each["event"] == "partial"]
    assert len(values) > 3 and values[-1] == parsed.model_dump()
    with client.chat.completions.stream(model=model, messages=asked, response_format=Person) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed


def test_an_object_is_answered_where_any_will_do(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="offline:demo", messages=user("hi"), response_format={"type": "json_object"}
    )
    assert json.loads(answer.choices[0].message.content or "")["answer"].startswith("Hello")


@pytest.mark.anyio
async def test_the_asynchronous_client_streams_and_cancels(service: Served, provider: FakeProvider) -> None:
    prompt = once("tokens=5 stall=2")
    async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key="any", max_retries=0) as client:
        stream = await client.chat.completions.create(model=MODEL, messages=user("tokens=2"), stream=True)
        assert text_of([chunk async for chunk in stream]) == "t1 t2 "
        async with await client.chat.completions.create(
            model=MODEL, messages=user(prompt), stream=True
        ) as stream:
            await anext(stream)
    assert provider.calls_of(prompt)[0].left.wait(20)


def test_keys_limits_and_quotas_are_told_as_clients_read_them() -> None:
    limited: dict[str, Any] = {"rate_limit_enabled": True, "rate_limit_requests": 1}
    with serving(api_key="the-key", **limited) as service:
        wrong = OpenAI(base_url=f"{service.url}/v1", api_key="another", max_retries=0)
        with pytest.raises(AuthenticationError):
            wrong.chat.completions.create(model="chat", messages=user("hi"))
        client = OpenAI(base_url=f"{service.url}/v1", api_key="the-key", max_retries=0)
        raw = client.chat.completions.with_raw_response.create(model="chat", messages=user("hi"))
        assert raw.headers["x-ratelimit-limit-requests"] == "1"
        assert raw.headers["x-ratelimit-remaining-requests"] == "0"
        with pytest.raises(RateLimitError) as refused:
            client.chat.completions.create(model="chat", messages=user("hi"))
        assert refused.value.code == "rate_limit_exceeded"
        headers = refused.value.response.headers
        assert headers["x-ratelimit-reset-requests"] == f"{headers['retry-after']}s"


def test_a_spent_budget_is_a_quota_and_not_tried_again() -> None:
    with serving(max_input_bytes=2000, budget_per_key="1 tokens/day", api_key="the-key") as service:
        client = OpenAI(base_url=f"{service.url}/v1", api_key="the-key")
        for _ in range(2):
            try:
                client.chat.completions.create(model="chat", messages=user("Tell me a story"))
            except RateLimitError as error:
                spent = error
        assert (spent.code, spent.type) == ("insufficient_quota", "insufficient_quota")
        assert spent.response.headers["x-should-retry"] == "false"
        with pytest.raises(APIStatusError) as refused:
            client.chat.completions.create(model="chat", messages=user("x" * 5000))
        assert (refused.value.status_code, refused.value.code) == (413, "body_too_large")


def test_held_streams_go_on_through_pings(service: Served) -> None:
    with serving(ping_seconds=0.02) as pinging:
        client = OpenAI(base_url=f"{pinging.url}/v1", api_key="any", max_retries=0)
        # Silent for longer than a connection should be: the answer begins without a word.
        prompt = user("tokens=2 hold=1 gate=first-word")
        stream = client.chat.completions.create(model="numbered", messages=prompt, stream=True)
        first = next(stream)
        assert first.choices[0].delta.role == "assistant"
        GATES["first-word"].open()
        assert text_of(list(stream)) == "run:1; run:2; "


def test_a_page_may_send_what_the_sdk_does(service: Served) -> None:
    sent = "authorization,content-type,x-stainless-lang,x-stainless-retry-count,x-stainless-timeout"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": sent}
    preflight = service.ask(
        "OPTIONS", "/v1/chat/completions", b"", {"Origin": "http://localhost:3000", **asked}
    )
    assert preflight.status == 200 and preflight.headers["access-control-allow-origin"]
