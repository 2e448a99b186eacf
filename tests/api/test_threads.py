"""Threads over HTTP: conversations that the service keeps, as trees of runs in which nothing is lost."""

import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.api.event_streams import names_of
from tests.served_chains import GATES, SERVED
from tests.serving import Answer, Served, serving

CHAINS = ("tests.api.recalling_chain:recalling", *SERVED)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving(chains=CHAINS) as served:
        yield served


@pytest.fixture
def thread(request: pytest.FixtureRequest) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:100]


def post(server: Served, path: str, **body: Any) -> Answer:
    return server.post(path, orjson.dumps(body))


def run(server: Served, given: Any, **fields: Any) -> dict[str, Any]:
    """A whole run."""
    answer = post(server, "/runs/wait", input=given, **{"chain": "recalling", **fields})
    assert answer.status == 200, answer.text
    return dict(orjson.loads(answer.body))


def told(server: Served, given: Any, **fields: Any) -> str:
    return str(run(server, given, **fields)["output"])


def get(server: Served, path: str) -> Any:
    answer = server.get(path)
    assert answer.status == 200, answer.text
    return orjson.loads(answer.body)


def test_a_run_in_a_thread_is_told_what_was_said_before_it(server: Served, thread: str) -> None:
    assert told(server, "one", thread_id=thread) == "human: one"
    assert told(server, "two", thread_id=thread) == "human: one | ai: human: one | human: two"
    assert told(server, "alone") == "human: alone"


def test_system_text_comes_before_it(server: Served, thread: str) -> None:
    told(server, "one", thread_id=thread)
    assert told(server, "two", thread_id=thread, system="Be brief.").startswith(
        "system: Be brief. | human: one"
    )


def test_who_sends_the_whole_conversation_each_time_is_not_told_it_twice(server: Served, thread: str) -> None:
    one = [{"role": "user", "content": "one"}]
    answer = {"role": "assistant", "content": told(server, {"messages": one}, thread_id=thread)}
    two = {"role": "user", "content": "two"}
    told(server, {"messages": [*one, answer, two]}, thread_id=thread)
    last = told(server, "three", thread_id=thread)
    assert last.count("human: three") == 1
    turns = get(server, f"/threads/{thread}")["runs"]
    assert len(turns) == 3


def test_a_retry_is_a_branch_and_what_was_said_stays(server: Served, thread: str) -> None:
    first = run(server, "one", thread_id=thread)
    second = run(server, "two", thread_id=thread)
    assert second["parent_run_id"] == first["run_id"]
    again = run(server, "two, again", thread_id=thread, parent_run_id=first["run_id"])
    assert again["output"] == "human: one | ai: human: one | human: two, again"
    assert told(server, "three", thread_id=thread).endswith(
        f"| human: two, again | ai: {again['output']} | human: three"
    )
    ids = [each["run_id"] for each in get(server, f"/threads/{thread}")["runs"]]
    assert second["run_id"] not in ids and ids[:2] == [first["run_id"], again["run_id"]]
    tree = get(server, f"/threads/{thread}?all=1")["runs"]
    assert [each["response"] for each in tree if each["run_id"] == second["run_id"]] == [second["output"]]


def test_without_a_parent_a_thread_begins_anew(server: Served, thread: str) -> None:
    told(server, "one", thread_id=thread)
    assert told(server, "one, edited", thread_id=thread, parent_run_id=None) == "human: one, edited"
    assert len(get(server, f"/threads/{thread}")["runs"]) == 1
    assert len(get(server, f"/threads/{thread}?all=true")["runs"]) == 2


def test_an_answer_that_was_cancelled_is_told_as_far_as_it_came(server: Served, thread: str) -> None:
    started = post(
        server, "/runs", chain="numbered", thread_id=thread, input=f"tokens=9 hold=3 gate={thread}"
    )
    GATES[thread].reached.wait(20)
    run_id = orjson.loads(started.body)["run_id"]
    assert post(server, f"/runs/{run_id}/cancel").status == 200
    assert "| ai: run:1; run:2;" in told(server, "go on", thread_id=thread)


