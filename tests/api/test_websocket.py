"""WS /ws/{client_id} with a real client: cancel while it streams, resume on a new socket, two with one id."""

import signal
import socket
from typing import Any
from uuid import uuid4

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.api.sockets import Talk, talking, text_of, types_of
from tests.api.test_mounting import mounted
from tests.api.test_start_and_stop import process
from tests.api.test_streams import finished
from tests.served_chains import GATES, MODEL_CALLS, SERVED
from tests.serving import TIMEOUT, Served, serving

LONG = "x" * 1_000_000
UNKNOWN = "01m7ygjx2s21ccc2xxsq49fvwm"


def chat(message: str, **fields: str) -> dict[str, str]:
    return {"type": "chat", "chain": "numbered", "message": message, **fields}


def numbers(first: int, last: int) -> str:
    return "".join(f"run:{number}; " for number in range(first, last + 1))


def state_of(served: Served, run_id: str) -> Any:
    return orjson.loads(served.get(f"/runs/{run_id}").body)


def test_a_chat_is_told_from_its_run_to_its_end_with_an_id_in_each_message(served: Served) -> None:
    with talking(served) as talk:
        heard = talk.ask(**chat("tokens=3"))
    run_id = heard[0]["run_id"]
    assert types_of(heard) == ["run", "text", "text", "text", "done"]
    assert heard[1] == {"type": "text", "content": "run:1; ", "id": f"{run_id}.1.2"}
    assert [message["id"].startswith(f"{run_id}.1.") for message in heard] == [True] * 5
    assert (heard[-1]["output"], heard[-1]["finish_reason"]) == (numbers(1, 3), "stop")
    assert state_of(served, run_id)["metadata"] == {"client_id": "me"}


def test_one_socket_has_one_chat_after_another(served: Served) -> None:
    with talking(served) as talk:
        assert text_of(talk.ask(**chat("tokens=1"))) == "run:1; "
        assert text_of(talk.ask(**chat("tokens=2"))) == "run:1; run:2; "


def test_without_a_chain_the_first_one_answers_by_the_model_of_the_provider(served: Served) -> None:
    with talking(served) as talk:
        heard = talk.ask(type="chat", message="say hello", provider="offline", model="demo")
    assert (heard[0]["chain"], heard[0]["model"]) == ("chat", "offline:demo")
    assert "hello" in text_of(heard).lower()


def test_tools_are_told_by_their_events(served: Served) -> None:
    with talking(served) as talk:
        heard = talk.ask(type="chat", chain="agent", message="What is 37*43?")
    types = types_of(heard)
    assert types.index("tool_call") < types.index("tool_start") < types.index("tool_end") < len(types) - 1
    assert "1591" in str(heard[types.index("tool_end")]["output"])


def test_a_cancel_is_heard_while_the_answer_streams(served: Served) -> None:
    with talking(served) as talk:
        talk.say(**chat("tokens=9 hold=5 gate=ws-cancel"))
        heard = talk.hear_until("text")
        talk.say(type="cancel")
        heard += talk.hear_until("cancelled")
        assert text_of(heard) == heard[-1]["output"] == numbers(1, 4)
        assert heard[-1]["reason"] == "user"
        assert state_of(served, heard[0]["run_id"])["status"] == "cancelled"
        assert text_of(talk.ask(**chat("tokens=1"))) == "run:1; ", "the socket goes on"


def test_a_second_chat_while_one_runs_is_busy_and_harms_nothing(served: Served) -> None:
    with talking(served) as talk:
        talk.say(**chat("tokens=4 hold=3 gate=ws-busy"))
        heard = talk.hear_until("text")
        for message in (chat("tokens=1 second"), {"type": "resume", "run_id": heard[0]["run_id"]}):
            talk.say(**message)
            heard += talk.hear_until("error")
            assert heard.pop()["error"] == "busy"
        GATES["ws-busy"].open()
        heard += talk.hear_until("done")
    assert text_of(heard) == numbers(1, 4)
    assert "tokens=1 second" not in MODEL_CALLS


def test_a_run_is_resumed_on_a_new_socket_where_the_old_one_was(served: Served) -> None:
    prompt = "tokens=6 hold=4 gate=ws-resume"
    with talking(served) as talk:
        talk.say(**chat(prompt))
        heard = [*talk.hear_until("text"), *talk.hear_until("text")]
    with talking(served, "another") as talk:
        talk.say(type="resume", run_id=heard[0]["run_id"], after=heard[-1]["id"])
        GATES["ws-resume"].open()
        heard += talk.hear_until("done")
    assert text_of(heard) == numbers(1, 6)
    assert MODEL_CALLS.count(prompt) == 1


@pytest.mark.parametrize("after", ["0", 3, "1.3", "end", None])
def test_a_finished_run_is_resumed_from_any_cursor_to_its_end(
    served: Served, after: str | int | None
) -> None:
    with talking(served) as talk:
        first = talk.ask(**chat("tokens=3"))
        run_id, end = first[0]["run_id"], first[-1]["id"]
        message = {"type": "resume", "run_id": run_id, "after": end if after == "end" else after}
        again = talk.ask(**{name: value for name, value in message.items() if value is not None})
    told = {"0": first, None: first, 3: first[3:], "1.3": first[3:], "end": first[-1:]}
    assert again == told[after]


