"""Traffic of all kinds, so that all that is counted has happened once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import orjson

from tests.observability.exposed import wait_for
from tests.served_chains import GATES
from tests.serving import Served, request_bytes, serving

CHAINS = ("tests.served_chains:numbered", "tests.served_chains:numbered_agent", "tests.served_chains:failing")
AWAY: dict[str, Any] = {
    "offline": False,
    "model": "offline:demo",
    "openai_api_key": "none",
    "openai_base_url": "http://127.0.0.1:9/v1",  # where nobody is
    "fallback_models": ("openai:gpt-5-mini",),
    "provider_max_retries": 0,
}


@contextmanager
def busy_service() -> Iterator[Served]:
    """A service that has had it, and has said so in its metrics."""
    with serving(
        chains=CHAINS, send_timeout_seconds=0.2, disconnect_grace_seconds=0, max_output_chars=10**8, **AWAY
    ) as served:
        make_traffic(served)
        yield served


def make_traffic(served: Served) -> None:
    run_id = served.get("/stream?chain=numbered&query=tokens=5").headers["x-run-id"]
    served.get("/stream?chain=chat&query=hi")  # the model that ships costs nothing, which is a price
    served.get("/stream?chain=failing&query=hi")
    served.get("/stream?chain=chat&model=openai:gpt-5-nano&query=hi")
    served.get("/no/such/path")
    served.get(f"/runs/{run_id}/events?after=2")
    served.get(f"/runs/{run_id}/events?after=1.99")  # a gap
    cancel_one(served)
    drop_one(served)


def cancel_one(served: Served) -> None:
    gate = uuid4().hex
    body = {"chain": "numbered_agent", "input": f"tool=gated gate={gate}"}
    run_id = orjson.loads(served.post("/runs", orjson.dumps(body)).body)["run_id"]
    assert GATES[gate].reached.wait(20)
    served.post(f"/runs/{run_id}/cancel", b"{}")


def drop_one(served: Served) -> None:
    path = f"/stream?chain=numbered&format=events&query=tokens=1000 wide=6000 hold=999 gate={uuid4().hex}"
    with socket.socket() as frozen:
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frozen.connect(("127.0.0.1", served.port))
        frozen.sendall(request_bytes("GET", path, b"", {}))
        frozen.recv(1)  # the answer has begun, so the run is there
        wait_for(served, lambda now: now.sum("chainstream_runs_total", code="disconnect") == 1)
