"""The service beside the plain one: A B A B …, each on a fresh process, medians over the runs."""

import statistics

from .cpu import resident_mb
from .outcome import put
from .processes import Cores
from .sizes import Sizes
from .systems import OURS, PLAIN, System, serving
from .table import figure, markdown

Figures = dict[str, float]


def measure(system: System, sizes: Sizes, cores: Cores) -> Figures:
    """One run of one system: column → figure."""
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
            **{
                f"delay ms {each.load.name}, p{percent}": each.delay_ms(percent)
                for each in (half, paced)
                for percent in (50, 99)
            },
            "RSS MB": resident_mb(server.pid),
            "tokens lost": sum(each.lost for each in (alone, together, unpaced, half, paced)),
        }


def compare(sizes: Sizes, cores: Cores) -> str:
    """The table: a row a system, and the ratio between them, taken within each run."""
    runs = [(measure(PLAIN, sizes, cores), measure(OURS, sizes, cores)) for _ in range(sizes.runs)]
    columns = list(runs[0][0])
    plain, ours = ([run[side] for run in runs] for side in (0, 1))
    rows = [
        [PLAIN.name, *(figure(statistics.median(run[column] for run in plain)) for column in columns)],
        [OURS.name, *(figure(statistics.median(run[column] for run in ours)) for column in columns)],
        ["ours / plain", *(_ratio([(run[0][column], run[1][column]) for run in runs]) for column in columns)],
    ]
    return markdown(f"Against the plain LangChain service, medians of {sizes.runs}", ["", *columns], rows)


def _ratio(pairs: list[tuple[float, float]]) -> str:
    ratios = [ours / plain for plain, ours in pairs if plain]
    return f"{statistics.median(ratios):.2f}" if ratios else ""
