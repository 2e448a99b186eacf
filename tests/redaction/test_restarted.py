"""A run that waited when its process ended goes on under the same rules: its chain's and its key's too."""

from contextlib import AbstractContextManager
from pathlib import Path

import orjson

from tests.access.secured import Secured, secured
from tests.redaction.leaking_chains import HIDDEN
from tests.redaction.test_served import ALL, leaks

SEED = 1_000


def serve(folder: Path) -> AbstractContextManager[Secured]:
    chains = ("tests.redaction.leaking_chains:asking",)
    return secured(chains=chains, shipped_chains=False, database_url=f"sqlite:///{folder}/kept.db")


def test_after_a_restart_a_run_is_filtered_by_the_rules_of_its_key(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        key = first.give(redact=",".join(ALL))["key"]
        asked = first.ask("POST", "/runs/wait", key, {"input": {"prompt": f"seed={SEED}"}})
        waiting = orjson.loads(asked.body)
        assert waiting["status"] == "waiting" and leaks(asked.text, SEED) == []
    with serve(tmp_path) as again:
        (approval,) = waiting["approvals"]
        run = f"/runs/{waiting['run_id']}"
        answer = {"decisions": [{"type": "respond", "message": "yes"}]}
        assert again.ask("POST", f"{run}/approvals/{approval['interrupt_id']}", key, answer).status == 200
        said = again.ask("GET", f"{run}/events?format=ndjson", key).text
    (done,) = [frame for frame in map(orjson.loads, said.splitlines()) if frame["event"] == "done"]
    assert done["data"]["output"]["said"].startswith("yes the end is ")
    assert len(HIDDEN[SEED]) > 2 and leaks(said, SEED) == []
