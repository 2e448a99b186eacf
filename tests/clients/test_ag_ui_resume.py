"""AG-UI's stream over httpx2, cut off anywhere: what then comes is the rest of the uncut one, id by id."""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest

from tests.amounts import CUTS
from tests.api.planted import CHAINS
from tests.served_chains import GATES
from tests.serving import TIMEOUT, Served, serving
from tests.wire.parsers import httpx as parsed
from tests.wire.whatwg import Message


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    more = "tests.graphs.approving:per_call", "tests.clients.ag_ui_chains:asking_twice"
    with serving(chains=(*CHAINS, *more), rate_limit_enabled=False) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=served.url, timeout=TIMEOUT) as client:
        yield client


def body(content: str = "hi", **more: Any) -> dict[str, Any]:
    message = {"id": "u1", "role": "user", "content": content}
    return {"threadId": str(uuid4()), "runId": str(uuid4()), "messages": [message], **more}


def post(client: httpx2.Client, chain: str, sent: dict[str, Any], last: str = "") -> httpx2.Response:
    headers = {"Last-Event-ID": last} if last else {}
    return client.post(f"/ag-ui/{chain}", json=sent, headers=headers)


def messages(response: httpx2.Response) -> list[Message]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return parsed([response.content])


def interrupts_in(response: httpx2.Response) -> list[dict[str, Any]]:
    last = orjson.loads(messages(response)[-1].data)
    asked: list[dict[str, Any]] = last["outcome"]["interrupts"]
    return asked


def test_a_stream_has_no_opening_ends_its_frames_with_lf_and_gives_each_an_id(client: httpx2.Client) -> None:
    response = post(client, "numbered_agent", body("tool=gated twice=1"))
    run_id = response.headers["x-run-id"]
    assert response.content.startswith(f"id: {run_id}.1.1\ndata: {{".encode())
    assert b"\r" not in response.content
    frames = response.content.removesuffix(b"\n\n").split(b"\n\n")
    assert all(frame.startswith(f"id: {run_id}.1.".encode()) for frame in frames)
    assert len(frames) == len(messages(response))


