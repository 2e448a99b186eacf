"""Whether the service stays as it began: memory over thousands of finished runs, CPU with many streams."""

import math
from dataclasses import replace
from itertools import pairwise

from .cpu import resident_mb
from .outcome import put, steady_us
from .processes import Cores
from .sizes import Load, Sizes
from .systems import OURS, serving
from .table import figure, markdown

AT_ONCE = 5
# Logs that are kept grow as they should; with these gone, what still grows is a leak.
FORGETFUL = replace(OURS, env=OURS.env | {"RUN_LOG_TTL_SECONDS": "1"})


def growth(sizes: Sizes, cores: Cores) -> str:
    with serving(FORGETFUL, cores) as server:
        put(sizes.warm_up, OURS, server)
        rows = [["RSS MB after the warm-up", figure(resident_mb(server.pid))]]
        for before, after in pairwise((0, *sizes.growth)):
            put(Load(streams=AT_ONCE, tokens=1, rounds=(after - before) // AT_ONCE), OURS, server)
            name = f"RSS MB after {after:,} finished runs of one token"
            rows.append([name, figure(resident_mb(server.pid))])
        few, many = (steady_us(each, OURS.paths(each.load), server) for each in (sizes.few, sizes.many))
    rows += [
        [f"CPU µs/token after them, {sizes.few.load.name}", figure(few)],
        [f"CPU µs/token after them, {sizes.many.load.name}", figure(many)],
        ["the latter over the former", figure(many / few if few else math.nan)],
    ]
    return markdown("Growth", ["", "figure"], rows)
