"""What it costs to be seen: the service with logs, metrics and traces, and with none of them."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from statistics import median
from urllib.request import urlopen

from .outcome import put
from .processes import Cores, Process, running
from .sizes import Sizes
from .systems import OURS, System, serving
from .table import figure, markdown

ROUNDS = 3  # for each of the sizes' runs: a difference of two figures needs more of them
SCRAPE_SECONDS = 1.0
UNSEEN = replace(OURS, env=OURS.env | {"LOG_LEVEL": "warning", "OTEL_SDK_DISABLED": "true"})
METRICS = replace(OURS, env=OURS.env | {"LOG_LEVEL": "warning"})
LOGGED = {"LOG_LEVEL": "info", "LOG_JSON": "true"}


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the service's processes; `us_per_token` with all of a run's beginning and end in it."""

    ms_per_run: float
    us_per_token: float
    paced_us_per_token: float

    def less(self, other: "Cost") -> "Cost":
        return Cost(
            self.ms_per_run - other.ms_per_run,
            self.us_per_token - other.us_per_token,
            self.paced_us_per_token - other.paced_us_per_token,
        )


def observing(sizes: Sizes, cores: Cores) -> str:
    """A B C A B C …, each a process that lives on, since two processes of a kind differ by more than what
    is measured; /metrics is read every second, and every run is traced."""
    with ExitStack() as stack:
        collector = stack.enter_context(
            running(("benchmarks.collector", "{port}"), core=cores.others, env={})
        )
        host, port = collector.address
        sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}"}
        seen = replace(OURS, env=OURS.env | LOGGED | sent)
        systems = {"none of it": UNSEEN, "metrics": METRICS, "logs, metrics, traces": seen}
        servers = {name: stack.enter_context(_warm(system, sizes, cores)) for name, system in systems.items()}
        rounds = [
            {name: _measure(system, sizes, servers[name]) for name, system in systems.items()}
            for _ in range(ROUNDS * sizes.runs)
        ]
    rows = [_row(name, [costs[name] for costs in rounds]) for name in systems]
    rows += [
        _row(f"more: {name}", [costs[name].less(costs["none of it"]) for costs in rounds])
        for name in list(systems)[1:]
    ]
    columns = [f"CPU µs/token, {load.name}" for load in (sizes.unpaced, sizes.paced)]
    title = f"What it costs to be seen, medians of {len(rounds)}"
    return markdown(title, ["", *columns, "CPU ms/run of one token"], rows)


def _row(name: str, costs: list[Cost]) -> list[str]:
    return [
        name,
        figure(median(cost.us_per_token for cost in costs)),
        figure(median(cost.paced_us_per_token for cost in costs)),
        figure(median(cost.ms_per_run for cost in costs)),
    ]


@contextmanager
def _warm(system: System, sizes: Sizes, cores: Cores) -> Iterator[Process]:
    with serving(system, cores) as server:
        put(sizes.warm_up, system, server)
        put(sizes.together, system, server)
        with _scraped(server) if system is not UNSEEN else nullcontext():
            yield server


def _measure(system: System, sizes: Sizes, server: Process) -> Cost:
    return Cost(
        put(sizes.together, system, server).ms_per_run,
        put(sizes.unpaced, system, server).us_per_token,
        put(sizes.paced, system, server).us_per_token,
    )


@contextmanager
def _scraped(server: Process) -> Iterator[None]:
    """As Prometheus does, but more often."""
    host, port = server.address
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(SCRAPE_SECONDS):
            with urlopen(f"http://{host}:{port}/metrics", timeout=20) as answer:
                answer.read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
