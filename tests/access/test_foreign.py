"""What is another owner's looks like what there is not: the same status and body, wherever one tries."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from ulid import ULID

from tests.access.secured import SHARED, Secured, secured, signed
from tests.amounts import FOREIGN_TRIES
from tests.api.sockets import talking
from tests.serving import Answer

GRAPHS = (
    "tests.served_chains:numbered",
    "tests.graphs.approving:booker",
    "tests.graphs.fixtures:remembering",
)
CANARY = "the-canary-of-ann"


@dataclass(frozen=True)
class Theirs:
    """What Ann has: ids that a stranger got hold of."""

    key: str
    done: str
    waiting: str
    interrupt_id: str
    thread_id: str


@pytest.fixture(scope="module")
def service() -> Iterator[Secured]:
    with secured(chains=GRAPHS) as service:
        yield service


@pytest.fixture(scope="module")
def ann(service: Secured) -> Theirs:
    key = service.give(owner="ann")["key"]
    headers = {"Idempotency-Key": "anns-key"}
    body = {"chain": "numbered", "input": f"{CANARY} tokens=2", "thread_id": "anns-thread"}
    done = orjson.loads(service.ask("POST", "/runs/wait", key, body, **headers).body)
    asked = service.run(key, CANARY, chain="booker")
    (approval,) = asked["approvals"]
    return Theirs(key, done["run_id"], asked["run_id"], approval["interrupt_id"], "anns-thread")


@pytest.fixture(scope="module")
def strangers(service: Secured) -> list[str]:
    """Another owner's key, one without an owner, the shared one, and JWTs, an administrator's too."""
    return [
        service.give(owner="bob")["key"],
        service.give(role="admin")["key"],
        service.give(owner="Ann", team="ann")["key"],
        SHARED,
        signed(),
        signed(sub="carol", role="admin", team="ann"),
        signed(sub="ann "),
    ]


Attempt = Callable[[str, str], tuple[str, str, object, dict[str, str]]]  # of a run and a thread

DECISION = {"decisions": [{"type": "approve"}]}


def _agent_input(thread: str) -> dict[str, object]:
    return {"threadId": thread, "runId": "r1", "messages": [{"id": "1", "role": "user", "content": "x"}]}


RUN_ATTEMPTS: dict[str, Attempt] = {
    "run": lambda run, _: ("GET", f"/runs/{run}", None, {}),
    "events": lambda run, _: ("GET", f"/runs/{run}/events", None, {}),
    "events from a cursor": lambda run, _: (
        "GET", f"/runs/{run}/events", None, {"Last-Event-ID": f"{run}.1.1"},
    ),
    "events past the end": lambda run, _: ("GET", f"/runs/{run}/events?after=999", None, {}),
    "tool": lambda run, _: ("GET", f"/runs/{run}/tools/call_1", None, {}),
    "exchange": lambda run, _: ("GET", f"/history/{run}", None, {}),
    "cancel": lambda run, _: ("POST", f"/runs/{run}/cancel", None, {}),
    "cancel of a chat": lambda run, _: ("POST", f"/chat/stream/{run}/cancel", None, {}),
    "delete": lambda run, _: ("DELETE", f"/runs/{run}", None, {}),
    "token": lambda run, _: ("POST", f"/runs/{run}/token", None, {}),
    "attach": lambda run, _: ("GET", "/stream?query=x", None, {"Last-Event-ID": f"{run}.1.1"}),
    "attach of a chat": lambda run, _: (
        "GET", "/chat/stream?message=x", None, {"Last-Event-ID": f"{run}.1.1"},
    ),
    "attach by a post": lambda run, _: (
        "POST", "/runs/stream", {"input": "x"}, {"Last-Event-ID": f"{run}.1.1"},
    ),
    "attach as an agent of AG-UI": lambda run, thread: (
        "POST", "/ag-ui/chat", _agent_input(thread), {"Last-Event-ID": f"{run}.1.1"},
    ),
    "answer as an agent of AG-UI": lambda run, thread: (
        "POST", "/ag-ui/chat",
        {**_agent_input(thread), "resume": [{"interruptId": f"{run}.1.2", "status": "cancelled"}]}, {},
    ),
}  # fmt: skip
THREAD_ATTEMPTS: dict[str, Attempt] = {
    "thread": lambda _, thread: ("GET", f"/threads/{thread}", None, {}),
    "whole thread": lambda _, thread: ("GET", f"/threads/{thread}?all=true", None, {}),
    "rename": lambda _, thread: ("PATCH", f"/threads/{thread}", {"title": "mine"}, {}),
    "delete": lambda _, thread: ("DELETE", f"/threads/{thread}", None, {}),
    "branch": lambda run, thread: (
        "POST", "/runs", {"input": "x", "thread_id": thread, "parent_run_id": run}, {},
    ),
}  # fmt: skip


def nameless(answer: Answer, *ids: str) -> tuple[int, str]:
    """The status and the body without what was asked for, and the request's id."""
    text = re.sub(r'"request_id":"\w+"', "", answer.text)
    for each in ids:
        text = text.replace(each, "<id>")
    return answer.status, text


