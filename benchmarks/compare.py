"""The service beside others: A B C A B C …, each on a fresh process, medians over the runs."""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from .cpu import resident_mb
from .environments import Missing, langserve_python
from .outcome import put
from .processes import Cores
from .sizes import Sizes
from .systems import LANGSERVE, OURS, PLAIN, PROVIDER, System, serving
from .table import figure, markdown

Figures = dict[str, float]
Run = dict[str, Figures]


def run_of_all(systems: Sequence[System], sizes: Sizes, cores: Cores) -> Run:
    """One run of each system."""
    with serving(PROVIDER, cores) as provider:
        put(sizes.warm_up, PROVIDER, provider)
        first_ms = put(sizes.alone, PROVIDER, provider).first_ms
    return {each.name: measure(each, sizes, cores, first_ms) for each in systems}


def measure(system: System, sizes: Sizes, cores: Cores, first_ms: float) -> Figures:
    """One run of one system: column → figure. `first_ms` is a first token's of the provider alone."""
    with serving(system, cores) as server:
        put(sizes.warm_up, system, server)
        alone = put(sizes.alone, system, server)
        together = put(sizes.together, system, server)
        unpaced = put(sizes.unpaced, system, server)
        half = put(sizes.half_paced, system, server)
        paced = put(sizes.paced, system, server)
        return {
            f"CPU µs/token, {unpaced.load.name}": unpaced.us_per_token,
            f"CPU µs/token, {paced.load.name}": paced.us_per_token,
            "CPU ms/run of one token": together.ms_per_run,
            f"first token ms, {together.load.streams} at once": together.first_ms,
            "first token ms, 1 stream": alone.first_ms,
            "without the provider's": alone.first_ms - first_ms,
            **{
                f"delay ms {each.load.name}, p{percent}": each.delay_ms(percent)
                for each in (half, paced)
                for percent in (50, 99)
            },
            "RSS MB": resident_mb(server.pid),
            "tokens lost": sum(each.lost for each in (alone, together, unpaced, half, paced)),
        }


def compare(sizes: Sizes, cores: Cores) -> str:
    """The table: a row a system, and the ratios of ours to each other one, taken within each run."""
    others, note = [PLAIN], ""
    try:
        others.append(replace(LANGSERVE, python=langserve_python(install=sizes.installs)))
    except Missing as why:
        note = f"\nWithout a row for LangServe: {why}.\n"
    systems = [*others, OURS]
    runs = [run_of_all(systems, sizes, cores) for _ in range(sizes.runs)]
    columns = list(runs[0][OURS.name])
    rows = [[each.name, *(_median(runs, each, column) for column in columns)] for each in systems]
    rows += [[f"ours / {each.name}", *(_ratio(runs, each, column) for column in columns)] for each in others]
    title = f"Against other services of the same model, medians of {sizes.runs}"
    return markdown(title, ["", *columns], rows) + note


def _median(runs: Sequence[Run], system: System, column: str) -> str:
    return figure(statistics.median(run[system.name][column] for run in runs))


def _ratio(runs: Sequence[Run], other: System, column: str) -> str:
    pairs = [(run[OURS.name][column], run[other.name][column]) for run in runs]
    ratios = [ours / its for ours, its in pairs if its]
    return f"{statistics.median(ratios):.2f}" if ratios else ""
