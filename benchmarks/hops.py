"""What each hop adds: the provider asked directly, behind the service, and behind a client server too.

The client server is that of `examples/`, as it stands there. All three run the whole time, and are asked one
after the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

from .client import Answer
from .outcome import put
from .processes import Cores, Process, running
from .sizes import Sizes
from .systems import OURS, PROVIDER, System, environment_for
from .table import figure, markdown

BOUND_MS = (
    10.0  # that the first token may come later through all hops than by asking the service, or the provider
)
SERVICE = replace(
    OURS,
    name="service → provider",
    posts="/runs/stream?format=events",
    asks=lambda prompt: {"chain": "bare", "input": prompt},
)
CHAINED = System(
    name="client server → service → provider",
    command=("examples.example_streaming_chain_server",),
    posts="/api/chat/stream",
    asks=lambda prompt: {"message": prompt},
    env={"HOST": "127.0.0.1", "PORT": "{port}", "CHAINSTREAM_CHAIN": "bare"},
)
SYSTEMS = (PROVIDER, SERVICE, CHAINED)
FIRST = "first token ms"

Figures = dict[str, float]


def hops(sizes: Sizes, cores: Cores) -> str:
    """The table: a row a system, the medians of its runs, and what the hops add, taken within each run."""
    runs = [_run(sizes, cores) for _ in range(sizes.runs)]
    columns = list(runs[0][0])
    rows = [
        [system.name, *(figure(median(run[at][column] for run in runs)) for column in columns)]
        for at, system in enumerate(SYSTEMS)
    ]
    rows += [
        [f"all hops less {system.name}", *(_more(runs, at, column) for column in columns)]
        for at, system in enumerate(SYSTEMS[:2])
    ]
    added = median(chained[FIRST] - provider[FIRST] for provider, _, chained in runs)
    verdict = f"The first token comes {added:.1f} ms later through all hops; it may be {BOUND_MS:g}.\n"
    title = f"What each hop adds, medians of {sizes.runs}"
    return f"{markdown(title, ['', *columns], rows)}\n{verdict}"


def _run(sizes: Sizes, cores: Cores) -> list[Figures]:
    with _all_running(cores) as servers:
        systems = list(zip(SYSTEMS, servers, strict=True))
        for system, server in systems:
            put(sizes.warm_up, system, server)
        return [_measure(system, server, sizes) for system, server in systems]


@contextmanager
def _all_running(cores: Cores) -> Iterator[Sequence[Process]]:
    """The provider, the service before it, and the client server before that."""
    with (
        running(PROVIDER.command, core=cores.others, env={}) as provider,
        running(SERVICE.command, core=cores.server, env=environment_for(SERVICE, provider)) as service,
    ):
        env = CHAINED.env | {"CHAINSTREAM_URL": "http://{}:{}".format(*service.address)}
        with running(CHAINED.command, core=cores.others, env=env) as client_server:
            yield provider, service, client_server


def _measure(system: System, server: Process, sizes: Sizes) -> Figures:
    first = put(sizes.alone, system, server)
    paced = put(sizes.alone_paced, system, server)
    return {
        FIRST: first.first_ms,
        "delay of a token ms, p50": paced.delay_ms(50),
        "p99": paced.delay_ms(99),
        "tokens after the next was sent": sum(map(_overtaken, paced.answers)),
        "tokens lost": first.lost + paced.lost,
    }


def _overtaken(answer: Answer) -> int:
    """How many tokens were read when the provider had written the next one already: what is held back is."""
    sent = [read - delay for read, delay in zip(answer.read, answer.delays, strict=True)]
    return sum(read >= following for read, following in zip(answer.read, sent[1:], strict=False))


def _more(runs: Sequence[list[Figures]], at: int, column: str) -> str:
    return figure(median(run[-1][column] - run[at][column] for run in runs))
