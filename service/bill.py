"""What the model calls of one run used and cost, summed up as they end."""

from .events import Usage, UsageTotals
from .rates import DIGITS, Spent
from .written import Tokens


def no_tokens() -> Tokens:
    return Tokens(input_tokens=0, output_tokens=0, total_tokens=0, cached_tokens=0, reasoning_tokens=0)


class Bill:
    """`usd` is the sum of the costs that are known, `unpriced` the number of calls whose cost is not: that of
    their models is not, or they have not told what they used."""

    def __init__(self, used: Tokens | None = None, usd: float = 0.0, unpriced: int = 0) -> None:
        self.used = used.copy() if used else no_tokens()
        self.usd = usd
        self._unpriced = unpriced
        self._silent: set[str] = set()
        self._unreported = 0

    @property
    def unpriced(self) -> int:
        return self._unpriced + len(self._silent)

    def miss(self, message_id: str, pieces: int = 0) -> None:
        """A call has ended and told no usage, or not yet: its pieces count for a bound on tokens alone."""
        self._silent.add(message_id)
        self._unreported += pieces

    def take(self, message_id: str, used: Tokens, cost: float | None) -> None:
        """A call's usage; None for a cost that is not known."""
        self._silent.discard(message_id)
        for kind in ("input_tokens", "output_tokens", "total_tokens", "cached_tokens", "reasoning_tokens"):
            self.used[kind] += used[kind]
        if cost is None:
            self._unpriced += 1
        else:
            self.usd += cost

    def totals(self) -> UsageTotals:
        return UsageTotals(**self.used, cost_usd=None if self.unpriced else round(self.usd, DIGITS))

    def spent(self) -> Spent:
        return Spent(self.usd, self.used["total_tokens"] + self._unreported)


def used_in(usage: Usage) -> Tokens:
    """The tokens of an event."""
    return Tokens(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