def test_a_second_run_at_the_same_time_is_refused_waits_or_takes_the_place(
    server: Served, thread: str
) -> None:
    def begin(number: int, **fields: Any) -> Answer:
        prompt = f"tokens=3 hold=2 gate={thread}{number}"
        return post(server, "/runs", chain="numbered", thread_id=thread, input=prompt, **fields)

    first = orjson.loads(begin(1).body)["run_id"]
    GATES[f"{thread}1"].reached.wait(20)
    refused = begin(2)
    assert (refused.status, orjson.loads(refused.body)["code"]) == (409, "thread_busy")
    assert first in orjson.loads(refused.body)["detail"]

    second = orjson.loads(begin(3, on_busy="cancel").body)["run_id"]
    assert get(server, f"/runs/{first}")["status"] == "cancelled"
    GATES[f"{thread}3"].reached.wait(20)

    waited: list[Answer] = []
    waiting = threading.Thread(target=lambda: waited.append(begin(4, on_busy="wait")))
    waiting.start()
    GATES[f"{thread}4"].open()
    GATES[f"{thread}3"].open()
    waiting.join(20)
    third = orjson.loads(waited[0].body)
    assert get(server, f"/runs/{second}")["status"] == "succeeded"
    turns = get(server, f"/threads/{thread}")["runs"]
    assert [turn["run_id"] for turn in turns] == [first, second, third["run_id"]]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"thread_id": "a b"}, 422, "invalid_request"),
        ({"thread_id": "x" * 129}, 422, "invalid_request"),
        ({"config": {"configurable": {"thread_id": "a\x00b"}}}, 400, "bad_thread_id"),
        ({"thread_id": "new", "parent_run_id": "01m7ygjx2s21ccc2xxsq49fvwm"}, 404, "parent_not_found"),
        ({"parent_run_id": "01m7ygjx2s21ccc2xxsq49fvwm"}, 400, "no_thread"),
        ({"thread_id": "x", "on_busy": "hurry"}, 422, "invalid_request"),
    ],
)
def test_what_is_wrong_with_a_turn_is_told(
    server: Served, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = post(server, "/runs", chain="recalling", input="x", **fields)
    assert (answer.status, orjson.loads(answer.body)["code"]) == (status, code)


def test_a_thread_is_called_by_its_first_message_until_it_is_renamed(server: Served, thread: str) -> None:
    told(server, "What  is\nthis? " + "x" * 200, thread_id=thread)
    told(server, "two", thread_id=thread)
    title = get(server, f"/threads/{thread}")["title"]
    assert title.startswith("What is this? xx") and len(title) == 80 and title.endswith("…")
    changed = server.ask(
        "PATCH", f"/threads/{thread}", b'{"title": "Named"}', {"Content-Type": "application/json"}
    )
    assert orjson.loads(changed.body)["title"] == "Named"
    told(server, "three", thread_id=thread)
    assert get(server, f"/threads/{thread}")["title"] == "Named"


def test_a_thread_that_was_begun_without_a_title_gets_one(server: Served) -> None:
    begun = post(server, "/threads", metadata={"team": "a"})
    thread_id = orjson.loads(begun.body)["thread_id"]
    assert begun.status == 201 and begun.headers["location"] == f"/threads/{thread_id}"
    assert get(server, f"/threads/{thread_id}") | {"created_at": 0, "updated_at": 0} == {
        "thread_id": thread_id,
        "title": "",
        "metadata": {"team": "a"},
        "created_at": 0,
        "updated_at": 0,
        "runs": [],
    }
    told(server, "hello", thread_id=thread_id)
    assert get(server, f"/threads/{thread_id}")["title"] == "hello"
    assert post(server, "/threads", thread_id=thread_id).status == 409


def test_threads_are_listed_by_their_last_use_page_by_page(thread: str) -> None:
    with serving(chains=CHAINS) as server:
        for name in ("a", "b", "c", "a"):
            told(server, name, thread_id=name)
        listed, after = [], ""
        while after is not None:
            page = get(server, f"/threads?limit=2{after and '&after='}{after}")
            listed += [each["thread_id"] for each in page["items"]]
            after = page["next"]
        assert listed == ["a", "c", "b"]
        assert server.get("/threads?after=nonsense").status == 400


def test_a_deleted_thread_is_gone_with_its_runs_also_with_one_that_goes_on(
    server: Served, thread: str
) -> None:
    ended = run(server, "one", thread_id=thread)
    prompt = f"tokens=9 hold=3 gate={thread}"
    going = orjson.loads(post(server, "/runs", chain="numbered", thread_id=thread, input=prompt).body)
    GATES[thread].reached.wait(20)
    assert server.ask("DELETE", f"/threads/{thread}", b"", {}).status == 204
    for run_id in (ended["run_id"], going["run_id"]):
        assert server.get(f"/runs/{run_id}").status == 404
        assert server.get(f"/runs/{run_id}/events").status == 404
    assert server.get(f"/threads/{thread}").status == 404
    assert server.ask("DELETE", f"/threads/{thread}", b"", {}).status == 404


def test_a_deleted_run_leaves_its_thread_whole(server: Served, thread: str) -> None:
    runs = [run(server, text, thread_id=thread) for text in ("one", "two", "three")]
    assert server.ask("DELETE", f"/runs/{runs[1]['run_id']}", b"", {}).status == 204
    left = get(server, f"/threads/{thread}")["runs"]
    assert [turn["run_id"] for turn in left] == [runs[0]["run_id"], runs[2]["run_id"]]
    assert left[1]["parent_run_id"] == runs[0]["run_id"]


def test_a_run_that_goes_on_is_not_deleted(server: Served, thread: str) -> None:
    started = post(server, "/runs", chain="numbered", input=f"tokens=9 hold=3 gate={thread}")
    run_id = orjson.loads(started.body)["run_id"]
    refused = server.ask("DELETE", f"/runs/{run_id}", b"", {})
    assert (refused.status, orjson.loads(refused.body)["code"]) == (409, "run_not_ended")
    GATES[thread].open()
    assert names_of(server.get(f"/runs/{run_id}/events").body)[-1] == "done"


def test_runs_of_a_thread_and_history_are_listed(server: Served, thread: str) -> None:
    runs = [run(server, text, thread_id=thread) for text in ("one", "two")]
    listed = get(server, f"/runs?thread_id={thread}")["items"]
    assert [each["run_id"] for each in listed] == [each["run_id"] for each in reversed(runs)]
    page = get(server, "/history?limit=1&offset=1")
    (item,) = page["items"]
    assert (page["limit"], page["offset"], page["total"] >= 2) == (1, 1, True)
    assert item == get(server, f"/history/{runs[0]['run_id']}")
    assert (item["prompt"], item["response"], item["status"]) == ("one", "human: one", "succeeded")
    assert item["thread_id"] == thread


def test_a_conversation_goes_on_after_a_restart(tmp_path: Any, thread: str) -> None:
    with serving(chains=CHAINS, database_url=f"sqlite:///{tmp_path}/kept.db") as server:
        first = run(server, "one", thread_id=thread)
        events = server.get(f"/runs/{first['run_id']}/events").body
    with serving(chains=CHAINS, database_url=f"sqlite:///{tmp_path}/kept.db") as server:
        times = dict.fromkeys(("started_at", "ended_at"))  # which the database has a little later
        assert get(server, f"/runs/{first['run_id']}") | times == first | times
        assert server.get(f"/runs/{first['run_id']}/events").body == events
        assert told(server, "two", thread_id=thread) == "human: one | ai: human: one | human: two"
