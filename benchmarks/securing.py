"""What it costs to ask for keys, to count and to meter: the service with all of it, and with none."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from urllib.request import Request, urlopen

from .chain import MODEL
from .differences import differences
from .processes import Cores, Process
from .sizes import Sizes
from .systems import OURS, System

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


def securing(sizes: Sizes, cores: Cores) -> str:
    systems = {"open": OPEN, "keys, limits, budgets": SECURED}
    return differences("What keys, limits and budgets cost", systems, sizes, cores, _asking)


def _asking(system: System, server: Process) -> AbstractContextManager[str]:
    """The secured one is asked with a key of its database, of a team."""
    return nullcontext(_key_of(server) if system is SECURED else "")


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
