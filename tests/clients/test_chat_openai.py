"""LangChain's ChatOpenAI on /v1: a service of ours is a model of another's."""

import asyncio
from typing import Any

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from openai import APIError, RateLimitError
from pydantic import BaseModel

from tests.clients.asking import ARGUMENTS, MODEL, TOOLS
from tests.fake_provider import FakeProvider
from tests.providers.asking import MODELS, at, once
from tests.serving import Served, serving


def model_at(service: Served, name: str = MODEL, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model=name, base_url=f"{service.url}/v1", api_key="any", max_retries=0, stream_usage=True, **options
    )


@pytest.mark.parametrize("responses", [False, True])
def test_it_invokes_and_streams_with_usage(service: Served, responses: bool) -> None:
    model = model_at(service, use_responses_api=responses)
    whole = model.invoke("tokens=3")
    assert (whole.text, whole.usage_metadata and whole.usage_metadata["total_tokens"]) == ("t1 t2 t3 ", 12)
    joined = AIMessageChunk(content="")
    for chunk in model.stream("tokens=3"):
        joined += chunk
    assert (joined.text, joined.usage_metadata and joined.usage_metadata["total_tokens"]) == ("t1 t2 t3 ", 12)


@pytest.mark.parametrize("responses", [False, True])
def test_its_tools_are_called_in_parallel_and_answered(service: Served, responses: bool) -> None:
    model = model_at(service, use_responses_api=responses).bind_tools(TOOLS)
    asked = model.invoke("tools=2 tokens=2")
    assert [(call["name"], call["args"]) for call in asked.tool_calls] == [("calculate", ARGUMENTS)] * 2
    results = [ToolMessage("2", tool_call_id=call["id"]) for call in asked.tool_calls]
    assert model.invoke([("user", "tools=2 tokens=2"), asked, *results]).text == "t1 t2 "


def test_an_agent_of_another_service_runs_its_own_tools_on_our_model(service: Served) -> None:
    def calculate(expression: str, digits: int) -> str:
        """Calculates."""
        return f"{expression} to {digits} digits"

    agent = create_agent(model_at(service), [calculate])
    messages = agent.invoke({"messages": [HumanMessage("tools=1 tokens=2")]})["messages"]
    assert [message.text for message in messages[-2:]] == ["1+1 to 2 digits", "t1 t2 "]


@pytest.mark.parametrize("responses", [False, True])
def test_nobody_gets_to_run_the_calls_of_a_model_that_failed(provider: FakeProvider, responses: bool) -> None:
    with serving(chains=(), offline=False, fallback_models=(MODELS["groq"],), **at(provider)) as service:
        model = model_at(service, MODELS["openai"], use_responses_api=responses).bind_tools(TOOLS)
        prompt = once(f"{MODELS['openai'].partition(':')[2]}/cut=1 tools=1")
        with pytest.raises((APIError, ValueError), match="the calls of the first are void"):
            list(model.stream(prompt))
        assert len(model.invoke(once(prompt)).tool_calls) == 1


def test_a_chain_is_a_model_too(service: Served) -> None:
    assert "1591" in model_at(service, "agent@offline:demo").invoke("What is 37*43?").text


class Person(BaseModel):
    name: str
    age: int


def test_structured_output_is_of_its_class(service: Served) -> None:
    model = model_at(service, "offline:demo").with_structured_output(Person)
    assert model.invoke("Ann Lee is 34 years old.") == Person(name="Ann Lee", age=34)


def test_failures_are_the_sdks(service: Served) -> None:
    with pytest.raises(RateLimitError):
        model_at(service).invoke("fail=429")
    with pytest.raises(APIError, match="broke its answer off"):
        list(model_at(service).stream("error=2"))


@pytest.mark.anyio
async def test_who_leaves_closes_the_providers_connection(service: Served, provider: FakeProvider) -> None:
    prompt, begun = once("tokens=5 stall=2"), asyncio.Event()

    async def read() -> None:
        async for chunk in model_at(service).astream(prompt):
            if chunk.text == "t2 ":  # and nothing more: Python 3.11 loses a cancel that meets a chunk
                begun.set()

    reading = asyncio.create_task(read())
    with anyio.fail_after(20):
        await begun.wait()
    reading.cancel()  # LangChain leaves a stream that is only closed to the garbage collector
    await asyncio.wait({reading})
    assert provider.calls_of(prompt)[0].left.wait(20)