def compare(service: Secured, key: str, attempt: Attempt, theirs: tuple[str, str]) -> None:
    unknown = str(ULID()).lower(), f"t{ULID()}"
    answers = []
    for run_id, thread_id in (theirs, unknown):
        method, path, body, headers = attempt(run_id, thread_id)
        answers.append(nameless(service.ask(method, path, key, body, **headers), run_id, thread_id))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404 and CANARY not in answers[0][1]


def test_a_foreign_run_or_thread_is_as_one_that_there_is_not(
    service: Secured, ann: Theirs, strangers: list[str]
) -> None:
    chance = random.Random("foreign")
    attempts = [*RUN_ATTEMPTS.values(), *THREAD_ATTEMPTS.values()]
    every = [
        (key, attempt, run) for key in strangers for attempt in attempts for run in (ann.done, ann.waiting)
    ]
    for key, attempt, run_id in chance.sample(every, min(FOREIGN_TRIES, len(every))):
        compare(service, key, attempt, (run_id, ann.thread_id))
    for _ in range(FOREIGN_TRIES - len(every)):
        key, attempt, run_id = chance.choice(every)
        compare(service, key, attempt, (run_id, ann.thread_id))
    assert service.ask("GET", f"/runs/{ann.done}", ann.key).status == 200
    assert service.ask("GET", f"/threads/{ann.thread_id}", ann.key).status == 200
    status = orjson.loads(service.ask("GET", f"/runs/{ann.waiting}", ann.key).body)["status"]
    assert status == "waiting"


def test_a_foreign_question_is_answered_by_nobody_else(
    service: Secured, ann: Theirs, strangers: list[str]
) -> None:
    def decide(run_id: str, _: str) -> Any:
        return "POST", f"/runs/{run_id}/approvals/{ann.interrupt_id}", DECISION, {}

    for key in strangers:
        compare(service, key, decide, (ann.waiting, ann.thread_id))


@pytest.mark.parametrize(
    "path",
    [
        "/runs?limit=100",
        "/runs?limit=100&thread_id=anns-thread",
        "/runs?status=waiting",
        "/history?limit=100",
        f"/search?query={CANARY}",
        "/search?query=canary&lang=english",
        "/threads?limit=100",
    ],
)
def test_no_list_has_what_is_foreign(service: Secured, ann: Theirs, strangers: list[str], path: str) -> None:
    assert CANARY in service.ask("GET", "/history", ann.key).text
    for key in strangers:
        answer = service.ask("GET", path, key)
        assert answer.status == 200
        assert not [each for each in (CANARY, ann.done, ann.waiting, ann.thread_id) if each in answer.text]


def test_two_owners_with_one_thread_id_and_one_idempotency_key_do_not_meet(
    service: Secured, ann: Theirs, strangers: list[str]
) -> None:
    bob = strangers[0]
    body = {"chain": "numbered", "input": f"{CANARY} tokens=2", "thread_id": ann.thread_id}
    answer = service.ask("POST", "/runs/wait", bob, body, **{"Idempotency-Key": "anns-key"})
    mine = orjson.loads(answer.body)
    assert answer.status == 200 and mine["run_id"] != ann.done
    for key, run_id in ((ann.key, ann.done), (bob, mine["run_id"])):
        thread = orjson.loads(service.ask("GET", f"/threads/{ann.thread_id}", key).body)
        assert [run["run_id"] for run in thread["runs"]] == [run_id]
    assert service.ask("DELETE", f"/threads/{ann.thread_id}", bob).status == 204
    assert service.ask("GET", f"/runs/{ann.done}", ann.key).status == 200


def test_a_graph_s_own_memory_is_each_owner_s_own(
    service: Secured, ann: Theirs, strangers: list[str]
) -> None:
    def remembered(key: str) -> Any:
        return service.run(key, "hi", chain="remembering", thread_id="shared-name")["output"]

    first, second = remembered(ann.key), remembered(ann.key)
    assert first != second
    for key in strangers[:2]:
        assert remembered(key) == first


@pytest.mark.parametrize("what", ["done", "waiting"])
def test_a_socket_resumes_no_foreign_run(
    service: Secured, ann: Theirs, strangers: list[str], what: str
) -> None:
    unknown = str(ULID()).lower()
    for key in strangers:
        with talking(service.served, additional_headers={"X-API-Key": key}) as talk:
            said = []
            for run_id in (getattr(ann, what), unknown):
                talk.say(type="resume", run_id=run_id)
                said.append(orjson.dumps(talk.hear()).decode().replace(run_id, "<id>"))
            assert said[0] == said[1] and "run_not_found" in said[0]


def test_a_token_of_one_run_opens_no_other_of_its_owner(service: Secured, ann: Theirs) -> None:
    token = service.token(ann.key, ann.done)
    assert service.ask("GET", f"/runs/{ann.done}", token).status == 200
    for attempt in list(RUN_ATTEMPTS.values())[:5]:
        compare(service, token, attempt, (ann.waiting, ann.thread_id))
