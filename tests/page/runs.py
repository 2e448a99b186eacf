"""What the service knows of its runs, for tests that count them."""

import json
from time import monotonic
from typing import TYPE_CHECKING, Any

from tests.serving import TIMEOUT, Served

if TYPE_CHECKING:
    from playwright.sync_api import Request


def body_of(request: "Request") -> dict[str, Any]:
    """What a page asked to be run."""
    body: dict[str, Any] = json.loads(request.post_data or "")
    return body


def run_ids(served: Served) -> set[str]:
    """The newest hundred."""
    return {run["run_id"] for run in json.loads(served.get("/runs?limit=100").text)["items"]}


def get_run(served: Served, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(served.get(f"/runs/{run_id}").text)
    return run


def wait_for_status(served: Served, run_id: str, status: str) -> None:
    deadline = monotonic() + TIMEOUT
    while get_run(served, run_id)["status"] != status:
        if monotonic() > deadline:
            raise TimeoutError(f"{run_id} did not become {status}")


def numbered(count: int) -> str:
    """The numbered model's whole answer."""
    return "".join(f"run:{number}; " for number in range(1, count + 1))
