"""Which model a run gets: by settings, by keys, by what a client asks for."""

from collections.abc import Mapping
from typing import Any

import pytest

from service.errors import InvalidRequest, StartError
from service.providers import OFFLINE_MODEL, PROVIDERS, Models
from tests.fake_provider import FakeProvider
from tests.providers.asking import MODELS, all_of, at, events_of, once
from tests.serving import serving

KEYS = {"GROQ_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}


def models(environment: Mapping[str, str] = {}, **settings: Any) -> Models:
    return Models(offline_tokens_per_second=0, environment=environment, **settings)


def test_groq_is_the_first_provider() -> None:
    assert next(iter(PROVIDERS.values())).default == "groq:llama-3.1-8b-instant"


@pytest.mark.parametrize(
    ("environment", "default", "why"),
    [
        ({}, OFFLINE_MODEL, "needs no key"),
        (KEYS, "groq:llama-3.1-8b-instant", "GROQ_API_KEY"),
        ({"ANTHROPIC_API_KEY": "b", "GROQ_API_KEY": ""}, "anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY"),
        ({"OLLAMA_HOST": "http://localhost:11434"}, "ollama:llama3.2", "OLLAMA_HOST"),
        ({"OPENAI_BASE_URL": "http://localhost:1234/v1"}, "openai:gpt-5.4-mini", "OPENAI_BASE_URL"),
        ({"GROQ_BASE_URL": "http://localhost:1234"}, OFFLINE_MODEL, "needs no key"),
    ],
)
def test_without_a_model_the_first_provider_with_a_key_is_taken(
    environment: Mapping[str, str], default: str, why: str
) -> None:
    chosen = models(environment)
    assert chosen.default == default and why in chosen.why


def test_a_named_model_wins_over_keys_and_offline_over_all() -> None:
    assert models(KEYS, model="anthropic:claude-sonnet-5").default == "anthropic:claude-sonnet-5"
    offline = models(KEYS, model="anthropic:claude-sonnet-5", offline=True)
    assert offline.default == OFFLINE_MODEL and offline.names() == [OFFLINE_MODEL]
    with pytest.raises(InvalidRequest, match="offline:demo"):
        offline.check("groq:any", {})


def test_the_names_to_choose_from_begin_with_the_default() -> None:
    chosen = models(KEYS, model="groq:other")
    assert chosen.names() == [
        "groq:other",
        "groq:llama-3.1-8b-instant",
        "anthropic:claude-haiku-4-5",
        OFFLINE_MODEL,
    ]
    compatible = models({"OPENAI_BASE_URL": "http://localhost:1234/v1"}, model="openai:qwen3")
    assert compatible.names() == ["openai:qwen3", OFFLINE_MODEL]


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        (None, None, None),
        (None, "groq", "groq:llama-3.1-8b-instant"),
        (None, "offline", OFFLINE_MODEL),
        ("groq:x", None, "groq:x"),
        ("groq:x", "groq", "groq:x"),
        ("openai/gpt-oss-20b", "groq", "groq:openai/gpt-oss-20b"),
        ("qwen3:8b", "anthropic", "anthropic:qwen3:8b"),
    ],
)
def test_a_model_is_named_by_one_field_or_two(
    model: str | None, provider: str | None, name: str | None
) -> None:
    assert models(KEYS).named(model, provider) == name


def test_a_provider_that_cannot_be_used_is_told_with_what_is_missing() -> None:
    with pytest.raises(InvalidRequest, match="groq, anthropic, offline") as unknown:
        models(KEYS).named("x", "acme")
    assert unknown.value.code == "unknown_provider"
    with pytest.raises(InvalidRequest, match="XAI_API_KEY is not set") as missing:
        models(KEYS).named("x", "xai")
    assert missing.value.code == "missing_key"
    with pytest.raises(InvalidRequest, match="XAI_API_KEY is not set") as missing:
        models(KEYS).check("xai:x", {})
    assert missing.value.code == "missing_key"
    for name in ("groq", "groq:", "groq: ", "acme:x", "", "offline:other"):
        with pytest.raises(InvalidRequest, match=r"offline:demo.*groq:…") as wrong:
            models(KEYS).check(name, {})
        assert wrong.value.code == "unknown_model"


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("groq:x", "missing_key", "GROQ_API_KEY is not set"),
        ("acme:x", "unknown_model", "'acme:x'"),
        ("llama-3.1-8b-instant", "unknown_model", "offline:demo"),
    ],
)
def test_a_model_that_cannot_be_had_stops_the_start(model: str, code: str, said: str) -> None:
    with pytest.raises(StartError, match=said) as stopped:
        models(model=model)
    assert stopped.value.code == code and f"MODEL={model}" in stopped.value.message


def test_ollama_needs_no_setting_where_it_is_named() -> None:
    assert models(model="ollama:qwen3").default == "ollama:qwen3"


def test_a_model_is_built_once_for_its_parameters() -> None:
    kept = models(KEYS)
    for name in MODELS["groq"], MODELS["anthropic"]:
        assert kept.get(name, {}) is kept.get(name, {})
        assert kept.get(name, {"temperature": 0.5}) is not kept.get(name, {})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_service_starts_on_its_model_without_a_call_and_runs_on_it(
    provider: FakeProvider, model: str
) -> None:
    before = len(provider.calls)
    with serving(chains=(), model=model, **at(provider)) as service:
        assert len(provider.calls) == before
        prompt = once("tokens=2")
        frames = events_of(service, prompt, None)
        assert all_of(frames, "run", "model") == [model]
        assert [call.asked.model for call in provider.calls_of(prompt)] == [model.partition(":")[2]]


def test_a_server_of_ones_own_needs_no_key(provider: FakeProvider) -> None:
    address = f"{provider.url}/v1"
    with serving(chains=(), model="openai:qwen3", openai_api_key="", openai_base_url=address) as service:
        frames = events_of(service, "reason=1 tokens=2", None)
    assert all_of(frames, "reasoning", "text") == ["r1 "]
    assert frames[-1].json["output"] == "t1 t2 "
