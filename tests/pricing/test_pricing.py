"""Prices are those of the library, or the operator's own, and what is not known is not guessed."""

import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot

from service.bill import no_tokens
from service.errors import StartError
from service.pricing import FREE, Prices, parse_own_prices, rates_in
from service.rates import Rates, cost_of
from service.written import Tokens

ROOT = Path(__file__).parents[2]
OURS = ("openai", "anthropic", "groq", "x-ai")

OFFLINE = """
import sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit(f"the network was asked: {event} {args}")
sys.addaudithook(refuse)
import service.app
from service.pricing import Prices
assert "genai_prices" not in sys.modules, "imported before a price was asked for"
prices = Prices({}, {})
prices.load()
assert prices.rates_of("openai", "gpt-4.1-mini"), "no price"
"""


def tokens(given: int, written: int, cached: int = 0) -> Tokens:
    counted = {"input_tokens": given, "output_tokens": written, "cached_tokens": cached}
    # All keys of a Tokens are there.
    return Tokens(**{**no_tokens(), **counted, "total_tokens": given + written})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("provider_id", OURS)
def test_every_cost_is_what_the_library_works_out(provider_id: str) -> None:
    rng = random.Random(provider_id)
    (provider,) = [each for each in get_snapshot().providers if each.id == provider_id]
    now = datetime.now(UTC)
    for model in provider.models:
        rates = rates_in(model.get_prices(now))
        for given in (rng.randrange(5_000), rng.randrange(600_000), 128_000, 200_000, 200_001, 272_001):
            used = tokens(given, rng.randrange(5_000), rng.randrange(given + 1))
            asked = Usage(
                input_tokens=given,
                output_tokens=used["output_tokens"],
                cache_read_tokens=used["cached_tokens"],
            )
            price = model.calc_price(asked, provider, genai_request_timestamp=now).total_price
            assert rates is not None, model.id
            assert rates.cost(used) == pytest.approx(float(price), abs=1e-9), model.id


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4.1-mini-2025-04-14"),
        ("groq", "llama-3.1-8b-instant"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("xai", "grok-4.3"),
    ],
)
def test_models_of_each_provider_have_a_price_by_the_names_that_langchain_gives(
    provider: str, model: str
) -> None:
    rates = Prices({}, {}).rates_of(provider, model)
    assert rates and rates.input > 0 and rates.output > rates.input


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "no-such"), ("ollama", "llama3.2"), (None, "gpt-4.1-mini"), ("openai", None), (None, None)],
)
def test_what_is_not_known_has_no_price(provider: str | None, model: str | None) -> None:
    assert Prices({}, {}).rates_of(provider, model) is None


def test_the_built_in_model_is_free() -> None:
    assert Prices({}, {}).rates_of("offline", "demo") == FREE


def test_at_another_address_a_model_has_the_price_of_that_address_or_none() -> None:
    elsewhere = Prices({}, {"openai": "http://10.0.0.1:8000/v1"})
    assert elsewhere.rates_of("openai", "gpt-4.1-mini") is None
    usual = Prices({}, {"openai": "https://api.openai.com/v1"})
    assert usual.rates_of("openai", "gpt-4.1-mini") == Prices({}, {}).rates_of("openai", "gpt-4.1-mini")


def test_own_prices_win_also_by_their_provider() -> None:
    own = {"gpt-4.1-mini": Rates(1, 2, 1), "groq:x": Rates(3, 4, 3)}
    prices = Prices(own, {"openai": "http://10.0.0.1/v1"})
    assert prices.rates_of("openai", "gpt-4.1-mini") == Rates(1, 2, 1)
    assert prices.rates_of("groq", "x") == Rates(3, 4, 3)
    assert prices.rates_of("openai", "x") is None


def test_own_prices_come_as_json_or_from_a_file(tmp_path: Path) -> None:
    text = '{"m": {"input": 1, "output": 2.5}, "n": {"input": 4, "output": 0, "cached": 1}}'
    expected = {"m": Rates(1.0, 2.5, 1.0), "n": Rates(4.0, 0.0, 1.0)}
    (tmp_path / "prices.json").write_text(text)
    assert parse_own_prices(text) == parse_own_prices(str(tmp_path / "prices.json")) == expected
    assert parse_own_prices(" ") == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "no/such/file.json",
        '{"m": 1}',
        '{"m": {"input": 1}}',
        '{"m": {"input": 1, "output": -1}}',
        '{"m": {"input": 1, "output": true}}',
        '{"m": {"input": 1, "output": 1, "more": 1}}',
    ],
)
def test_prices_that_are_none_stop_the_start_with_a_sentence(text: str) -> None:
    with pytest.raises(StartError, match="MODEL_PRICES: "):
        parse_own_prices(text)


def test_no_tokens_cost_nothing_even_at_an_unknown_price() -> None:
    assert cost_of(no_tokens(), None) == 0.0
    assert cost_of(tokens(1, 0), None) is None


def test_neither_the_import_nor_a_price_asks_the_network_and_the_service_starts_without_the_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
