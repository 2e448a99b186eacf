"""What an option costs: the service with and without it, where the difference is a small part of the whole.

Two processes of one kind differ by as much as what is measured here. So each kind has several, one after the
other; within a set of them the load goes to A B C A B C …, and a difference is taken between neighbours.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median

from .outcome import Outcome, put
from .processes import Cores, Process
from .sizes import Load, Sizes
from .systems import System, serving
from .table import figure, markdown

# Goes on while a system serves, and gives the key that its requests show.
Asking = Callable[[System, Process], AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the service's processes; per token with all of a run's beginning and end in it."""

    us_per_token: float
    paced_us_per_token: float
    ms_per_run: float

    def less(self, other: "Cost") -> "Cost":
        return Cost(
            self.us_per_token - other.us_per_token,
            self.paced_us_per_token - other.paced_us_per_token,
            self.ms_per_run - other.ms_per_run,
        )


def keyless(_system: System, _server: Process) -> AbstractContextManager[str]:
    return nullcontext("")


def differences(
    title: str, systems: dict[str, System], sizes: Sizes, cores: Cores, asking: Asking = keyless
) -> str:
    """The table: a row a system, and what each costs more than the first."""
    rounds = [costs for _ in range(sizes.processes) for costs in _rounds(systems, sizes, cores, asking)]
    first, *others = systems
    rows = [_row(name, [costs[name] for costs in rounds]) for name in systems]
    rows += [_row(f"more: {name}", [costs[name].less(costs[first]) for costs in rounds]) for name in others]
    columns = [f"CPU µs/token, {load.name}" for load in (sizes.unpaced, sizes.paced)]
    return markdown(f"{title}, medians of {len(rounds)}", ["", *columns, "CPU ms/run of one token"], rows)


def _rounds(
    systems: dict[str, System], sizes: Sizes, cores: Cores, asking: Asking
) -> Iterator[dict[str, Cost]]:
    with ExitStack() as stack:
        loads: dict[str, Callable[[Load], Outcome]] = {}
        for name, system in systems.items():
            server = stack.enter_context(serving(system, cores))
            key = stack.enter_context(asking(system, server))
            loads[name] = partial(put, system=system, server=server, key=key)
            loads[name](sizes.warm_up)
            loads[name](sizes.together)
        for _ in range(sizes.rounds):
            yield {name: _measure(load, sizes) for name, load in loads.items()}


def _measure(load: Callable[[Load], Outcome], sizes: Sizes) -> Cost:
    return Cost(
        load(sizes.unpaced).us_per_token,
        load(sizes.paced).us_per_token,
        load(sizes.together).ms_per_run,
    )


def _row(name: str, costs: list[Cost]) -> list[str]:
    return [name, *(figure(median(getattr(cost, field) for cost in costs)) for field in Cost.__slots__)]
