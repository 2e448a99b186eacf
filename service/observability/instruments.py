"""What is measured: each instrument with its name, unit, meaning, and the bounds of its buckets.

Those of HTTP and of models have OpenTelemetry's names
(https://opentelemetry.io/docs/specs/semconv/http/http-metrics/, …/gen-ai/gen-ai-metrics/); all else is
`chainstream.…`. Prometheus has them with underscores, their unit at the end.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics as gen_ai  # as conventions of GenAI are

from .distributions import Distribution, Distributions
from .tally import Tally

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
ANSWERS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0, 600.0)
CALLS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
RUNS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
CALL = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model")

Counts = Callable[[], Mapping[str, int]]


class Instruments:
    """All of one service."""

    def __init__(self, meter: Meter, distributions: Distributions) -> None:
        self._meter = meter
        self._distributions = distributions
        self.requests = self._times(
            "http.server.request.duration",
            ANSWERS,
            "Duration of HTTP requests, of streams to their end.",
            *("http.request.method", "http.route", "http.response.status_code"),
        )
        self.operations = self._times(
            gen_ai.GEN_AI_CLIENT_OPERATION_DURATION, CALLS, "Duration of model calls.", *CALL, "error.type"
        )
        self.first_chunks = self._times(
            gen_ai.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
            CALLS,
            "Time to a model call's first piece.",
            *CALL,
        )
        self.usage = distributions.of(
            gen_ai.GEN_AI_CLIENT_TOKEN_USAGE,
            "",
            "Tokens of model calls.",
            TOKENS,
            (*CALL, "gen_ai.token.type"),
        )
        self.runs = self._sum(
            "chainstream.runs", "Runs that ended, by their outcome.", "chain", "outcome", "code"
        )
        self.run_times = self._times(
            "chainstream.run.duration", RUNS, "Duration of runs.", "chain", "outcome"
        )
        self.first_tokens = self._times(
            "chainstream.first_token", CALLS, "Time from a run's start to its answer's first token.", "chain"
        )
        self.token_times = self._times(
            "chainstream.time_per_token",
            SHORT,
            "Time between a model call's pieces, its mean, once a call.",
            *("chain", "model"),
        )
        self.tokens = self._sum("chainstream.tokens", "Tokens of model calls.", "chain", "model", "type")
        self.cost = self._sum(
            "chainstream.cost.usd", "Dollars, of calls with known prices.", "chain", "model"
        )
        self.unpriced = self._sum(
            "chainstream.unpriced_calls", "Model calls whose cost is not known.", "chain", "model"
        )
        self.streams = Tally("format")
        meter.create_observable_up_down_counter(
            "chainstream.streams.open", [self.streams.observed], "", "Streams and sockets that are read."
        )
        self.resumes = self._sum("chainstream.resumes", "Readers that came back and went on.", "format")
        self.gaps = self._sum("chainstream.gaps", "Readers that could not have all events.", "reason")
        self.dropped = self._sum(
            "chainstream.readers.dropped", "Readers dropped since they took nothing.", "format"
        )
        self.loop_lag = self._times(
            "chainstream.event_loop.lag", SHORT, "How late the event loop comes to what is due."
        )

    def gauge(self, name: str, label: str, description: str, counts: Counts) -> None:
        """A number that is looked up when it is asked for, for each value of its one label."""

        def observed(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(count, {label: value}) for value, count in counts().items()]

        self._meter.create_observable_gauge(name, [observed], "", description)

    def _sum(self, name: str, description: str, *labels: str) -> Tally:
        tally = Tally(*labels)
        self._meter.create_observable_counter(name, [tally.observed], "", description)
        return tally

    def _times(self, name: str, bounds: Sequence[float], description: str, *labels: str) -> Distribution:
        return self._distributions.of(name, "seconds", description, bounds, labels)
