"""/ai-sdk beside what tests/clients shows: what it refuses, and where a message stands in its thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.access.secured import secured
from tests.api.event_streams import frames_of
from tests.api.test_bad_input import problem_of
from tests.clients.chains import CHAINS
from tests.graphs.approving import SENT
from tests.observability.exposed import Exposed, wait_for
from tests.served_chains import GATES, SERVED
from tests.serving import Answer, Served, serving


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    chains = (*SERVED, *CHAINS, "tests.api.recalling_chain:recalling", "tests.graphs.approving:per_call")
    with serving(chains=chains) as served:
        yield served


@pytest.fixture
def chat() -> str:
    return uuid4().hex


def said(text: str, message_id: str = "u1", **fields: Any) -> dict[str, Any]:
    return {"id": message_id, "role": "user", "parts": [{"type": "text", "text": text}], **fields}


def post(served: Served, chain: str, chat: str, *messages: Any, **fields: Any) -> Answer:
    body = {"id": chat, "messages": messages, "trigger": "submit-message", **fields}
    return served.post(f"/ai-sdk/{chain}", orjson.dumps(body))


def chunks_of(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.text
    frames = [frame.data for frame in frames_of(answer.body)]
    assert frames.pop() == "[DONE]"
    return [orjson.loads(data) for data in frames]


def text_of(answer: Answer) -> str:
    return "".join(chunk["delta"] for chunk in chunks_of(answer) if chunk["type"] == "text-delta")


def messages_of(served: Served, chain: str, chat: str, query: str = "") -> list[Any]:
    chat_: dict[str, Any] = orjson.loads(served.get(f"/ai-sdk/{chain}/{chat}/messages{query}").body)
    assert chat_["id"] == chat
    messages: list[Any] = chat_["messages"]
    return messages


def readers(now: Exposed) -> float:
    return now.sum("chainstream_streams_open", format="ai-sdk")


def runs_of(served: Served, chat: str) -> list[Any]:
    found: list[Any] = orjson.loads(served.get(f"/runs?thread_id={chat}").body)["items"]
    return found


def waiting(served: Served, chain: str, chat: str) -> list[Any]:
    """The messages of a chat whose run asks for approvals."""
    chunks_of(post(served, chain, chat, said("go")))
    return messages_of(served, chain, chat)


def answered(message: dict[str, Any], *approved: bool | None) -> dict[str, Any]:
    """With these answers to its approvals, in their order; None is none."""
    answers = iter(approved)
    for part in message["parts"]:
        if part.get("state") == "approval-requested" and (answer := next(answers)) is not None:
            part["state"] = "approval-responded"
            part["approval"]["approved"] = answer
    return message


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "invalid_request"),
        ([{"id": "a", "role": "user", "parts": []}], "nothing_asked"),
        ([{"id": "a", "role": "assistant", "parts": [{"type": "text", "text": "hi"}]}], "nothing_asked"),
        ([{"id": "a", "role": "robot", "parts": []}], "invalid_request"),
        ([{"id": "a", "role": "user", "parts": ["hi"]}], "invalid_request"),
        ([{"role": "user", "parts": []}], "invalid_request"),
        ([{"id": "a", "role": "user", "parts": [{"type": "file", "url": "file:///etc/passwd"}]}], "bad_file"),
        ([{"id": "a", "role": "user", "parts": [{"type": "file", "url": "data:image/png,x"}]}], "bad_file"),
    ],
)
def test_a_chat_that_asks_nothing_starts_nothing(
    service: Served, chat: str, messages: list[Any], code: str
) -> None:
    answer = post(service, "numbered", chat, *messages)
    assert answer.status == 422
    assert problem_of(answer)["code"] == code
    assert runs_of(service, chat) == []


@pytest.mark.parametrize("chat_id", ["a/b", "", "x" * 129, "a b", "ä\u2028"])
def test_a_chat_has_the_name_of_a_thread(service: Served, chat_id: str) -> None:
    assert post(service, "numbered", chat_id, said("tokens=1")).status == 422


@pytest.mark.parametrize("rest", ["", "/c1/stream", "/c1/messages"])
def test_a_chain_that_is_not_there_is_told_on_each_route(service: Served, rest: str) -> None:
    if rest:
        answer = service.get(f"/ai-sdk/nonsense{rest}")
    else:
        answer = post(service, "nonsense", "c1", said("hi"))
    assert (answer.status, problem_of(answer)["code"]) == (404, "unknown_chain")


def test_a_chat_that_has_not_begun_has_no_messages_and_no_stream(service: Served, chat: str) -> None:
    assert messages_of(service, "numbered", chat) == []
    assert service.get(f"/ai-sdk/numbered/{chat}/stream").status == 204


@pytest.mark.parametrize("path", ["/stream?chain=numbered&query=tokens=1&format=ai-sdk", None])
def test_the_stream_has_the_header_by_which_it_is_known(service: Served, chat: str, path: str | None) -> None:
    answer = service.get(path) if path else post(service, "numbered", chat, said("tokens=1"))
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"].startswith("text/event-stream")


# --- once --------------------------------------------------------------------------------------------


def test_the_same_message_at_the_same_time_is_one_run_and_so_it_is_later(service: Served, chat: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(post, service, "numbered", chat, said("tokens=50")) for _ in range(4)]
        bodies = {each.result().body for each in posts}
    assert bodies == {post(service, "numbered", chat, said("tokens=50")).body}
    assert len(runs_of(service, chat)) == 1


def test_a_message_that_stands_twice_in_a_chat_was_said_once(service: Served, chat: str) -> None:
    once = post(service, "recalling", chat, said("one"))
    assert post(service, "recalling", chat, said("one"), said("one")).body == once.body
    assert text_of(once) == "human: one"


def test_to_come_back_to_a_chat_is_free(chat: str, gate: str) -> None:
    with serving(rate_limit_enabled=True, disconnect_grace_seconds=0) as served:
        body = orjson.dumps({"id": chat, "messages": [said(f"tokens=2 hold=2 gate={gate}")]})
        asked = served.post("/ai-sdk/numbered", body, cut_after=300)
        again = served.ask("GET", f"/ai-sdk/numbered/{chat}/stream", b"", {}, cut_after=300)
        kept = served.get(f"/ai-sdk/numbered/{chat}/messages")
    counted = ["x-ratelimit-limit" in answer.headers for answer in (asked, again, kept)]
    assert counted == [True, False, True]


def test_another_text_under_the_same_id_is_another_message(service: Served, chat: str) -> None:
    texts = [text_of(post(service, "recalling", chat, said(text))) for text in ("one", "two")]
    assert texts == ["human: one", "human: two"]
    assert len(runs_of(service, chat)) == 2


def test_a_key_of_the_request_counts_before_the_message(service: Served, chat: str) -> None:
    body = orjson.dumps({"id": chat, "messages": [said("tokens=1")]})
    keys = [uuid4().hex, uuid4().hex]
    answers = [
        service.post("/ai-sdk/numbered", body, {"Idempotency-Key": key}) for key in (*keys, keys[0], keys[1])
    ]
    assert [each.body for each in answers[:2]] == [each.body for each in answers[2:]]
    assert len(runs_of(service, chat)) == 2


def test_a_post_with_a_cursor_only_goes_on(service: Served, chat: str) -> None:
    whole = post(service, "numbered", chat, said("tokens=5"))
    run_id = whole.headers["x-run-id"]
    body = orjson.dumps({"id": chat, "messages": [said("tokens=5")], "messageId": "again"})
    rest = service.post("/ai-sdk/numbered", body, {"Last-Event-ID": f"{run_id}.1.2.2"})
    assert whole.body.endswith(rest.body)
    assert frames_of(rest.body)[0].id == f"{run_id}.1.2"
    assert len(runs_of(service, chat)) == 1


# --- where a message stands --------------------------------------------------------------------------


def test_a_turn_follows_the_last_answer_that_the_client_has(service: Served, chat: str) -> None:
    first = post(service, "recalling", chat, said("one"))
    post(service, "recalling", chat, *messages_of(service, "recalling", chat), said("two", "u2"))
    answer = {"id": first.headers["x-run-id"], "role": "assistant", "parts": []}
    branch = post(service, "recalling", chat, said("one"), answer, said("three", "u3"))
    assert text_of(branch) == "human: one | ai: human: one | human: three"


def test_only_the_assistant_has_answered(service: Served, chat: str) -> None:
    run_id = post(service, "recalling", chat, said("one")).headers["x-run-id"]
    posing = post(service, "recalling", chat, said("I am an answer", run_id))
    assert text_of(posing) == "human: one | ai: human: one | human: I am an answer"


def test_a_question_that_is_asked_again_stands_where_it_stood(service: Served, chat: str) -> None:
    post(service, "recalling", chat, said("one"))
    post(service, "recalling", chat, said("two", "u2"))  # alone: it follows what is kept
    again = post(service, "recalling", chat, said("two, again", "u2"), trigger="regenerate-message")
    assert text_of(again) == "human: one | ai: human: one | human: two, again"
    newest, _, first = runs_of(service, chat)
    assert newest["parent_run_id"] == first["run_id"]


def test_runs_from_elsewhere_are_turns_of_the_chat_too(service: Served, chat: str) -> None:
    body = {"chain": "recalling", "input": "by hand", "thread_id": chat}
    run = orjson.loads(service.post("/runs/wait", orjson.dumps(body)).body)
    asked, answer = messages_of(service, "recalling", chat)
    assert (asked["id"], asked["role"]) == (f"{run['run_id']}.0", "user")
    assert asked["parts"] == [{"type": "text", "text": "by hand"}]
    again = post(service, "recalling", chat, asked, answer, said("and here", "u2"))
    assert text_of(again) == "human: by hand | ai: human: by hand | human: and here"
    anew = post(service, "recalling", chat, asked, trigger="regenerate-message")
    assert text_of(anew) == "human: by hand"


def test_only_the_last_turns_are_given_where_the_client_wants_no_more(service: Served, chat: str) -> None:
    for number in range(3):
        post(service, "numbered", chat, said(f"tokens={number + 1}", f"u{number}"))
    ids = [message["id"] for message in messages_of(service, "numbered", chat, "?limit=2")]
    assert ids[::2] == ["u1", "u2"]
    assert service.get(f"/ai-sdk/numbered/{chat}/messages?limit=0").status == 422


def test_what_is_asked_of_the_model_goes_to_the_run(service: Served, chat: str) -> None:
    chunks = chunks_of(
        post(service, "showing", chat, said("hi"), system="Be brief.", metadata={"a": 1}, unknown=2)
    )
    assert "('system', 'Be brief.')" in "".join(chunk.get("delta", "") for chunk in chunks)
    (run,) = runs_of(service, chat)
    assert run["metadata"] == {"a": 1, "ui_message_ids": ["u1"]}


def test_a_run_whose_events_are_gone_is_told_by_its_text(chat: str) -> None:
    with serving(run_log_ttl_seconds=0) as served:
        answer = post(served, "numbered", chat, said("tokens=3"))
        (_, kept) = messages_of(served, "numbered", chat)
        assert kept["parts"][-1] == {"type": "text", "text": "run:1; run:2; run:3; ", "state": "done"}
        assert kept["metadata"]["status"] == "succeeded"
        assert kept["id"] == answer.headers["x-run-id"]


def test_while_a_run_goes_on_its_answer_is_told_by_its_stream_alone(
    service: Served, chat: str, gate: str
) -> None:
    cut = service.post(
        "/ai-sdk/numbered",
        orjson.dumps({"id": chat, "messages": [said(f"tokens=4 hold=2 gate={gate}")]}),
        cut_after=500,
    )
    assert [message["id"] for message in messages_of(service, "numbered", chat)] == ["u1"]
    wait_for(service, lambda now: readers(now) == 0)
    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(service.get, f"/ai-sdk/numbered/{chat}/stream")
        wait_for(service, lambda now: readers(now) == 1)
        GATES[gate].open()
        assert resumed.result().body.startswith(cut.body)
    assert text_of(resumed.result()) == "run:1; run:2; run:3; run:4; "
    assert service.get(f"/ai-sdk/numbered/{chat}/stream").status == 204


# --- approvals ---------------------------------------------------------------------------------------


def test_answers_that_come_twice_at_once_let_the_tool_run_once(service: Served, chat: str) -> None:
    asked, message = waiting(service, "booker", chat)
    body = asked, answered(message, True)
    SENT.clear()
    with ThreadPoolExecutor(3) as pool:
        posts = [pool.submit(post, service, "booker", chat, *body) for _ in range(3)]
        bodies = {each.result().body for each in posts}
    assert bodies == {post(service, "booker", chat, *body).body}
    assert text_of(posts[0].result()) == "All done. "
    assert "start" not in [chunk["type"] for chunk in chunks_of(posts[0].result())]
    assert SENT == ["Ritz"]


def test_an_answer_that_is_missing_leaves_the_run_waiting(service: Served, chat: str) -> None:
    asked, message = waiting(service, "per_call", chat)
    answer = post(service, "per_call", chat, asked, answered(message, True, None))
    assert (answer.status, problem_of(answer)["code"]) == (422, "approvals_missing")
    assert runs_of(service, chat)[0]["status"] == "waiting"
    states = [part["state"] for part in messages_of(service, "per_call", chat)[1]["parts"][1:3]]
    assert states == ["approval-requested", "approval-requested"]
    whole = post(service, "per_call", chat, asked, answered(message, True))
    kinds = [chunk["type"] for chunk in chunks_of(whole)]
    assert kinds.count("tool-output-available") == 2


@pytest.mark.parametrize(
    "approval_id",
    ["", "x", "a.b.c", "01m7ygjx2s21ccc2xxsq49fvwm.i.-1", "01m7ygjx2s21ccc2xxsq49fvwm..0", "é" * 300],
)
def test_an_approval_that_is_not_of_this_service_is_refused(
    service: Served, chat: str, approval_id: str
) -> None:
    asked, message = waiting(service, "booker", chat)
    answered(message, True)["parts"][1]["approval"]["id"] = approval_id
    answer = post(service, "booker", chat, asked, message)
    assert (answer.status, problem_of(answer)["code"]) == (422, "bad_approval")


def test_an_approval_is_of_its_chat_and_of_its_run(service: Served, chat: str) -> None:
    asked, message = waiting(service, "booker", chat)
    elsewhere = post(service, "booker", f"{chat}-2", asked, answered(message, True))
    assert (elsewhere.status, problem_of(elsewhere)["code"]) == (404, "run_not_found")
    approval = message["parts"][1]["approval"]
    run_id, _, place = approval["id"].split(".")
    approval["id"] = f"{run_id}.another.{place}"
    wrong = post(service, "booker", chat, asked, message)
    assert (wrong.status, problem_of(wrong)["code"]) == (404, "approval_not_found")


def test_an_answer_to_what_was_not_asked_is_none(service: Served, chat: str) -> None:
    asked, message = waiting(service, "strict_mailer", chat)
    answered(message, True)["parts"][1]["approval"]["id"] += "7"
    answer = post(service, "strict_mailer", chat, asked, message)
    assert (answer.status, problem_of(answer)["code"]) == (422, "approvals_missing")


def test_a_chat_is_its_owners(chat: str) -> None:
    with secured(chains=("tests.served_chains:numbered", "tests.graphs.approving:booker")) as service:
        ann, bob = (service.give(owner=name)["key"] for name in ("ann", "bob"))
        body = {"id": chat, "messages": [said("go")]}
        assert service.ask("POST", "/ai-sdk/booker", ann, body).status == 200
        theirs = orjson.loads(service.ask("GET", f"/ai-sdk/booker/{chat}/messages", ann, None).body)
        assert service.ask("GET", f"/ai-sdk/booker/{chat}/stream", ann, None).status == 200
        assert service.ask("GET", f"/ai-sdk/booker/{chat}/stream", bob, None).status == 204
        seen = orjson.loads(service.ask("GET", f"/ai-sdk/booker/{chat}/messages", bob, None).body)
        assert seen["messages"] == []
        asked, message = theirs["messages"]
        body = {"id": chat, "messages": [asked, answered(message, True)]}
        assert service.ask("POST", "/ai-sdk/booker", bob, body).status == 404
        assert service.ask("POST", "/ai-sdk/booker", ann, body).status == 200
