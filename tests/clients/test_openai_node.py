"""OpenAI's SDK for Node on /v1: text, parallel calls, usage, errors, cancelling, and streams that resume."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.clients.asking import ARGUMENTS, MODEL, RESPONSE_TOOLS, TOOLS, user
from tests.fake_provider import FakeProvider
from tests.node.running import Script, script
from tests.providers.asking import once
from tests.serving import Served

pytestmark = pytest.mark.needs("node")


class Client:
    """The SDK with a service of ours as its address."""

    def __init__(self, running: Script, url: str) -> None:
        self._running = running
        self._url = url

    def do(self, name: str, **given: Any) -> Any:
        return self._running.do(name, url=self._url, **given)


@pytest.fixture(scope="module")
def node(service: Served) -> Iterator[Client]:
    with script("openai.mjs") as running:
        yield Client(running, service.url)


def test_chains_and_models_are_listed(node: Client) -> None:
    assert {"agent", "numbered", "offline:demo"} <= set(node.do("models"))


def test_a_model_answers_whole_and_streamed_with_its_usage(node: Client) -> None:
    body = {"model": MODEL, "messages": user("tokens=3")}
    assert node.do("chat", body=body)["choices"][0]["message"]["content"] == "t1 t2 t3 "
    streamed = node.do("chatStreamed", body=body)
    assert streamed["completion"]["choices"][0]["message"]["content"] == "t1 t2 t3 "
    assert streamed["usage"]["total_tokens"] == 12


def test_parallel_calls_are_the_clients(node: Client) -> None:
    body = {"model": MODEL, "messages": user("tools=2"), "tools": TOOLS}
    for completion in (node.do("chat", body=body), node.do("chatStreamed", body=body)["completion"]):
        (choice,) = completion["choices"]
        functions = [call["function"] for call in choice["message"]["tool_calls"]]
        assert choice["finish_reason"] == "tool_calls"
        assert [json.loads(each["arguments"]) for each in functions] == [ARGUMENTS] * 2


@pytest.mark.parametrize(
    ("model", "asked", "text", "kind", "code"),
    [
        (MODEL, "fail=429", "", "RateLimitError", "provider_rate_limited"),
        ("gpt-4o", "hi", "", "NotFoundError", "model_not_found"),
        (MODEL, "error=2", "t1 t2 ", "APIError", "provider_stream_error"),
    ],
)
def test_failures_are_those_that_it_knows(
    node: Client, model: str, asked: str, text: str, kind: str, code: str
) -> None:
    told = node.do("chatFailing", body={"model": model, "messages": user(asked)})
    assert (told["text"], told["kind"], told["code"]) == (text, kind, code)


def test_who_leaves_closes_the_providers_connection(node: Client, provider: FakeProvider) -> None:
    prompt = once("tokens=5 stall=2")
    node.do("chatLeft", body={"model": MODEL, "messages": user(prompt)})
    assert provider.calls_of(prompt)[0].left.wait(20)


@pytest.mark.parametrize("asked", ["tokens=4 reason=2", "tools=2"])
def test_from_any_number_the_rest_is_that_of_the_uncut_run(node: Client, asked: str) -> None:
    tools = RESPONSE_TOOLS if "tools" in asked else []
    uncut = node.do("responses", body={"model": MODEL, "input": asked, "tools": tools})
    response_id, numbers = uncut[0]["response"]["id"], [each["sequence_number"] for each in uncut]
    for number in [*Random(asked).sample(numbers[:-1], 4), numbers[-1]]:
        rest = node.do("resumed", id=response_id, after=number)
        assert rest == [each for each in uncut if each["sequence_number"] > number]
    by_helper = node.do("resumedByHelper", id=response_id, after=numbers[2])
    assert [each["sequence_number"] for each in by_helper] == numbers[3:]


def test_a_response_is_gathered_from_its_stream(node: Client) -> None:
    assert node.do("finalResponse", body={"model": MODEL, "input": "tokens=3"})["output_text"] == "t1 t2 t3 "


def test_in_the_background_it_is_cancelled_and_deleted(node: Client, gate: str) -> None:
    told = node.do("background", body={"model": "numbered", "input": f"tokens=3 hold=2 gate={gate}"})
    assert told["begun"] in ("queued", "in_progress")
    assert (told["cancelled"], told["found"]) == ("cancelled", "cancelled")
    assert (told["gone"]["kind"], told["gone"]["code"]) == ("NotFoundError", "run_not_found")
