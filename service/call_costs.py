"""What each model call of a run used and cost: told as `usage`, summed up, and told to whoever counts calls.

Not thread-safe: as the transcript, which it is a part of.
"""

from collections.abc import Callable, Iterable

from .bill import Bill, no_tokens
from .events import BridgeEvent, Usage, UsageTotals
from .message import Message
from .model_calls import OnCall
from .rates import MILLION, RatesOf, Spent, cost_of
from .retold import Retold
from .written import Ending, Tokens


class CallCosts:
    """Tells events to `put`; `now` is in milliseconds. `rates_of` knows prices, `on_call` hears of each model
    call at its end."""

    def __init__(
        self,
        put: Callable[[BridgeEvent], None],
        now: Callable[[], int],
        rates_of: RatesOf,
        on_call: OnCall,
        retold: Retold,
    ) -> None:
        self.rates_of = rates_of
        self._put = put
        self._now = now
        self._on_call = on_call
        self._bill = Bill(retold.used, retold.usd, retold.unpriced)

    def totals(self) -> UsageTotals:
        """Of all model calls: what providers reported, and for calls cut short one output token a piece."""
        return self._bill.totals()

    def spent(self, in_flight: Iterable[Message]) -> Spent:
        """Until now, with what the calls in flight have written so far."""
        usd, tokens = self._bill.spent()
        for message in in_flight:
            tokens += message.pieces
            usd += message.pieces * message.rates.output / MILLION if message.rates else 0.0
        return Spent(usd, tokens)

    def take(self, message: Message, ending: Ending) -> None:
        """A call has ended, and may have told what it used."""
        if ending.used is None:
            self._bill.miss(message.message_id, message.pieces)
            self._on_call(message.came_to(None, None, answered_by=ending.model))
            return
        # The model that answered may be a dated one, of which only the name that was asked for is known.
        named = self.rates_of(message.provider, ending.model) if ending.model != message.model else None
        cost = cost_of(ending.used, named or message.rates)
        self._tell(message, ending.model or message.model, ending.used, cost)
        self._on_call(message.came_to(ending.used, cost, answered_by=ending.model))

    def estimate(self, message: Message, error: str) -> None:
        """A call failed, or was cut short: it is taken to have used an output token a piece."""
        if not (pieces := message.pieces):
            self._on_call(message.came_to(None, 0.0, error=error))
            return
        used = Tokens(**{**no_tokens(), "output_tokens": pieces, "total_tokens": pieces})
        cost = cost_of(used, message.rates)
        self._tell(message, message.model, used, cost, estimated=True)
        self._on_call(message.came_to(used, cost, error=error))

    def _tell(
        self,
        message: Message,
        model: str | None,
        used: Tokens,
        cost: float | None,
        *,
        estimated: bool | None = None,
    ) -> None:
        self._bill.take(message.message_id, used, cost)
        usage = Usage(
            t=self._now(),
            message_id=message.message_id,
            model=model,
            **used,
            cost_usd=cost,
            estimated=estimated,
        )
        self._put(usage)
