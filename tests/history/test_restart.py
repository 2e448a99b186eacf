"""A run that waits for a person survives a restart, and goes on as if there had been none."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select

from service.database import open_reader
from service.database_checkpoints import LastingCheckpoints, open_saver
from service.database_url import parse_database_url
from service.history.tables import WAITING_RUNS
from tests.graphs import approving
from tests.graphs.whole import decide, events_in, last_id, started, told
from tests.history import restarting
from tests.serving import Answer, Served, serving

CHAINS = (
    *(
        f"{approving.__name__}:{name}"
        for name in "mailer two_mails per_call booker two_bookings asking_two stopping".split()
    ),
    *(
        f"{restarting.__name__}:{name}"
        for name in "counted doubting speaking by_hand odd forgetful holding late".split()
    ),
)
APPROVE: dict[str, Any] = {"type": "approve"}
REJECT = {"type": "reject", "message": "no"}
ANSWER = {"type": "respond", "value": "yes"}
QUESTION = {"question": "q", "answers": []}

# A chain, what it is given, the decisions before the restart, and those after it
STORIES: dict[str, tuple[str, Any, list[Any], list[Any]]] = {
    "a tool in mid-call": ("booker", "go", [], [APPROVE]),
    "the middleware": ("mailer", "go", [], [APPROVE]),
    "the middleware, rejected": ("two_mails", "go", [], [[REJECT, APPROVE]]),
    "an interrupt for each call": ("per_call", "go", [REJECT], [APPROVE]),
    "parallel interrupts": ("two_bookings", "go", [], [APPROVE, REJECT]),
    "one decided before": ("two_bookings", "go", [APPROVE], [ANSWER]),
    "a subgraph and a node": ("asking_two", QUESTION, [], [ANSWER, ANSWER]),
    "one of these decided before": ("asking_two", QUESTION, [ANSWER], [ANSWER]),
    "a breakpoint": ("stopping", QUESTION, [], [APPROVE]),
    "usage": ("counted", "tool=agree tokens=3", [], [APPROVE]),
    "text before": ("speaking", "go", [], [APPROVE]),
    "tools without ids": ("by_hand", {"names": []}, [], [APPROVE]),
}
PARALLEL = ("per_call", "two_mails", "two_bookings", "asking_two")


def serve(address: str, **settings: Any) -> AbstractContextManager[Served]:
    return serving(chains=CHAINS, shipped_chains=False, database_url=address, **settings)


@pytest.fixture(autouse=True)
def nothing_sent() -> Iterator[None]:
    approving.SENT.clear()
    yield


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> str:
    """An SQLite database of this test's own, for what is the same on both."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'chainstream.db')}"


def asked(answer: Answer) -> list[str]:
    return [data["interrupt_id"] for name, data in events_in(answer) if name == "approval"]


def decide_on(served: Served, run_id: str, ids: Sequence[str], decisions: Sequence[Any]) -> None:
    for interrupt_id, each in zip(ids, decisions, strict=True):
        accepted = decide(served, run_id, interrupt_id, each if isinstance(each, list) else [each])
        assert accepted.status == 200, accepted.text


def whole(served: Served, run_id: str) -> Answer:
    """All events of a run, read to its end or to where it waits."""
    return served.get(f"/runs/{run_id}/events")