def test_two_sockets_with_one_client_id_do_not_disturb_each_other(served: Served) -> None:
    with talking(served, "twin") as one, talking(served, "twin") as other:
        one.say(**chat("tokens=4 hold=3 gate=ws-twin"))
        heard = one.hear_until("text")
        assert text_of(other.ask(**chat("tokens=2"))) == numbers(1, 2)
        GATES["ws-twin"].open()
        assert text_of(heard + one.hear_until("done")) == numbers(1, 4)


def test_two_sockets_may_follow_one_run(served: Served) -> None:
    with talking(served) as one, talking(served) as other:
        one.say(**chat("tokens=4 hold=3 gate=ws-both"))
        heard = one.hear_until("run")
        other.say(type="resume", run_id=heard[0]["run_id"])
        also = other.hear_until("text")
        GATES["ws-both"].open()
        assert heard + one.hear_until("done") == also + other.hear_until("done")


@pytest.mark.parametrize(
    ("message", "error", "hint"),
    [
        ("{bad", "bad_message", "invalid JSON"),
        ("[]", "bad_message", '{"type": "chat", "message"'),
        ("{}", "bad_message", "type"),
        ('{"type": "dance"}', "bad_message", "'chat', 'cancel', 'resume'"),
        ('{"type": "chat"}', "bad_message", "chat field 'message' is missing"),
        ('{"type": "chat", "message": 7}', "bad_message", "chat field 'message'"),
        ('{"type": "chat", "message": "x", "chian": "y"}', "bad_message", "'chian' is not known"),
        ('{"type": "chat", "message": "x", "chain": "nope"}', "unknown_chain", "numbered"),
        ('{"type": "chat", "message": "x", "provider": "acme"}', "unknown_provider", "offline"),
        ('{"type": "chat", "message": "x", "thread_id": "a b"}', "bad_message", "thread_id"),
        ('{"type": "resume"}', "bad_message", "resume field 'run_id' is missing"),
        (f'{{"type": "resume", "run_id": "{UNKNOWN}"}}', "run_not_found", UNKNOWN),
        ('{"type": "cancel"}', "not_running", "Nothing runs"),
        (b"\x00", "bad_message", "Binary"),
        (f'{{"type": "chat", "message": "{LONG}"}}', "message_too_large", "MAX_INPUT_BYTES"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_message_that_cannot_be_done_is_told_what_would_be_right_and_closes_nothing(
    served: Served, message: str | bytes, error: str, hint: str
) -> None:
    with talking(served) as talk:
        talk.connection.send(message)
        heard = talk.hear()
        assert (heard["type"], heard["error"]) == ("error", error)
        assert hint in heard["message"]
        assert text_of(talk.ask(**chat("tokens=1"))) == "run:1; "


def test_a_malformed_cursor_is_told_too(served: Served) -> None:
    with talking(served) as talk:
        run_id = talk.ask(**chat("tokens=1"))[0]["run_id"]
        (heard,) = talk.ask(type="resume", run_id=run_id, after="nonsense")
        assert heard["error"] == "bad_cursor"
        gap, last = talk.ask(type="resume", run_id=run_id, after="1.99")
        assert (gap["type"], gap["reason"], last["type"]) == ("gap", "ahead_of_log", "done")


def test_a_failure_has_its_code_and_a_sentence_without_secrets(served: Served) -> None:
    with talking(served) as talk:
        last = talk.ask(**chat("tokens=3 fail=2"))[-1]
    assert (last["type"], last["error"]) == ("error", "provider_failed")
    assert last["message"] and "canary" not in last["message"]


def test_a_run_that_asks_a_person_is_paused_and_may_be_cancelled() -> None:
    with serving(chains=(*SERVED, "tests.graphs.approving:booker")) as served, talking(served) as talk:
        heard = talk.ask(type="chat", chain="booker", message="hi")
        assert types_of(heard)[-2:] == ["approval", "paused"]
        assert heard[-1]["interrupt_ids"] == [heard[-2]["interrupt_id"]]
        talk.say(type="cancel")
        assert types_of(talk.hear_until("cancelled")) == ["tool_error", "cancelled"]


def test_a_run_that_was_decided_goes_on_on_the_socket() -> None:
    with serving(chains=(*SERVED, "tests.graphs.approving:booker")) as served, talking(served) as talk:
        heard = talk.ask(type="chat", chain="booker", message="hi")
        run_id, asked = heard[0]["run_id"], heard[-2]
        decided = b'{"decisions": [{"type": "approve"}]}'
        served.post(f"/runs/{run_id}/approvals/{asked['interrupt_id']}", decided)
        assert talk.ask(type="resume", run_id=run_id, after=asked["id"])[-1]["type"] == "done"


def test_a_run_whose_socket_is_gone_is_cancelled_after_the_grace() -> None:
    with serving(disconnect_grace_seconds=0) as served:
        with talking(served) as talk:
            talk.say(**chat("tokens=3 hold=2 gate=ws-left"))
            run_id = talk.hear_until("text")[0]["run_id"]
        run = finished(served, run_id)
        assert (run["status"], run["cancel_reason"]) == ("cancelled", "disconnect")


def test_a_socket_that_does_not_read_holds_nobody_up_and_gets_all_in_the_end(served: Served) -> None:
    with talking(served, max_queue=1, ping_interval=None) as slow, talking(served) as other:
        slow.say(**chat("tokens=20000 hold=2 gate=ws-slow"))
        heard = slow.hear_until("run")
        GATES["ws-slow"].open()
        whole = other.ask(type="resume", run_id=heard[0]["run_id"])
        assert text_of(whole) == numbers(1, 20_000)
        assert heard + slow.hear_until("done") == whole


def test_a_socket_that_takes_nothing_for_too_long_is_closed_and_hears_of_it_once_it_reads() -> None:
    big = dict.fromkeys(
        ("max_input_bytes", "max_prompt_chars", "max_output_chars", "run_log_max_bytes"), 1 << 26
    )
    with serving(send_timeout_seconds=0.001, **big) as served, socket.socket() as frozen:
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frozen.connect(("127.0.0.1", served.port))
        with talking(served, sock=frozen, max_queue=1, ping_interval=None, compression=None) as talk:
            talk.say(type="chat", chain="silent", message="x" * 8_000_000)
            run_id = talk.hear()["run_id"]
            await_dropped(served, run_id)
            with pytest.raises(ConnectionClosed):
                talk.hear_until("done")
            assert talk.connection.close_code == 1013


def await_dropped(served: Served, run_id: str) -> None:
    """Until the run has ended, and nobody reads it."""
    run = served.app.state.services.runs._runs[run_id]
    for _ in range(20_000):
        if run.ended.is_set() and not run.subscribers:
            return
        assert served.get("/health").status == 200
    raise AssertionError("the reader is not dropped")


def test_the_next_chat_may_start_as_soon_as_the_last_message_came(served: Served) -> None:
    with talking(served) as talk:
        for number in range(1, 100):
            assert types_of(talk.ask(**chat(f"tokens=1 {number}"))) == ["run", "text", "done"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_foreign_page_gets_no_socket(served: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, talking(served, origin=origin):
        pass
    answer = refused.value.response
    assert answer.status_code == 403
    assert orjson.loads(answer.body or b"")["code"] == "cross_site"


def test_pages_that_may_call_get_one(served: Served) -> None:
    for origin in (served.url, "http://localhost:3000"):
        with talking(served, origin=origin) as talk:
            assert text_of(talk.ask(**chat("tokens=1"))) == "run:1; "


def test_at_the_shutdown_a_socket_has_its_terminal_event_and_is_closed_as_going_away() -> None:
    with process(SHUTDOWN_GRACE_SECONDS="0.2", OFFLINE_TOKENS_PER_SECOND="5") as (running, port, _):
        address = f"ws://127.0.0.1:{port}/ws"
        with connect(f"{address}/me") as connection, connect(f"{address}/idle") as idle:
            talk = Talk(connection)
            talk.say(type="chat", message="Tell me a story")
            talk.hear_until("text")
            running.send_signal(signal.SIGTERM)
            last = talk.hear_until("cancelled", "done", "error")[-1]
            assert (last["type"], last["reason"]) == ("cancelled", "shutdown")
            for each in (connection, idle):
                with pytest.raises(ConnectionClosed):
                    each.recv(TIMEOUT)
                assert each.close_code == 1001
        assert running.wait(TIMEOUT) == 0
        assert running.stderr is not None and running.stderr.read() == ""


def test_a_socket_is_the_first_request_of_a_mounted_app(tmp_path: Any) -> None:
    with (
        mounted(tmp_path) as running,
        connect(f"ws://127.0.0.1:{running.client.port}/agents/ws/me") as connection,
    ):
        assert text_of(Talk(connection).ask(type="chat", message="say hello"))


def test_a_chat_that_is_sent_again_with_its_key_is_the_same_run_from_its_start(served: Served) -> None:
    asked = chat(f"tokens=3 {uuid4().hex}", idempotency_key=uuid4().hex)
    with talking(served) as talk:
        first = talk.ask(**asked)
    with talking(served, "another") as talk:
        (conflict,) = talk.ask(**asked)
    with talking(served) as talk:
        again = talk.ask(**asked)
        (refused,) = talk.ask(**chat("tokens=1", idempotency_key="no key\n"))
    assert again == first
    assert MODEL_CALLS.count(asked["message"]) == 1
    assert [each["error"] for each in (conflict, refused)] == ["idempotency_conflict", "bad_idempotency_key"]


def test_a_cancel_that_comes_while_a_pause_is_told_is_told_too() -> None:
    with serving(chains=("tests.graphs.approving:mailer",)) as served:
        for _ in range(20):
            with talking(served) as talk:
                (run, *_) = talk.ask(type="chat", chain="mailer", message="go")
                talk.say(type="resume", run_id=run["run_id"], after=run["id"])
                talk.say(type="cancel")
                assert talk.hear_until("cancelled", "error")[-1]["reason"] == "user"
