"""Runs of a real service through both clients: streamed, waited for, resumed, cancelled, answered, listed."""

from uuid import uuid4

import anyio
import pytest
from chainstream_client import (
    Approval,
    Approve,
    AsyncChainstream,
    Cancelled,
    Chainstream,
    ChainstreamError,
    Conflict,
    Done,
    Edit,
    InvalidRequest,
    NotFound,
    Paused,
    Reject,
    Respond,
    RunError,
    RunStarted,
    Token,
    ToolEnd,
    ToolError,
    Unprocessable,
)

from tests.graphs.approving import SENT
from tests.page.runs import numbered, wait_for_status
from tests.python_client.conftest import Connect
from tests.served_chains import GATES, MODEL_CALLS
from tests.serving import TIMEOUT, Served, serving


def test_a_stream_tells_each_event_in_order_with_the_run_known_before_the_first(
    client: Chainstream, gate: str
) -> None:
    with client.stream(f"tokens=3 hold=1 gate={gate}", chain="numbered") as stream:
        run_id = stream.run_id
        GATES[gate].open()
        events = list(stream)
    assert [event.id for event in events] == [f"{run_id}.1.{seq}" for seq in range(1, len(events) + 1)]
    assert [event.type for event in events] == ["run", *["token"] * 3, "message_end", "usage", "done"]
    started, done = events[0], events[-1]
    assert isinstance(started, RunStarted) and started.run_id == run_id
    assert isinstance(done, Done) and done.output == stream.text == numbered(3)
    assert stream.cursor == done.id


def test_a_stream_is_open_when_it_is_first_read_too(client: Chainstream) -> None:
    stream = client.stream("tokens=2", chain="numbered")
    with pytest.raises(RuntimeError, match="not known yet"):
        _ = stream.run_id
    assert "".join(event.text for event in stream if isinstance(event, Token)) == numbered(2)
    assert list(stream) == []


def test_a_run_that_fails_is_told_as_an_event(client: Chainstream) -> None:
    *_, last = client.stream("any", chain="failing")
    assert isinstance(last, RunError) and (last.code, last.fault) == ("chain_failed", "chain")


def test_wait_returns_the_finished_run(client: Chainstream) -> None:
    run = client.wait("tokens=3", chain="numbered", metadata={"of": "mine"})
    assert (run.status, run.output, run.metadata) == ("succeeded", numbered(3), {"of": "mine"})
    failed = client.wait("any", chain="failing")
    assert failed.error is not None and failed.error.code == "chain_failed"


def test_input_may_be_what_the_chain_takes(client: Chainstream) -> None:
    messages = {"messages": [{"role": "user", "content": "tokens=2"}]}
    assert client.wait(messages, chain="numbered").output == numbered(2)


def test_a_run_is_started_resumed_at_a_cursor_and_read_again_from_its_start(client: Chainstream) -> None:
    started = client.start("tokens=5", chain="numbered")
    whole = list(client.resume(started.run_id))
    assert whole[-1].type == "done"
    for cursor in (whole[2].id, 3, "3", "1.3"):
        assert list(client.resume(started.run_id, after=cursor)) == whole[3:]
    assert list(client.resume(started.run_id, after=whole[-1].id)) == []
    assert client.get_run(started.run_id).output == numbered(5)


def test_the_same_key_is_the_same_run_and_without_one_each_is_its_own(client: Chainstream) -> None:
    key, prompt = uuid4().hex, f"tokens=1 {uuid4().hex}"
    first = client.start(prompt, chain="numbered", idempotency_key=key)
    assert client.wait(prompt, chain="numbered", idempotency_key=key).run_id == first.run_id
    assert client.start(prompt, chain="numbered").run_id != first.run_id
    with pytest.raises(Conflict) as raised:
        client.start("another", chain="numbered", idempotency_key=key)
    assert raised.value.code == "idempotency_conflict"


def test_cancel_ends_the_stream_with_what_came(client: Chainstream, gate: str) -> None:
    with client.stream(f"tokens=30 hold=4 gate={gate}", chain="numbered") as stream:
        for event in stream:
            if event.type == "token" and stream.text == numbered(3):
                cancelled = client.cancel(stream.run_id)
    assert event == Cancelled(**event.model_dump()) and event.output == numbered(3)
    assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "user")
    assert client.cancel(stream.run_id).status == "cancelled"


def test_closing_a_stream_leaves_the_run_to_be_resumed(client: Chainstream, gate: str) -> None:
    prompt = f"tokens=9 hold=4 gate={gate}"
    with client.stream(prompt, chain="numbered") as stream:
        seen = [next(stream), next(stream)]
    assert list(stream) == []
    GATES[gate].open()
    rest = list(client.resume(stream.run_id, after=stream.cursor))
    assert [int(event.id.rpartition(".")[2]) for event in seen + rest] == list(range(1, len(rest) + 3))
    assert rest[-1].type == "done" and MODEL_CALLS.count(prompt) == 1


def test_a_reader_that_left_is_gone_and_its_run_with_it(connect: Connect, gate: str) -> None:
    with (
        serving(disconnect_grace_seconds=0) as served,
        connect(served.url) as client,
        client.stream(f"tokens=9 hold=4 gate={gate}", chain="numbered") as stream,
    ):
        assert next(stream).type == "run"
        stream.close()
        wait_for_status(served, stream.run_id, "cancelled")
        *_, last = client.resume(stream.run_id)
    assert isinstance(last, Cancelled) and last.reason == "disconnect"


