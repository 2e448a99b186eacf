"""A run's `params` by OpenAI's names reach each provider by its own, or are refused by theirs."""

from typing import Any

import orjson
import pytest

from tests.fake_provider import FakeProvider
from tests.providers.asking import MODELS, all_of, events_of, failure_in, once
from tests.serving import Served

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": SCHEMA}}]
NO_PARAMETERS = [{"type": "function", "function": {"name": "now"}}]
CHOSEN = {"type": "function", "function": {"name": "add"}}

# What is given, and what the provider gets of it.
PASSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *(
        (kin, given := {"top_p": 0.5, "seed": 1, "user": "ann", "reasoning_effort": "low"}, given)
        for kin in ("openai", "groq", "xai")
    ),
    *((kin, {"response_format": FORM}, {"response_format": FORM}) for kin in ("openai", "groq", "xai")),
    *((kin, {"stop": "END"}, {"stop": ["END"]}) for kin in ("openai", "groq", "xai")),
    *(
        (kin, given := {"tools": TOOLS, "tool_choice": CHOSEN, "parallel_tool_calls": False}, given)
        for kin in ("openai", "groq", "xai")
    ),
    ("anthropic", {"stop": "END", "top_p": 0.5}, {"stop_sequences": ["END"], "top_p": 0.5}),
    ("anthropic", {"user": "ann"}, {"metadata": {"user_id": "ann"}}),
    ("anthropic", {"tools": TOOLS, "tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
    ("anthropic", {"tools": TOOLS, "tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
    (
        "anthropic",
        {"tools": TOOLS, "tool_choice": CHOSEN, "parallel_tool_calls": False},
        {"tool_choice": {"type": "tool", "name": "add", "disable_parallel_tool_use": True}},
    ),
    *((kin, {"tools": NO_PARAMETERS}, {"tools": NO_PARAMETERS}) for kin in ("openai", "groq", "xai")),
    (
        "anthropic",
        {"tools": NO_PARAMETERS},
        {"tools": [{"name": "now", "input_schema": {"type": "object", "properties": {}}}]},
    ),
    ("ollama", {"tools": NO_PARAMETERS}, {"tools": NO_PARAMETERS}),
    ("ollama", {"response_format": FORM, "user": "ann"}, {"format": SCHEMA}),
    ("ollama", {"response_format": {"type": "json_object"}}, {"format": "json"}),
    ("ollama", {"reasoning_effort": "low"}, {"think": "low"}),
    ("ollama", {"tools": TOOLS, "tool_choice": "none"}, {"tools": []}),
    (
        "ollama",
        {"top_p": 0.5, "seed": 1, "temperature": 0.25, "stop": ["END"], "max_tokens": 9},
        {"options": {"top_p": 0.5, "seed": 1, "temperature": 0.25, "stop": ["END"], "num_predict": 9}},
    ),
]


@pytest.mark.parametrize(("name", "given", "got"), PASSED)
def test_a_parameter_is_passed_on(
    service: Served, provider: FakeProvider, name: str, given: dict[str, Any], got: dict[str, Any]
) -> None:
    prompt = once("tokens=1")
    frames = events_of(service, prompt, MODELS[name], chain=":model", params=given)
    assert frames[-1].event == "done", frames[-1]
    (call,) = provider.calls_of(prompt)
    assert {key: call.body.get(key) for key in got} == got


def test_anthropics_schema_is_its_own_output_format(service: Served, provider: FakeProvider) -> None:
    prompt = once("tokens=1")
    events_of(service, prompt, MODELS["anthropic"], params={"response_format": FORM})
    (call,) = provider.calls_of(prompt)
    assert call.body["output_config"]["format"]["type"] == "json_schema"


def test_they_reach_the_model_inside_of_a_chain_with_tools_of_its_own(
    service: Served, provider: FakeProvider
) -> None:
    prompt = once("tools=1 tokens=1")
    frames = events_of(service, prompt, MODELS["openai"], chain="agent", params={"seed": 3, "stop": ["END"]})
    assert len(all_of(frames, "tool_end", "name")) == 1
    calls = provider.calls_of(prompt)
    assert [(call.body["seed"], call.body["stop"]) for call in calls] == [(3, ["END"])] * 2
    assert all(call.asked.tools for call in calls)


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("anthropic", {"seed": 1}, "unsupported_parameter"),
        ("anthropic", {"response_format": {"type": "json_object"}}, "unsupported_parameter"),
        ("ollama", {"tool_choice": "required"}, "unsupported_parameter"),
        ("openai", {"top_k": 3}, "unknown_param"),
        ("openai", {"temperature": True}, "bad_param"),
        ("openai", {"tools": []}, "bad_param"),
        ("openai", {"tool_choice": "maybe"}, "bad_param"),
        ("openai", {"stop": [1]}, "bad_param"),
        ("openai", {"presence_penalty": 3}, "bad_param"),
        ("openai", {"response_format": "json"}, "bad_param"),
    ],
)
def test_what_is_not_taken_is_refused_before_anything_runs(
    service: Served, name: str, params: dict[str, Any], code: str
) -> None:
    body = {"chain": ":model", "input": "hi", "model": MODELS[name], "params": params}
    answer = service.post("/runs/wait", orjson.dumps(body))
    assert (answer.status, orjson.loads(answer.body)["code"]) == (400, code)
    assert next(iter(params)) in answer.text


def test_tools_of_a_client_are_for_a_model_alone(service: Served) -> None:
    body = {"chain": "chat", "input": "hi", "params": {"tools": TOOLS}}
    answer = service.post("/runs/wait", orjson.dumps(body))
    assert (answer.status, orjson.loads(answer.body)["code"]) == (400, "unsupported_parameter")
    frames = events_of(service, once("tools=1"), MODELS["openai"], chain=":model", params={"tools": TOOLS})
    assert all_of(frames, "message_end", "finish_reason") == ["tool_calls"]


def test_a_failure_is_as_without_them(service: Served) -> None:
    frames = events_of(service, once("fail=429"), MODELS["openai"], params={"response_format": FORM})
    assert failure_in(frames) == ("provider_rate_limited", "provider", True)
