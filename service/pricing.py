"""What models cost: the operator's own prices, then those that genai-prices ships. It never asks the network.

That library takes a quarter of a second to import, and half a millisecond for each price that it works out.
So it is imported where a price is first asked for, and what it says is kept for a quarter of an hour: some
prices change with the date, and some with the hour.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from .errors import StartError
from .rates import Rates

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

logger = logging.getLogger(__name__)

BUILT_IN = "offline"  # the provider of the model that runs in this process, and costs nothing
FREE = Rates(input=0.0, output=0.0, cached=0.0)
PRICES_KEPT = 1024
KEPT_SECONDS = 900


class Prices:
    """`own` are prices by `model` or `provider:model`. `addresses` are those of providers that are not asked
    where they usually are: what stands there has its own prices, unless the library knows the address."""

    def __init__(self, own: Mapping[str, Rates], addresses: Mapping[str, str]) -> None:
        self._own = own
        self._addresses = addresses
        self._known = lru_cache(PRICES_KEPT)(self._look_up)

    def rates_of(self, provider: str | None, model: str | None) -> Rates | None:
        """Of a model by the names that LangChain gives it and its provider; None where it is not known."""
        if model is None:
            return FREE if provider == BUILT_IN else None
        return self._known(provider, model, int(time.time()) // KEPT_SECONDS)

    def load(self) -> None:
        """Import the library and its data, so that no run waits for it."""
        from genai_prices.data_snapshot import get_snapshot

        get_snapshot()

    def _look_up(self, provider: str | None, model: str, _quarter: int) -> Rates | None:
        own = self._own.get(f"{provider}:{model}") or self._own.get(model)
        if own or provider is None:
            return own
        return FREE if provider == BUILT_IN else _listed(provider, model, self._addresses.get(provider))


def _listed(provider: str, model: str, address: str | None) -> Rates | None:
    """In the library's data."""
    from genai_prices.data_snapshot import get_snapshot

    asked = (None, address) if address else (provider, None)
    try:
        _, found = get_snapshot().find_provider_model(model, None, *asked)
        return rates_in(found.get_prices(datetime.now(UTC)))
    except LookupError:
        return None
    except Exception:  # a price must not end a run
        logger.exception("the price of %s:%s could not be worked out", provider, model)
        return None


def rates_in(price: "ModelPrice") -> Rates | None:
    """The library's price as rates; None where a call costs more than its tokens do."""
    if getattr(price, "requests_kcount", None):
        return None
    parts = (price.input_mtok, price.output_mtok, price.cache_read_mtok)
    starts = sorted({tier.start for part in parts for tier in getattr(part, "tiers", ())})
    tiers = tuple((start, _rates_over(start, *parts)) for start in starts)
    first = _rates_over(-1, *parts)
    return Rates(first.input, first.output, first.cached, tiers)


def _rates_over(start: int, into: Any, out: Any, cached: Any) -> Rates:
    """Those of calls with more input tokens than `start`."""
    fresh = _dollars(into, start)
    return Rates(fresh, _dollars(out, start), fresh if cached is None else _dollars(cached, start))


def _dollars(price: Any, start: int) -> float:
    tiers = getattr(price, "tiers", None)
    if tiers is None:
        return float(price or 0)
    reached = [tier.price for tier in tiers if tier.start <= start]
    return float(reached[-1] if reached else price.base)


def parse_own_prices(text: str) -> dict[str, Rates]:
    """MODEL_PRICES: `{"model": {"input": 0.1, "output": 0.4, "cached": 0.05}}`, in dollars a million tokens,
    or the path of a file with that. Cached tokens cost what others do where nothing else is said.

    Raises StartError.
    """
    if not text.strip():
        return {}
    try:
        given = orjson.loads(text if text.lstrip().startswith("{") else Path(text).read_bytes())
        return {model: _own_rates(prices) for model, prices in given.items()}
    except OSError as error:
        raise _bad_prices(f"{text!r} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad_prices(str(error)) from error


def _own_rates(prices: Mapping[str, Any]) -> Rates:
    if unknown := prices.keys() - {"input", "output", "cached"}:
        raise ValueError(f"a price has no {sorted(unknown)[0]!r}")
    if missing := {"input", "output"} - prices.keys():
        raise ValueError(f"a price lacks {sorted(missing)[0]!r}")
    if not all(type(each) in (int, float) and each >= 0 for each in prices.values()):
        raise ValueError("prices are numbers from 0")
    into = float(prices["input"])
    return Rates(into, float(prices["output"]), float(prices.get("cached", into)))


def _bad_prices(why: str) -> StartError:
    example = '{"llama3.2": {"input": 0.1, "output": 0.4}}'
    return StartError("bad_prices", f"MODEL_PRICES: {why}. It is, for example, {example}, or a file of that.")


@asynccontextmanager
async def loading(prices: Prices) -> AsyncIterator[None]:
    """Load them meanwhile, in a thread."""
    task = asyncio.create_task(asyncio.to_thread(prices.load))
    try:
        yield
    finally:
        await asyncio.wait({task})
