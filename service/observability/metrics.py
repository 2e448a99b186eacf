"""What is counted and timed, and how Prometheus reads it.

A registry of its own for each app, so that several live in one process. Nothing is recorded for a token: once
for a model call, a stream, a run, a request. Every label has few values, by a bound of its own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from ..model_calls import ModelCall
from .bounded_names import BoundedNames
from .distributions import Distributions
from .instruments import Counts, Instruments
from .provider_names import provider_name
from .tracing import is_switched_off

MOST_MODELS = 50
MOST_CODES = 50

# The kinds of tokens: those from a cache are part of the input, those of reasoning of the output.
Field = Literal["input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"]
KINDS: tuple[tuple[str, Field], ...] = (
    ("input", "input_tokens"),
    ("output", "output_tokens"),
    ("cached", "cached_tokens"),
    ("reasoning", "reasoning_tokens"),
)


class Ended(Protocol):
    """What a run came to, as the executor tells it."""

    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def ttft_ms(self) -> int | None: ...
    @property
    def duration_ms(self) -> int: ...


class Metrics:
    """With OTEL_SDK_DISABLED=true, OpenTelemetry's own switch, nothing is recorded and nothing exposed."""

    def __init__(self, resource: Resource) -> None:
        self._registry = CollectorRegistry()
        self._reader = PrometheusMetricReader(scope_info_enabled=False, registry=self._registry)
        self._provider = MeterProvider(
            [self._reader], resource, exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False
        )
        ProcessCollector(registry=self._registry)
        distributions = Distributions()
        if not is_switched_off(os.environ):
            self._registry.register(distributions)
        self._instruments = Instruments(self._provider.get_meter("chainstream"), distributions)
        self._counts: Counts = dict
        self._instruments.gauge(
            "chainstream.runs.active", "state", "Runs that have not ended.", lambda: self._counts()
        )
        self._open_circuits: Counts = dict
        self._instruments.gauge(
            "chainstream.circuit.open",
            "provider",
            "Whether a provider's circuit breaker is open.",
            lambda: self._open_circuits(),
        )
        self._models = BoundedNames(MOST_MODELS)
        self._codes = BoundedNames(MOST_CODES)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it, in the version of Prometheus's text or of OpenMetrics that `accept` asks for, and that
        version's media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def watch_runs(self, counts: Counts) -> None:
        """`counts` tells how many runs there are in each state, from now on."""
        self._counts = counts

    def watch_circuits(self, are_open: Counts) -> None:
        """`are_open` tells for each provider that has a circuit breaker whether it is open, from now on."""
        self._open_circuits = are_open

    # --- runs and model calls ----------------------------------------------------------------------

    def run_ended(self, chain: str, ended: Ended) -> None:
        self._instruments.runs.add(1, chain, ended.outcome, self._codes.of(ended.code))
        self._instruments.run_times.record(ended.duration_ms / 1000, chain, ended.outcome)
        if ended.ttft_ms is not None:
            self._instruments.first_tokens.record(ended.ttft_ms / 1000, chain)

    def model_called(self, chain: str, call: ModelCall) -> None:
        """From any thread."""
        model = self._models.of(call.model)
        self._record_operation(call, model)
        if (per_piece := call.per_piece) is not None:
            self._instruments.token_times.record(per_piece, chain, model)
        if call.used is not None:
            for kind, field in KINDS:
                if count := call.used[field]:
                    self._instruments.tokens.add(count, chain, model, kind)
        if call.cost is None:
            self._instruments.unpriced.add(1, chain, model)
        else:
            self._instruments.cost.add(call.cost, chain, model)

    def _record_operation(self, call: ModelCall, model: str) -> None:
        about = ("chat", provider_name(call.provider), model, self._models.of(call.answered_by))
        self._instruments.operations.record(call.duration, *about, call.error or "")
        if call.first is not None:
            self._instruments.first_chunks.record(call.first, *about)
        if call.used is not None and call.error is None:  # else it is an estimate
            self._instruments.usage.record(call.used["input_tokens"], *about, "input")
            self._instruments.usage.record(call.used["output_tokens"], *about, "output")

    # --- readers -----------------------------------------------------------------------------------

    def joined(self, format_name: str, *, resumed: bool, gap: str | None) -> None:
        """A reader has joined a run: past its start, or after a gap for this reason."""
        if resumed:
            self._instruments.resumes.add(1, format_name)
        if gap is not None:
            self._instruments.gaps.add(1, gap)

    @contextmanager
    def reading(self, format_name: str) -> Iterator[None]:
        """A stream is open."""
        self._instruments.streams.add(1, format_name)
        try:
            yield
        finally:
            self._instruments.streams.add(-1, format_name)

    def dropped(self, format_name: str) -> None:
        """A reader took nothing for too long."""
        self._instruments.dropped.add(1, format_name)

    # --- requests and the loop ---------------------------------------------------------------------

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._instruments.requests.record(seconds, method, route, str(status))

    def loop_lagged(self, seconds: float) -> None:
        self._instruments.loop_lag.record(seconds)
