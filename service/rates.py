"""Pure: what a model's tokens cost, by its price."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .written import Tokens

MILLION = 1_000_000
DIGITS = 12  # after the point of a dollar: no price is finer, and no sum shows what binary fractions add


class Spent(NamedTuple):
    """Dollars, as far as prices are known, and tokens."""

    usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars a million tokens. Cached tokens are part of the input. Of the `tiers`, in ascending order, the
    last one whose number of input tokens a call exceeds holds for all of the call."""

    input: float
    output: float
    cached: float
    tiers: tuple[tuple[int, "Rates"], ...] = ()

    def cost(self, used: Tokens) -> float:
        """In dollars."""
        rates = self
        for above, tier in self.tiers:
            if used["input_tokens"] > above:
                rates = tier
        fresh = max(0, used["input_tokens"] - used["cached_tokens"])
        cached, output = used["cached_tokens"] * rates.cached, used["output_tokens"] * rates.output
        return round((fresh * rates.input + cached + output) / MILLION, DIGITS)


RatesOf = Callable[[str | None, str | None], Rates | None]  # of a provider's model, as LangChain names them


def unpriced(_provider: str | None, _model: str | None) -> Rates | None:
    """Where no prices are known."""
    return None


def cost_of(used: Tokens, rates: Rates | None) -> float | None:
    """In dollars; None where it is not known. No tokens cost nothing."""
    if not used["total_tokens"]:
        return 0.0
    return None if rates is None else rates.cost(used)