@pytest.mark.parametrize("asked", ["tool=gated twice=1", "tool=broken", "tokens=30"])
@pytest.mark.parametrize("way", ["POST", "GET"])
def test_from_any_cursor_comes_the_rest_of_the_uncut_run(client: httpx2.Client, asked: str, way: str) -> None:
    sent = body(asked)
    whole = post(client, "numbered_agent", sent)
    run_id, uncut = whole.headers["x-run-id"], messages(whole)
    for at in sorted(Random(asked).sample(range(len(uncut) - 1), min(CUTS // 10, len(uncut) - 1))):
        last = uncut[at].last_event_id
        if way == "POST":
            rest = post(client, "numbered_agent", sent, last)
        else:
            rest = client.get(f"/runs/{run_id}/events?format=ag-ui&after={last}")
        assert messages(rest) == uncut[at + 1 :]
        assert rest.headers["x-run-id"] == run_id
    assert post(client, "numbered_agent", sent, uncut[-1].last_event_id).status_code == 204


def test_a_run_that_answers_interrupts_is_read_on_from_any_cursor_too(client: httpx2.Client) -> None:
    sent = body()
    (asked,) = interrupts_in(post(client, "mailer", sent))
    answers = [{"interruptId": asked["id"], "status": "resolved", "payload": {"approved": True}}]
    answer = sent | {"runId": "the answer", "resume": answers}
    assert post(client, "mailer", answer).status_code == 422  # no run is called so
    answer["runId"] = "the-answer"
    uncut = messages(post(client, "mailer", answer))
    assert orjson.loads(uncut[0].data)["runId"] == "the-answer"
    assert orjson.loads(uncut[-1].data)["outcome"] == {"type": "success"}
    for at in range(len(uncut) - 1):
        assert messages(post(client, "mailer", answer, uncut[at].last_event_id)) == uncut[at + 1 :]


def test_the_same_input_is_the_same_run_however_often_it_is_sent(client: httpx2.Client) -> None:
    sent = body("tokens=3")
    first, again = post(client, "numbered", sent), post(client, "numbered", sent)
    assert (again.headers["x-run-id"], again.content) == (first.headers["x-run-id"], first.content)
    other = {**sent, "messages": [{"id": "u1", "role": "user", "content": "tokens=4"}]}
    refused = post(client, "numbered", other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_conflict")


def test_the_same_answer_again_reads_on_and_another_is_refused(client: httpx2.Client) -> None:
    sent = body()
    (asked,) = interrupts_in(post(client, "mailer", sent))
    answer = {"interruptId": asked["id"], "status": "resolved", "payload": {"approved": False}}
    first = post(client, "mailer", {**sent, "runId": "r2", "resume": [answer]})
    again = post(client, "mailer", {**sent, "runId": "r2", "resume": [answer]})
    assert again.content == first.content
    late = post(
        client, "mailer", {**sent, "runId": "r3", "resume": [{**answer, "payload": {"approved": True}}]}
    )
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")


@pytest.mark.parametrize(
    ("payload", "status", "code"),
    [
        (None, 422, "wrong_decisions"),
        ({"approved": "yes"}, 422, "wrong_decisions"),
        ({"approved": True, "editedArgs": "to: eve"}, 422, "wrong_decisions"),
        ({"approved": True, "editedArgs": {"whom": "eve"}}, 422, "invalid_arguments"),
        ({"type": "maybe"}, 422, "wrong_decisions"),
        ({"decisions": []}, 422, "wrong_decisions"),
        ({"decisions": [{"type": "approve"}, {"type": "approve"}]}, 422, "wrong_decisions"),
        ([], 422, "wrong_decisions"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_run_waits_on(
    client: httpx2.Client, payload: object, status: int, code: str
) -> None:
    sent = body()
    (asked,) = interrupts_in(post(client, "mailer", sent))
    resume = [{"interruptId": asked["id"], "status": "resolved", "payload": payload}]
    refused = post(client, "mailer", {**sent, "runId": "r2", "resume": resume})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    right = [{"interruptId": asked["id"], "status": "resolved", "payload": True}]
    assert messages(post(client, "mailer", {**sent, "runId": "r2", "resume": right}))


@pytest.mark.parametrize(
    "named", ["", "nothing", "7", "01k7m2q4w6e8r0t2y4v6b8n0cd.1.7", "{run}.1.1", "{run}.1.99"]
)
def test_what_nobody_has_asked_cannot_be_answered(client: httpx2.Client, named: str) -> None:
    sent = body()
    first = post(client, "mailer", sent)
    interrupt_id = named.replace("{run}", first.headers["x-run-id"])
    resume = [{"interruptId": interrupt_id, "status": "resolved", "payload": True}]
    assert post(client, "mailer", {**sent, "resume": resume}).status_code == 404
    (asked,) = interrupts_in(first)
    right = [{"interruptId": asked["id"], "status": "resolved", "payload": True}]
    for elsewhere in ({"threadId": "another"}, {"chain": "numbered"}):
        chain = elsewhere.pop("chain", "mailer")
        assert post(client, chain, {**sent, **elsewhere, "resume": right}).status_code == 404


@pytest.mark.parametrize(
    ("props", "status"), [({}, "cancelled"), ({"on_disconnect": "continue"}, "succeeded")]
)
def test_who_answers_and_leaves_for_good_cancels_the_run_unless_it_is_to_go_on(
    gate: str, props: dict[str, str], status: str
) -> None:
    with (
        serving(chains=("tests.clients.ag_ui_chains:careful",), disconnect_grace_seconds=0) as served,
        httpx2.Client(base_url=served.url, timeout=TIMEOUT) as client,
    ):
        sent = body(f"tool=gated gate={gate}")
        first = post(client, "careful", sent)
        (asked,) = interrupts_in(first)
        answer = {"interruptId": asked["id"], "status": "resolved", "payload": True}
        left = {**sent, "runId": "r2", "resume": [answer], "forwardedProps": props}
        served.post("/ag-ui/careful", orjson.dumps(left), cut_after=50)
        if status == "succeeded":
            GATES[gate].open()
        after = {"threadId": sent["threadId"], "forwardedProps": {"on_busy": "wait"}}
        assert messages(post(client, "careful", body("tokens=1", **after)))
        assert client.get(f"/runs/{first.headers['x-run-id']}").json()["status"] == status


def test_all_that_is_open_must_be_answered_at_once(client: httpx2.Client) -> None:
    sent = body()
    answers = [
        {"interruptId": asked["id"], "status": "resolved", "payload": True}
        for asked in interrupts_in(post(client, "per_call", sent))
    ]
    for some, code in ((answers[:1], "resume_incomplete"), ([answers[0], *answers], "wrong_decisions")):
        refused = post(client, "per_call", {**sent, "runId": "r2", "resume": some})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert messages(post(client, "per_call", {**sent, "runId": "r2", "resume": answers}))


def test_two_questions_of_one_task_are_two_runs_and_an_old_answer_is_none_to_the_new(
    client: httpx2.Client,
) -> None:
    sent = body()

    def answered(interrupt: dict[str, Any], payload: str, run_id: str) -> httpx2.Response:
        answer = {"interruptId": interrupt["id"], "status": "resolved", "payload": payload}
        return post(client, "asking_twice", {**sent, "runId": run_id, "resume": [answer]})

    (first,) = interrupts_in(post(client, "asking_twice", sent))
    (second,) = interrupts_in(answered(first, "one", "r2"))
    assert interrupts_in(answered(first, "one", "r2")) == [second]
    assert answered(first, "another", "r3").json()["code"] == "already_decided"
    told = messages(answered(second, "two", "r4"))
    assert orjson.loads(told[-1].data)["result"] == "one, then two"


def test_an_answer_after_the_run_s_end_is_late_also_once_memory_has_it_no_more(
    served: Served, client: httpx2.Client
) -> None:
    sent = body()
    first = post(client, "mailer", sent)
    (asked,) = interrupts_in(first)
    answer = {"interruptId": asked["id"], "status": "resolved", "payload": True}
    assert messages(post(client, "mailer", {**sent, "runId": "r2", "resume": [answer]}))
    served.app.state.services.runs.let_go(first.headers["x-run-id"])
    late = post(client, "mailer", {**sent, "runId": "r3", "resume": [answer]})
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")


def test_the_next_input_of_a_thread_ends_a_run_that_was_left(
    served: Served, client: httpx2.Client, gate: str
) -> None:
    sent = body(f"tokens=30 hold=4 gate={gate}")
    left = served.post("/ag-ui/numbered", orjson.dumps(sent), cut_after=50)
    assert messages(post(client, "numbered", body("tokens=1", threadId=sent["threadId"])))
    assert client.get(f"/runs/{left.headers['x-run-id']}").json()["status"] == "cancelled"
