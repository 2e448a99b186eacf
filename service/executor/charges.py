"""What a run spends, told to whoever bounds it: that ends the run."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from ..bridge import Bridge
from ..events import BridgeEvent, MessageEnd
from ..rates import Spent

CHARGED_EVENTS = 16  # at most so many are told before what the run has spent is looked at again


class Meter(Protocol):
    """Counts what a run spends."""

    def take(self, spent: Spent) -> bool:
        """What it has spent in all, so far; returns whether it may go on."""
        ...


class Charges:
    """Calls `stop` once the run that `bridge` tells of may spend no more, by its `meter`."""

    def __init__(
        self,
        bridge: Bridge,
        meter: Meter | None,
        stop: Callable[[Literal["budget"]], None],
    ) -> None:
        self._bridge = bridge
        self._meter = meter
        self._stop = stop
        self._uncharged = 0

    def take(self, batch: Sequence[BridgeEvent]) -> None:
        """These were told. The meter is asked after each model call, and every so many events within one: not
        for each token."""
        if self._meter is None:
            return
        self._uncharged += len(batch)
        if self._uncharged >= CHARGED_EVENTS or any(isinstance(event, MessageEnd) for event in batch):
            self.settle()

    def settle(self) -> None:
        """The meter is asked about all that was spent so far."""
        self._uncharged = 0
        if self._meter is not None and not self._meter.take(self._bridge.spent()):
            self._stop("budget")