def state(served: Served, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(served.get(f"/runs/{run_id}").text)
    return found


def alike(chain: str, answer: Answer) -> list[str]:
    """What is told, in its order but for what is done at the same time."""
    lines = told(answer)
    return sorted(re.sub(r" (step|parent)=s\d+", "", line) for line in lines) if chain in PARALLEL else lines


def usage_of(answer: Answer) -> Any:
    return events_in(answer)[-1][1]["usage"]


def ids_of(answer: Answer) -> list[str]:
    """But for the one that an answer begins with."""
    return [line.removeprefix("id: ") for line in answer.text.split("\n") if line.startswith("id: ")][1:]


def test_it_goes_on_with_the_same_events_as_without_a_restart(database_address: str) -> None:
    waiting: dict[str, Answer] = {}
    with serve(database_address) as first:
        for name, (chain, given, before, _) in STORIES.items():
            waiting[name] = answer = started(first, chain, given)
            decide_on(first, answer.headers["x-run-id"], asked(answer)[: len(before)], before)
    with serve(database_address) as second:
        for name, (chain, given, before, after) in STORIES.items():
            answer = waiting[name]
            run_id = answer.headers["x-run-id"]
            assert state(second, run_id)["status"] == "waiting", name
            assert second.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(answer)}).status == 204
            paused = "event: paused"  # which says what it waits for now
            assert whole(second, run_id).text.split(paused)[0] == answer.text.split(paused)[0], name
            decide_on(second, run_id, asked(answer)[len(before) :], after)
            ended = whole(second, run_id)

            uninterrupted = started(second, chain, given)
            other_id = uninterrupted.headers["x-run-id"]
            decide_on(second, other_id, asked(uninterrupted), [*before, *after])
            expected = whole(second, other_id)
            assert alike(chain, ended) == alike(chain, expected), name
            assert usage_of(ended) == usage_of(expected), name

            here = len(ids_of(answer))
            assert ids_of(ended) == [
                f"{run_id}.{1 if seq <= here else 2}.{seq}" for seq in range(1, len(ids_of(ended)) + 1)
            ]
            times = [data["t"] for _, data in events_in(ended)]
            assert times == sorted(times)
            assert state(second, run_id)["attempt"] == 2
    with serve(database_address) as third:
        for answer in waiting.values():
            run_id = answer.headers["x-run-id"]
            assert state(third, run_id)["status"] == "succeeded"


def test_a_second_question_of_the_same_tool_waits_again_and_a_rejection_before_is_told(
    file: str,
) -> None:
    def doubted(served: Served, answer: Answer, *decisions: Any) -> Answer:
        decide_on(served, answer.headers["x-run-id"], asked(answer)[-1:], decisions)
        return whole(served, answer.headers["x-run-id"])

    with serve(file) as first:
        twice = doubted(first, started(first, "doubting", "go"), REJECT)
        assert [data["value"] for name, data in events_in(twice) if name == "approval"] == [
            "bees?",
            "bees, really?",
        ]
    with serve(file) as second:
        ended = doubted(second, twice, APPROVE)
        (error,) = [data for name, data in events_in(ended) if name == "tool_error"]
        assert (error["code"], error["message"]) == ("rejected", "no")
        assert [name for name, _ in events_in(ended)].count("tool_start") == 1


