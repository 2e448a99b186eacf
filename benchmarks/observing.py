"""What it costs to be seen: the service with logs, metrics and traces, and with none of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.request import urlopen

from .differences import differences
from .processes import Cores, Process, running
from .sizes import Sizes
from .systems import OURS, System

SCRAPE_SECONDS = 1.0
UNSEEN = replace(OURS, env=OURS.env | {"LOG_LEVEL": "warning", "OTEL_SDK_DISABLED": "true"})
METRICS = replace(OURS, env=OURS.env | {"LOG_LEVEL": "warning"})
LOGGED = {"LOG_LEVEL": "info", "LOG_JSON": "true"}


def observing(sizes: Sizes, cores: Cores) -> str:
    """/metrics is read every second, and every run is traced."""
    with running(("benchmarks.collector", "{port}"), core=cores.others, env={}) as collector:
        host, port = collector.address
        sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}"}
        systems = {
            "none of it": UNSEEN,
            "metrics": METRICS,
            "logs, metrics, traces": replace(OURS, env=OURS.env | LOGGED | sent),
        }
        return differences("What it costs to be seen", systems, sizes, cores, _scraped)


@contextmanager
def _scraped(system: System, server: Process) -> Iterator[str]:
    """As Prometheus does, but more often."""
    if system is UNSEEN:
        yield ""
        return
    host, port = server.address
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(SCRAPE_SECONDS):
            with urlopen(f"http://{host}:{port}/metrics", timeout=20) as answer:
                answer.read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield ""
    finally:
        over.set()
        thread.join()