async def test_a_task_that_is_cancelled_lets_go_of_its_stream_and_the_run_is_resumed(
    service: Served, gate: str
) -> None:
    with anyio.fail_after(TIMEOUT):
        async with AsyncChainstream(service.url) as client:
            stream = client.stream(f"tokens=9 hold=4 gate={gate}", chain="numbered")
            with anyio.CancelScope() as scope:
                async with stream:
                    async for event in stream:
                        if event.type == "token" and stream.text == numbered(3):
                            scope.cancel()
            assert scope.cancelled_caught
            GATES[gate].open()
            rest = [event async for event in client.resume(stream.run_id, after=stream.cursor)]
            assert (rest[0].id, rest[-1].type) == (f"{stream.run_id}.1.5", "done")


# --- people ------------------------------------------------------------------------------------------------


def test_a_question_that_is_answered_in_the_loop_lets_the_stream_go_on(client: Chainstream) -> None:
    SENT.clear()
    with client.stream("mail ann", chain="mailer") as stream:
        for event in stream:
            if isinstance(event, Approval):
                assert event.requests[0].input == {"to": "ann", "body": "hi"}
                stream.decide(event, Approve())
    assert isinstance(event, Done) and SENT == ["ann: hi"]


def test_a_stream_pauses_and_goes_on_after_the_answer(client: Chainstream) -> None:
    SENT.clear()
    with client.stream("mail ann", chain="mailer") as stream:
        *_, approval, paused = stream
        assert isinstance(approval, Approval)
        assert paused == Paused(interrupt_ids=[approval.interrupt_id])
        assert list(stream) == []
        stream.decide(approval, Edit(args={"to": "eve", "body": "hi"}))
        rest = list(stream)
    assert rest[-1].type == "done" and SENT == ["eve: hi"]
    assert int(rest[0].id.rpartition(".")[2]) == int(approval.id.rpartition(".")[2]) + 1


def test_two_requests_of_a_question_take_two_decisions(client: Chainstream) -> None:
    SENT.clear()
    with client.stream("mail both", chain="two_mails") as stream:
        *_, approval, _ = stream
        assert isinstance(approval, Approval)
        with pytest.raises(Unprocessable, match="wrong_decisions"):
            stream.decide(approval, Approve())
        stream.decide(approval, [Reject(message="not now"), Approve()])
        events = list(stream)
    assert sorted(SENT) == ["bob: ho", "hut"]
    assert [event.code for event in events if isinstance(event, ToolError)] == ["rejected"]


def test_several_questions_are_all_answered_before_the_run_goes_on(client: Chainstream) -> None:
    with client.stream("mail both", chain="per_call") as stream:
        approvals = [event for event in stream if isinstance(event, Approval)]
        for approval in approvals:
            assert list(stream) == []
            stream.decide(approval, Respond(message="done by hand"))
        ends = [event.output for event in stream if isinstance(event, ToolEnd)]
    assert ends == ["done by hand"] * 2


def test_wait_returns_a_run_that_asks_and_it_is_answered_by_its_id(client: Chainstream) -> None:
    run = client.wait({"question": "which?", "answers": []}, chain="asking")
    (asked,) = run.approvals
    assert (run.status, asked.value) == ("waiting", {"question": "which?"})
    client.decide(run.run_id, asked.interrupt_id, Respond(value={"colour": None}))
    *_, last = client.resume(run.run_id)
    assert isinstance(last, Done) and last.output["answers"][0] == {"colour": None}
    with pytest.raises(Conflict, match="already_decided"):
        client.decide(run.run_id, asked.interrupt_id, Approve())


# --- what else there is ------------------------------------------------------------------------------------


def test_chains_are_listed_and_tools_and_threads_are_read(client: Chainstream) -> None:
    chains = client.chains()
    assert {"numbered", "agent"} <= {chain.name for chain in chains.items} and chains.models
    thread = uuid4().hex
    run = client.wait("tool=gated tokens=1", chain="numbered_agent", thread_id=thread)
    assert client.get_tool(run.run_id, "call_0").output == "let through"
    assert [each.run_id for each in client.list_runs(thread_id=thread).items] == [run.run_id]
    assert [each.run_id for each in client.get_thread(thread).runs] == [run.run_id]
    assert thread in {each.thread_id for each in client.list_threads(limit=5).items}
    page = client.list_runs(limit=1)
    assert page.next and client.list_runs(limit=1, after=page.next).items != page.items


def test_what_the_service_refuses_is_an_error_of_its_kind(client: Chainstream) -> None:
    with pytest.raises(NotFound) as unknown:
        client.wait("x", chain="nothing")
    assert (unknown.value.status, unknown.value.code) == (404, "unknown_chain")
    assert unknown.value.request_id
    with pytest.raises(NotFound, match="run_not_found"):
        list(client.resume("01jd0000000000000000000000"))
    with pytest.raises(InvalidRequest, match="bad_cursor"):
        list(client.resume(client.start("tokens=1").run_id, after="01jd0000000000000000000000.1.1"))
    with pytest.raises(Unprocessable, match="params"):
        client.start("x", params=[])  # type: ignore[arg-type]
    with pytest.raises(ChainstreamError):
        client.get_run("../chains")


def test_an_address_that_is_none_is_refused_at_once() -> None:
    for wrong in ("", "localhost:8000", "ftp://localhost", "http://"):
        with pytest.raises(ValueError, match="no address"):
            Chainstream(wrong)


def test_a_key_is_shown_and_is_in_no_text_of_the_client() -> None:
    with serving(api_key="secret-key-of-the-service") as served:
        with Chainstream(served.url, api_key="secret-key-of-the-service") as client:
            assert client.wait("tokens=1", chain="numbered").status == "succeeded"
            assert "secret" not in repr(vars(client))
        with Chainstream(served.url, api_key="wrong") as client:
            with pytest.raises(ChainstreamError, match="401"):
                client.chains()
