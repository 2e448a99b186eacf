"""`FallbackModel` as LangChain sees it: what may be done with a chat model may be done with it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from groq import GroqError
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel

from service.callbacks import AsyncIteratorCallbackHandler
from service.errors import StartError
from service.providers import Breakers, Models
from service.providers.fallback import FallbackModel
from tests.fake_provider import FakeProvider
from tests.fake_provider.script import token
from tests.providers.asking import MODELS, at, once

OPENAI, GROQ, ANTHROPIC = (MODELS[name].partition(":")[2] for name in ("openai", "groq", "anthropic"))


@asynccontextmanager
async def models_at(provider: FakeProvider, *fallbacks: str, **options: Any) -> AsyncIterator[Models]:
    environment = {name.upper(): value for name, value in at(provider).items()}
    given: dict[str, Any] = {"retries": 0, "breakers": Breakers(1_000)} | options
    models = Models(offline_tokens_per_second=0, environment=environment, fallbacks=fallbacks, **given)
    try:
        yield models
    finally:
        await models.close()


@pytest.fixture
async def models(provider: FakeProvider) -> AsyncIterator[Models]:
    async with models_at(provider, MODELS["groq"], MODELS["anthropic"]) as models:
        yield models


@pytest.fixture
def model(models: Models) -> BaseChatModel:
    return models.get(MODELS["openai"], {})


@pytest.fixture
def dies() -> Iterator[str]:
    """A prompt with which the first model fails."""
    yield once(f"{OPENAI}/fail=503 tokens=2 tools=1")


def asked(provider: FakeProvider, prompt: str) -> list[str]:
    return [call.asked.model for call in provider.calls_of(prompt)]


class Answer(BaseModel):
    """What is asked for."""

    words: list[str]


@tool
def look(word: str) -> str:
    """Look it up."""
    return f"found {word}"


ANSWERED = token(1) + token(2)


def listened() -> Any:
    """With it models stream, as in the service: the fake provider has tool calls in streams alone."""
    return {"callbacks": [AsyncIteratorCallbackHandler()], "recursion_limit": 9}


async def test_it_is_a_chat_model_of_the_model_asked_for_and_then_the_others(models: Models) -> None:
    built = models.get(MODELS["groq"], {})
    assert isinstance(built, FallbackModel)
    assert [each.name for each in built.candidates] == [MODELS["groq"], MODELS["anthropic"]]


async def test_the_built_in_model_never_fails_and_has_none(models: Models) -> None:
    assert not isinstance(models.get("offline:demo", {}), FallbackModel)


async def test_without_fallbacks_models_are_what_they_are(provider: FakeProvider) -> None:
    async with models_at(provider) as models:
        assert not isinstance(models.get(MODELS["openai"], {}), FallbackModel)


async def test_its_window_is_that_of_the_smallest(models: Models, model: BaseChatModel) -> None:
    # `candidates` are FallbackModel's alone.
    windows = [(each.model.profile or {}).get("max_input_tokens") for each in model.candidates]  # type: ignore[attr-defined]
    assert model.profile and model.profile["max_input_tokens"] == min(filter(None, windows))


@pytest.mark.parametrize("how", ["config", "bind", "retry", "chain"])
async def test_it_goes_on_in_whatever_it_is_wrapped(model: BaseChatModel, dies: str, how: str) -> None:
    wrapped: Any = {
        "config": model.with_config(tags=["x"]),
        "bind": model.bind(stop=["x"]),
        "retry": model.with_retry(stop_after_attempt=2),
        "chain": ChatPromptTemplate.from_template("{text}") | model | StrOutputParser(),
    }[how]
    answer = await wrapped.ainvoke({"text": dies} if how == "chain" else dies)
    assert (answer if how == "chain" else answer.content) == ANSWERED


async def test_it_goes_on_where_it_is_called_without_a_loop(model: BaseChatModel, dies: str) -> None:
    assert model.invoke(dies).content == ANSWERED
    assert "".join(str(chunk.content) for chunk in model.stream(dies)) == ANSWERED


async def test_each_prompt_of_several_has_its_answer(model: BaseChatModel, dies: str) -> None:
    result = await model.agenerate([[AIMessage("hi"), *_human(dies)], _human("tokens=1")])
    assert [group[0].text for group in result.generations] == [ANSWERED, token(1)]
    result = model.generate([_human(dies), _human("tokens=1")])
    assert [group[0].text for group in result.generations] == [ANSWERED, token(1)]


def _human(text: str) -> list[Any]:
    return ChatPromptTemplate.from_template("{text}").invoke({"text": text}).to_messages()


async def test_tools_are_bound_in_each_providers_form(provider: FakeProvider, model: BaseChatModel) -> None:
    prompt = once(f"{OPENAI}/fail=503 {GROQ}/fail=503 tools=1")
    message = await model.bind_tools([look], tool_choice="any").ainvoke(prompt, listened())
    assert isinstance(message, AIMessage)
    assert [call["name"] for call in message.tool_calls] == ["look"]
    assert asked(provider, prompt) == [OPENAI, GROQ, ANTHROPIC]
    assert [[each.name for each in call.asked.tools] for call in provider.calls_of(prompt)] == [["look"]] * 3


async def test_an_agent_goes_on_and_runs_each_tool_once(
    provider: FakeProvider, model: BaseChatModel, dies: str
) -> None:
    agent: Any = create_agent(model, [look])
    result = await agent.ainvoke({"messages": [("user", dies)]}, listened())
    kinds = [message.type for message in result["messages"]]
    assert kinds == ["human", "ai", "tool", "ai"]
    assert result["messages"][-1].content == ANSWERED


async def test_an_agents_structured_answer_is_asked_as_a_tool(model: BaseChatModel, dies: str) -> None:
    agent: Any = create_agent(model, [], response_format=Answer)
    result = await agent.ainvoke({"messages": [("user", dies)]}, listened())
    assert result["structured_response"] == Answer(words=[])


@pytest.mark.parametrize("name", ["groq", "anthropic"])
async def test_a_structured_output_is_read_by_the_parser_of_who_answered(
    provider: FakeProvider, name: str
) -> None:
    prompt = once(f"{OPENAI}/fail=503 tools=1")
    async with models_at(provider, MODELS[name]) as models:
        structured = models.get(MODELS["openai"], {}).with_structured_output(Answer)
        assert await structured.ainvoke(prompt, listened()) == Answer(words=[])
        assert structured.invoke(prompt, listened()) == Answer(words=[])
        assert [each async for each in structured.astream(prompt)][-1] == Answer(words=[])
        assert list(structured.stream(prompt))[-1] == Answer(words=[])


async def test_a_structured_output_comes_with_its_message(model: BaseChatModel, dies: str) -> None:
    structured = model.with_structured_output(Answer, include_raw=True)
    given = await structured.ainvoke(dies, listened())
    assert isinstance(given, dict)
    assert (given["parsed"], given["parsing_error"]) == (Answer(words=[]), None)
    assert isinstance(given["raw"], AIMessage)


async def test_a_stream_is_whole_from_the_model_that_answered(model: BaseChatModel, dies: str) -> None:
    whole: Any = None
    async for chunk in model.astream(dies):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole.content == ANSWERED
    assert whole.usage_metadata["output_tokens"] == 2


async def test_the_error_that_is_raised_says_how_all_of_them_failed(model: BaseChatModel) -> None:
    with pytest.raises(Exception) as raised:
        await model.ainvoke(once("fail=503"))
    [note] = raised.value.__notes__
    assert note == "All models failed: " + ", ".join(
        f"{MODELS[name]}: provider_error" for name in ("openai", "groq", "anthropic")
    )


async def test_states_of_breakers_can_be_seen_by_provider(provider: FakeProvider) -> None:
    async with models_at(provider, MODELS["groq"], breakers=Breakers(1)) as models:
        assert models.breaker_states == {}
        await models.get(MODELS["openai"], {}).ainvoke(once(f"{OPENAI}/fail=503"))
        assert models.breaker_states == {"groq": "closed", "openai": "open"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nobody:gpt", "FALLBACK_MODELS=nobody:gpt: There is no model 'nobody:gpt' here"),
        ("gpt", "FALLBACK_MODELS=gpt: There is no model 'gpt' here"),
        (
            "xai:grok",
            "FALLBACK_MODELS=xai:grok: The provider 'xai' cannot be used here: XAI_API_KEY is not set.",
        ),
    ],
)
def test_a_wrong_name_stops_the_start_with_a_sentence(name: str, problem: str) -> None:
    with pytest.raises(StartError) as raised:
        Models(offline_tokens_per_second=0, environment={"OPENAI_API_KEY": "k"}, fallbacks=(name,))
    assert str(raised.value.message).startswith(problem)


async def test_parameters_go_to_each_model_and_who_does_not_take_them_is_left_out(
    models: Models, provider: FakeProvider
) -> None:
    prompt = once(f"{OPENAI}/fail=503 {GROQ}/fail=503 tokens=1")
    with pytest.raises(GroqError):
        await models.get(MODELS["openai"], {"seed": 7}).ainvoke(prompt)
    calls = provider.calls_of(prompt)
    assert [(call.asked.model, call.body["seed"]) for call in calls] == [(OPENAI, 7), (GROQ, 7)]
