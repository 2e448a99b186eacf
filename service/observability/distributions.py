"""Distributions that are kept here and told when they are read: each run adds to some eight, and to record in
one of OpenTelemetry's histograms takes many times as long."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Distribution:
    """By the values of its `labels`, in their order; from any thread.

    `bounds` ascend, and each is the greatest value of its bucket.
    """

    def __init__(
        self, name: str, unit: str, description: str, bounds: Sequence[float], labels: Sequence[str]
    ) -> None:
        self._name = name
        self._unit = unit
        self._description = description
        self._bounds = bounds
        self._labels = labels
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}  # of each bucket, the last being above all bounds
        self._sums: dict[tuple[str, ...], float] = {}

    def record(self, amount: float, *values: str) -> None:
        bucket = bisect_left(self._bounds, amount)
        with self._lock:
            counts = self._counts.get(values)
            if counts is None:
                counts = self._counts[values] = [0] * (len(self._bounds) + 1)
                self._sums[values] = 0.0
            counts[bucket] += 1
            self._sums[values] += amount

    def observed(self) -> HistogramMetricFamily:
        """As Prometheus has it: each bucket with all that is below it."""
        with self._lock:
            series = [(values, [*counts], self._sums[values]) for values, counts in self._counts.items()]
        family = HistogramMetricFamily(self._name, self._description, labels=self._labels, unit=self._unit)
        ends = [*map(floatToGoString, self._bounds), "+Inf"]
        for values, counts, total in series:
            family.add_metric(values, list(zip(ends, accumulate(counts), strict=True)), total)
        return family


class Distributions(Collector):
    """All of one service, as Prometheus' registry asks for them; names are OpenTelemetry's, underscored."""

    def __init__(self) -> None:
        self._all: list[Distribution] = []

    def of(
        self, name: str, unit: str, description: str, bounds: Sequence[float], labels: Iterable[str]
    ) -> Distribution:
        made = Distribution(
            _prometheus(name), unit, description, bounds, [_prometheus(label) for label in labels]
        )
        self._all.append(made)
        return made

    def collect(self) -> Iterator[HistogramMetricFamily]:
        return (family for family in (one.observed() for one in self._all) if family.samples)


def _prometheus(name: str) -> str:
    return name.replace(".", "_")