def test_a_graph_that_keeps_its_state_itself_waits_on(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEMBERED", str(tmp_path / "remembered.db"))
    chains = (f"{restarting.__name__}:remembering",)
    with serving(chains=chains, shipped_chains=False, database_url=file) as first:
        run_id = started(first, "remembering", "go").headers["x-run-id"]
        decide_on(first, run_id, asked(whole(first, run_id)), [APPROVE])
        _, second_question = asked(whole(first, run_id))
    with serving(chains=chains, shipped_chains=False, database_url=file) as second:
        assert len(state(second, run_id)["approvals"]) == 1
        decide_on(second, run_id, [second_question], [ANSWER])
        name, data = events_in(whole(second, run_id))[-1]
        assert (name, data["output"]) == ("done", "True yes")
    assert saved(file) == []


def test_a_call_that_went_on_is_kept_with_what_it_was_given_and_its_state_no_more(file: str) -> None:
    with serve(file) as first:
        answer = started(first, "booker", "go")
        run_id = answer.headers["x-run-id"]
    assert saved(file) == [run_id]
    with serve(file) as second:
        decide_on(second, run_id, asked(answer), [APPROVE])
        assert events_in(whole(second, run_id))[-1][0] == "done"
        tool = json.loads(second.get(f"/runs/{run_id}/tools/call_1_0").text)
        assert (tool["status"], tool["args"], tool["input"], tool["output"]) == (
            "succeeded",
            '{"hotel": "Ritz"}',
            {"hotel": "Ritz"},
            "booked Ritz",
        )
    assert saved(file) == []


def test_a_run_that_waits_through_several_restarts_can_be_cancelled_and_deleted(
    database_address: str,
) -> None:
    with serve(database_address) as first:
        answer = started(first, "speaking", "go", thread_id="t")
        run_id = answer.headers["x-run-id"]
    with serve(database_address):
        pass
    with serve(database_address) as third:
        busy = started(third, "speaking", "go", thread_id="t")
        assert (busy.status, json.loads(busy.text)["code"]) == (409, "thread_busy")
        assert third.ask("DELETE", f"/runs/{run_id}", b"", {}).status == 409
        assert third.post(f"/runs/{run_id}/cancel", b"").status == 200
        name, data = events_in(whole(third, run_id))[-1]
        assert (name, data["reason"], data["output"]) == ("cancelled", "user", "Before,  ")
        assert ids_of(whole(third, run_id))[-1].startswith(f"{run_id}.3.")
        assert decide(third, run_id, asked(answer)[0], [APPROVE]).status == 409
        assert third.ask("DELETE", f"/runs/{run_id}", b"", {}).status == 204
        assert third.get(f"/runs/{run_id}").status == 404
    assert saved(database_address) == []


def test_a_thread_is_deleted_with_a_run_that_waits_in_it(file: str) -> None:
    with serve(file) as first:
        started(first, "booker", "go", thread_id="t")
    assert len(saved(file)) == 1
    with serve(file) as second:
        assert second.ask("DELETE", "/threads/t", b"", {}).status == 204
    assert saved(file) == []


def test_a_state_that_cannot_be_kept_ends_with_the_process(
    file: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"odd": {"text": ""}, "forgetful": "go"}
    with serve(file) as first:
        ids = [started(first, chain, each).headers["x-run-id"] for chain, each in given.items()]
        started(first, "odd", {"text": ""})
    assert caplog.text.count("their state cannot be kept") == 1
    with serve(file) as second:
        for run_id in ids:
            name, data = events_in(whole(second, run_id))[-1]
            assert (name, data["reason"]) == ("cancelled", "shutdown")
    assert saved(file) == []


def test_without_its_chain_a_run_is_lost_and_the_log_says_why(
    file: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(file) as first:
        answer = started(first, "mailer", "go")
        run_id = answer.headers["x-run-id"]
    with serving(chains=("tests.served_chains:numbered",), database_url=file) as second:
        name, data = events_in(whole(second, run_id))[-1]
        assert (name, data["code"]) == ("error", "owner_lost")
        assert state(second, run_id)["status"] == "failed"
    assert f"the run {run_id} waited for a person and cannot go on: There is no chain 'mailer'" in caplog.text
    assert saved(file) == []


def test_without_the_state_of_its_graph_a_run_is_lost(file: str, caplog: pytest.LogCaptureFixture) -> None:
    with serve(file) as first:
        run_id = started(first, "mailer", "go").headers["x-run-id"]
    anyio.run(LastingCheckpoints(parse_database_url(file)).delete, run_id)
    with serve(file) as second:
        assert events_in(whole(second, run_id))[-1][1]["code"] == "owner_lost"
    assert "the state of its graph is gone" in caplog.text


def test_the_time_that_it_waited_before_counts(file: str) -> None:
    with serve(file) as first:
        ids = [started(first, "mailer", "go").headers["x-run-id"] for _ in range(2)]
    with sqlite3.connect(file.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE runs SET started_at = '2026-01-01 00:00:00' WHERE run_id = ?", ids[:1])
    with serve(file, waiting_timeout_seconds=3600) as second:
        name, data = events_in(whole(second, ids[0]))[-1]
        assert (name, data["reason"]) == ("cancelled", "timeout")
        assert data["t"] > 3_600_000, "it has gone on counting"
        assert state(second, ids[1])["status"] == "waiting"


def saved(address: str) -> list[str]:
    """The runs of which something is saved, once nobody has the database open."""

    async def found() -> set[str]:
        url = parse_database_url(address)
        async with open_reader(url) as reader, open_saver(url) as checkpoints:
            async with reader.reading() as connection:
                rows = await connection.scalars(select(WAITING_RUNS.c.run_id))
            return {
                *rows,
                *[each.config["configurable"]["thread_id"] async for each in checkpoints.alist(None)],
            }

    return sorted(anyio.run(found))
