"""Sums that are kept here and told when they are read: each run adds to some ten, and to add to one of
OpenTelemetry's counters takes many times as long."""

import threading
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Observation


class Tally:
    """By the values of its `labels`, in their order; from any thread."""

    def __init__(self, *labels: str) -> None:
        self._labels = labels
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, ...], float] = {}

    def add(self, amount: float, *values: str) -> None:
        with self._lock:
            self._sums[values] = self._sums.get(values, 0) + amount

    def observed(self, _options: CallbackOptions) -> Iterable[Observation]:
        """As OpenTelemetry's observable counters ask for it."""
        with self._lock:
            sums = dict(self._sums)
        return [
            Observation(total, dict(zip(self._labels, values, strict=True))) for values, total in sums.items()
        ]
