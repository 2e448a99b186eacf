"""Asking a service for a run on a model of a provider, and settings that lead there."""

from itertools import count
from typing import Any

import orjson

from tests.api.event_streams import Frame, frames_of
from tests.fake_provider import FakeProvider
from tests.serving import Served

MODELS = {
    "groq": "groq:llama-3.1-8b-instant",
    "openai": "openai:gpt-4.1-mini",
    "anthropic": "anthropic:claude-haiku-4-5",
    "xai": "xai:grok-4.3",
    "ollama": "ollama:llama3.2",
}
KEY = "sk-canary-of-the-service"

_numbers = count(1)


def at(provider: FakeProvider, key: str = KEY) -> dict[str, Any]:
    """Settings for every provider, at the fake one's address."""
    return {
        "groq_api_key": key,
        "groq_base_url": provider.url,
        "openai_api_key": key,
        "openai_base_url": f"{provider.url}/v1",
        "anthropic_api_key": key,
        "anthropic_base_url": provider.url,
        "xai_api_key": key,
        "xai_base_url": f"{provider.url}/v1",
        "ollama_host": provider.url,
    }


def once(prompt: str) -> str:
    """The prompt, so that no other call in the ledger has the same."""
    return f"{prompt} (no. {next(_numbers)})"


def events_of(
    service: Served, prompt: str, model: str | None, chain: str = "chat", **more: Any
) -> list[Frame]:
    """Every event of a run; no secret, address or path may be in any of them."""
    body = {"chain": chain, "input": prompt} | ({"model": model} if model else {}) | more
    answer = service.post("/runs/stream", orjson.dumps(body))
    assert answer.status == 200, answer.text
    for secret in ("canary", "127.0.0.1", "Traceback", "site-packages"):
        assert secret not in answer.text
    return frames_of(answer.body)


def all_of(frames: list[Frame], event: str, field: str) -> list[Any]:
    """The field of each event of this name."""
    return [frame.json[field] for frame in frames if frame.event == event]


def failure_in(frames: list[Frame]) -> tuple[object, object, object]:
    """The code of the error that ended it, its fault, and whether to try again."""
    last = frames[-1]
    assert last.event == "error", last
    return last.json["code"], last.json["fault"], last.json["retryable"]
