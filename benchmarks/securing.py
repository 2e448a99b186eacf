"""What it costs to ask for keys, to count and to meter: the service with all of it, and with none."""

import json
from dataclasses import dataclass, replace
from statistics import median
from urllib.request import Request, urlopen

from .chain import MODEL
from .outcome import put
from .processes import Cores, Process
from .sizes import Sizes
from .systems import OURS, System, serving
from .table import figure, markdown

ADMIN_KEY = "of-the-operator-of-the-benchmark"
OPEN = replace(OURS, env=OURS.env | {"RATE_LIMIT_ENABLED": "false", "MAX_STREAMS_PER_KEY": "0"})
SECURED = replace(
    OURS,
    env=OURS.env
    | {
        "API_KEY": ADMIN_KEY,
        "RATE_LIMIT_TOKENS_PER_MINUTE": "1000000000",
        "MODEL_PRICES": json.dumps({MODEL: {"input": 0.001, "output": 0.001}}),
        "MAX_COST_PER_RUN_USD": "1000",
        "BUDGET_PER_KEY": "1000000 USD/month",
        "BUDGET_PER_TEAM": "1000000 USD/month",
    },
)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the service's processes; `us_per_token` with all of a run's beginning and end in it."""

    ms_per_run: float
    us_per_token: float
    paced_us_per_token: float


def securing(sizes: Sizes, cores: Cores) -> str:
    """A B A B …, each on a fresh process. The secured one is asked with a key of its database, of a team."""
    pairs = [(_measure(OPEN, sizes, cores), _measure(SECURED, sizes, cores)) for _ in range(sizes.runs)]
    rows = [
        [
            name,
            figure(median(cost.us_per_token for cost in costs)),
            figure(median(cost.paced_us_per_token for cost in costs)),
            figure(median(cost.ms_per_run for cost in costs)),
        ]
        for name, costs in zip(("open", "keys, limits, budgets"), zip(*pairs, strict=True), strict=True)
    ]
    more = [
        figure(median(secured.us_per_token - free.us_per_token for free, secured in pairs)),
        figure(median(secured.paced_us_per_token - free.paced_us_per_token for free, secured in pairs)),
        figure(median(secured.ms_per_run - free.ms_per_run for free, secured in pairs)),
    ]
    columns = [f"CPU µs/token, {load.name}" for load in (sizes.unpaced, sizes.paced)]
    header = ["", *columns, "CPU ms/run of one token"]
    title = f"What keys, limits and budgets cost, medians of {sizes.runs}"
    return markdown(title, header, [*rows, ["more", *more]])


def _measure(system: System, sizes: Sizes, cores: Cores) -> Cost:
    with serving(system, cores) as server:
        key = _key_of(server) if system is SECURED else ""
        put(sizes.warm_up, system, server, key)
        return Cost(
            put(sizes.together, system, server, key).ms_per_run,
            put(sizes.unpaced, system, server, key).us_per_token,
            put(sizes.paced, system, server, key).us_per_token,
        )


def _key_of(server: Process) -> str:
    """A new key of the service's own database."""
    host, port = server.address
    request = Request(
        f"http://{host}:{port}/admin/keys",
        data=json.dumps({"owner": "ann", "team": "red"}).encode(),
        headers={"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=20) as answer:  # noqa: S310 - of a server that this benchmark started
        return str(json.load(answer)["key"])
