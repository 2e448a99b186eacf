"""The closing line of each run: what it says, and whose request it names, however the run went."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from langchain_core.runnables import RunnableLambda

from service.history.store import StoredRun
from service.observability.run_lines import tell_lost
from tests.api.event_streams import last_id
from tests.api.sockets import talking
from tests.observability.listening import Heard, heard
from tests.served_chains import GATES, SERVED
from tests.serving import TIMEOUT, Served, serving


def _log(text: str) -> str:
    logging.getLogger("a_library").warning("in a thread")
    return text


in_thread = RunnableLambda(_log)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    chains = (*SERVED, f"{__name__}:in_thread", "tests.graphs.approving:mailer")
    with serving(chains=chains, max_runs_running=1, disconnect_grace_seconds=20) as service:
        yield service


@pytest.fixture
def log() -> Iterator[Heard]:
    with heard() as lines:
        yield lines


def asking(request_id: str) -> dict[str, str]:
    return {"X-Request-ID": request_id}


def start(served: Served, request_id: str, **body: Any) -> str:
    answer = served.post("/runs", orjson.dumps(body), asking(request_id))
    assert answer.status == 202, answer.text
    return str(orjson.loads(answer.body)["run_id"])


def until_ended(served: Served, run_id: str) -> None:
    served.get(f"/runs/{run_id}/events?format=ndjson")


def test_it_says_how_the_run_ended_and_what_it_used(served: Served, log: Heard) -> None:
    answer = served.get("/stream?chain=numbered&query=tokens=3", asking("mine"))
    (line,) = log.until_closed(1)
    run_id = answer.headers["x-run-id"]
    assert {**line, "timestamp": 0, "ttft_ms": 0, "duration_ms": 0} == {
        "timestamp": 0,
        "level": "info",
        "logger": "service.observability.run_lines",
        "event": "run ended",
        "request_id": "mine",
        "run_id": run_id,
        "chain": "numbered",
        "model": None,
        "thread_id": None,
        "outcome": "succeeded",
        "code": None,
        "input_tokens": 3,
        "output_tokens": 7,
        "total_tokens": 10,
        "cost_usd": None,
        "ttft_ms": 0,
        "duration_ms": 0,
        "resumes": 0,
        "attempt": 1,
    }


def test_a_failed_run_leaves_one_line_which_is_an_error_with_its_classes(served: Served, log: Heard) -> None:
    served.get("/stream?chain=failing&query=x", asking("mine"))
    log.until_closed(1)
    (line,) = log.records
    assert (line["level"], line["outcome"], line["code"]) == ("error", "failed", "chain_failed")
    assert [each.rpartition(":")[0] for each in line["exceptions"]] == [
        "RuntimeError at tests.served_chains:_raise"
    ]


def test_a_run_that_waited_its_turn_names_the_request_that_asked_for_it(
    served: Served, log: Heard, gate: str
) -> None:
    first = start(served, "first", chain="numbered", input=f"tokens=2 hold=1 gate={gate}")
    second = start(served, "second", chain="numbered", input="tokens=1")
    never = start(served, "third", chain="numbered", input="tokens=1")
    served.post(f"/runs/{never}/cancel", b"{}", asking("another"))
    GATES[gate].open()
    for run_id in (first, second):
        until_ended(served, run_id)
    told = {
        line["run_id"]: (line["request_id"], line["outcome"], line["code"]) for line in log.until_closed(3)
    }
    assert len(log.closing) == 3
    assert told == {
        first: ("first", "succeeded", None),
        second: ("second", "succeeded", None),
        never: ("third", "cancelled", "user"),
    }


def test_a_run_that_a_person_let_go_on_names_the_request_that_started_it(served: Served, log: Heard) -> None:
    run_id = start(served, "first", chain="mailer", input="mail")
    until_ended(served, run_id)
    (asked,) = orjson.loads(served.get(f"/runs/{run_id}").body)["approvals"]
    assert log.closing == []
    decided = {"decisions": [{"type": "approve"}]}
    path = f"/runs/{run_id}/approvals/{asked['interrupt_id']}"
    answer = served.post(path, orjson.dumps(decided), asking("who decides"))
    assert answer.status < 300, answer.text
    until_ended(served, run_id)
    (line,) = log.until_closed(1)
    assert (line["run_id"], line["request_id"], line["outcome"]) == (run_id, "first", "succeeded")


def test_a_run_that_waited_over_a_restart_names_the_request_that_started_it(
    tmp_path: Path, log: Heard
) -> None:
    address = f"sqlite:///{tmp_path / 'chainstream.db'}"
    chains = ("tests.graphs.approving:two_bookings",)
    with serving(chains=chains, database_url=address) as first:
        run_id = start(first, "first", chain="two_bookings", input="go")
        until_ended(first, run_id)
    for _ in range(2):  # what a process took over it hands on
        with serving(chains=chains, database_url=address) as later:
            (asked, *_) = orjson.loads(later.get(f"/runs/{run_id}").body)["approvals"]
            path = f"/runs/{run_id}/approvals/{asked['interrupt_id']}"
            answer = later.post(path, b'{"decisions": [{"type": "approve"}]}', asking("who decides"))
            assert answer.status < 300, answer.text
            until_ended(later, run_id)
    (line,) = log.until_closed(1)
    assert (line["run_id"], line["request_id"], line["outcome"]) == (run_id, "first", "succeeded")


def test_it_counts_how_often_readers_came_back(served: Served, log: Heard, gate: str) -> None:
    path = f"/stream?chain=numbered&format=events&query=tokens=4 hold=3 gate={gate}"
    cut = served.get(path, asking("mine"), cut_after=300)
    run_id, seen = cut.headers["x-run-id"], last_id(cut.body)
    assert seen is not None and GATES[gate].reached.wait(TIMEOUT)
    again = f"/runs/{run_id}/events?format=events"
    served.get(again, {"Last-Event-ID": seen}, cut_after=10)
    served.get(again, cut_after=10)  # from the start: it did not come back
    with talking(served) as talk:
        talk.say(type="resume", run_id=run_id, after=1)
        talk.hear()
    GATES[gate].open()
    until_ended(served, run_id)
    (line,) = log.until_closed(1)
    assert (line["run_id"], line["resumes"]) == (run_id, 2)


def test_what_a_chain_logs_on_a_thread_names_its_run_and_request(served: Served, log: Heard) -> None:
    answer = served.get("/stream?chain=in_thread&query=x", asking("mine"))
    (line,) = log.told("in a thread")
    assert (line["run_id"], line["request_id"]) == (answer.headers["x-run-id"], "mine")
    log.until_closed(1)  # else it were a line in the next test


def test_a_key_is_named_by_its_id_alone() -> None:
    shared = "a key of many characters"
    with heard(level=logging.DEBUG) as log, serving(api_key=shared) as service:
        made = service.post("/admin/keys", b'{"name": "mine"}', {"X-API-Key": shared})
        given = orjson.loads(made.body)
        service.get("/stream?chain=numbered&query=tokens=1", {"X-API-Key": given["key"]})
        (line,) = log.until_closed(1)
        service.get("/chains", {"X-API-Key": given["key"]})
    (request,) = [record for record in log.records if record.get("route") == "/chains"]
    assert line["key_id"] == request["key_id"] == given["key_id"]
    assert shared not in "".join(log.lines) and given["key"] not in "".join(log.lines)


def test_a_run_whose_process_died_has_its_line_at_the_next_start() -> None:
    lost = StoredRun(
        run_id="r1",
        owner="ann@example.com",
        team=None,
        key_id="k1",
        chain="chat",
        model="groq:x",
        thread_id="t1",
        parent_run_id=None,
        status="running",
        attempt=2,
        metadata="{}",
        created_at=None,  # type: ignore[arg-type]
        started_at=None,
        ended_at=None,
    )
    usage = '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}'
    with heard() as log:
        tell_lost(lost, {"usage": usage, "cost_usd": 0.5, "duration_ms": 900})
    (line,) = log.closing
    assert (line["run_id"], line["key_id"], line["code"], line["attempt"]) == ("r1", "k1", "owner_lost", 2)
    assert (line["total_tokens"], line["cost_usd"], line["duration_ms"]) == (7, 0.5, 900)
    assert "example.com" not in log.lines[0]


def test_at_debug_a_request_has_a_line_with_its_pattern_and_no_query(served: Served) -> None:
    with heard(level=logging.DEBUG) as log:
        run_id = start(served, "first", chain="numbered", input="canary")
        served.get(f"/runs/{run_id}?x=canary", asking("mine"))
        served.get("/canary")
        lines = log.until_told("request", 3)
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/runs", 202),
        ("GET", "/runs/{run_id}", 200),
        ("GET", None, 404),
    ]
    assert lines[1]["request_id"] == "mine" and "canary" not in "".join(log.lines)
