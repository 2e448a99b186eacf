"""Graphs that wait for a person: how they ask, each way to answer, and that the same run goes on."""

import json
from typing import Any

import pytest

from service.wire import FORMATS
from tests.graphs.approving import SENT
from tests.graphs.whole import decide, decided, events_in, last_id, started, told
from tests.serving import Answer, Served, serving

APPROVE: dict[str, Any] = {"type": "approve"}
MAIL = '{"to": "ann", "body": "hi"}'
EVERY = '["approve", "edit", "reject", "respond"]'
QUESTION = {"question": "q", "answers": []}


@pytest.fixture(autouse=True)
def nothing_sent() -> None:
    SENT.clear()


def approvals(answer: Answer) -> list[dict[str, Any]]:
    return [data for name, data in events_in(answer) if name == "approval"]


def state_of(served: Served, answer: Answer) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(served.get(f"/runs/{answer.headers['x-run-id']}").text)
    return whole


def test_the_middleware_asks_and_the_stream_pauses(graphs: Served) -> None:
    first = started(graphs, "mailer", "go")
    (asked,) = approvals(first)
    assert told(first)[1:-2] == [
        "step_start step=s1 name=model",
        f"tool_call message_id=m1 step=s1 tool_call_id=call_1_0 index=0 name=send_email args_delta={MAIL}",
        "message_end message_id=m1 finish_reason=tool_calls",
        "step_end step=s1 name=model",
        "step_start step=s2 name=HumanInTheLoopMiddleware.after_model",
        "step_end step=s2 name=HumanInTheLoopMiddleware.after_model",
    ]
    assert asked["requests"] == [
        {
            "tool_call_id": "call_1_0",
            "name": "send_email",
            "input": json.loads(MAIL),
            "allowed": json.loads(EVERY),
        }
    ]
    assert events_in(first)[-1] == ("paused", {"interrupt_ids": [asked["interrupt_id"]]})
    assert first.whole and SENT == []


def test_a_waiting_run_says_so_and_what_it_waits_for(graphs: Served) -> None:
    first = started(graphs, "mailer", "go")
    state = state_of(graphs, first)
    assert state["status"] == "waiting" and state["ended_at"] is None
    assert state["approvals"] == [
        {key: value for key, value in approvals(first)[0].items() if key != "t"},
    ]
    run_id = first.headers["x-run-id"]
    assert graphs.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(first)}).status == 204
    assert graphs.get(f"/runs/{run_id}/events").text == first.text
    listed = json.loads(graphs.get("/runs?status=waiting&limit=100").text)["items"]
    assert run_id in [each["run_id"] for each in listed]


REST = [
    "step_start step=s5 name=model",
    "token message_id=m2 step=s5 channel=answer text=All done.",
    "message_end message_id=m2 finish_reason=stop",
    "step_end step=s5 name=model",
    "step_start step=s6 name=HumanInTheLoopMiddleware.after_model",
    "step_end step=s6 name=HumanInTheLoopMiddleware.after_model",
    "done output=All done.  finish_reason=stop",
]
REVIEWED = [
    "step_start step=s3 name=HumanInTheLoopMiddleware.after_model",
    "step_end step=s3 name=HumanInTheLoopMiddleware.after_model",
    "step_start step=s4 name=tools",
]


def earlier(lines: list[str]) -> list[str]:
    """The same with steps that are numbered one lower: no tool ran."""
    return [line.replace("=s5", "=s4").replace("=s6", "=s5") for line in lines]


def test_an_approved_call_runs_in_the_same_run(graphs: Served) -> None:
    first = started(graphs, "mailer", "go")
    rest = decided(graphs, first, [APPROVE])
    assert told(rest) == [
        *REVIEWED,
        f"tool_start tool_call_id=call_1_0 step=s4 name=send_email input={MAIL}",
        "tool_end tool_call_id=call_1_0 name=send_email output=sent to ann",
        "step_end step=s4 name=tools",
        *REST,
    ]
    assert rest.headers["x-run-id"] == first.headers["x-run-id"] and SENT == ["ann: hi"]
    whole = graphs.get(f"/runs/{first.headers['x-run-id']}/events")
    assert told(whole) == [*told(first)[:-1], *told(rest)]
    seqs = [int(line.rsplit(".", 1)[1]) for line in whole.text.split("\n") if line.startswith("id: ")]
    assert seqs == list(range(len(seqs)))
    assert [data["t"] for _, data in events_in(whole)] == sorted(data["t"] for _, data in events_in(whole))


@pytest.mark.parametrize(
    "edit",
    [
        {"type": "edit", "args": {"to": "eve", "body": "hi"}},
        {"type": "edit", "edited_action": {"name": "send_email", "args": {"to": "eve", "body": "hi"}}},
    ],
)
def test_an_edited_call_runs_as_it_was_edited(graphs: Served, edit: dict[str, Any]) -> None:
    rest = decided(graphs, started(graphs, "mailer", "go"), [edit])
    assert (
        'tool_start tool_call_id=call_1_0 step=s4 name=send_email input={"to": "eve", "body": "hi"}'
        in told(rest)
    )
    assert told(rest)[-len(REST) :] == REST and SENT == ["eve: hi"]


def test_a_rejected_call_does_not_run_and_is_told_as_rejected(graphs: Served) -> None:
    rest = decided(graphs, started(graphs, "mailer", "go"), [{"type": "reject", "message": "not to her"}])
    assert told(rest) == [
        REVIEWED[0],
        "tool_error tool_call_id=call_1_0 name=send_email code=rejected message=not to her",
        REVIEWED[1],
        *earlier(REST),
    ]
    assert SENT == []


def test_a_call_that_a_person_answered_ends_with_what_they_said(graphs: Served) -> None:
    rest = decided(graphs, started(graphs, "mailer", "go"), [{"type": "respond", "message": "I did"}])
    assert told(rest) == [
        REVIEWED[0],
        "tool_end tool_call_id=call_1_0 name=send_email output=I did",
        REVIEWED[1],
        *earlier(REST),
    ]
    assert SENT == []


def test_several_calls_are_asked_about_at_once_and_decided_one_by_one(graphs: Served) -> None:
    first = started(graphs, "two_mails", "go")
    (asked,) = approvals(first)
    assert [request["tool_call_id"] for request in asked["requests"]] == ["call_1_0", "call_1_1"]
    rest = told(decided(graphs, first, [{"type": "reject"}, APPROVE]))
    assert [line.split(" ")[:2] for line in rest if line.startswith("tool_")] == [
        ["tool_error", "tool_call_id=call_1_0"],
        ["tool_start", "tool_call_id=call_1_1"],
        ["tool_end", "tool_call_id=call_1_1"],
        ["tool_start", "tool_call_id=call_1_2"],
        ["tool_end", "tool_call_id=call_1_2"],
    ]
    assert sorted(SENT) == ["bob: ho", "hut"]


def test_the_middleware_may_ask_for_each_call_by_itself(graphs: Served) -> None:
    first = started(graphs, "per_call", "go")
    asked = approvals(first)
    assert [each["requests"][0]["tool_call_id"] for each in asked] == ["call_1_0", "call_1_1"]
    assert [each["requests"][0]["allowed"] for each in asked] == [json.loads(EVERY)] * 2
    assert "tool_end tool_call_id=call_1_2 name=look_up output=found hut" in told(first)
    rest = told(decided(graphs, first, [APPROVE], [{"type": "reject", "message": "no"}]))
    assert "tool_end tool_call_id=call_1_0 name=send_email output=sent to ann" in rest
    assert "tool_error tool_call_id=call_1_1 name=send_email code=rejected message=no" in rest
    assert rest[-1].startswith("done") and SENT == ["hut", "ann: hi"]


def test_a_tool_that_interrupts_itself_starts_once_and_ends_once(graphs: Served) -> None:
    first = started(graphs, "booker", "go")
    assert told(first)[6:] == [
        'tool_start tool_call_id=call_1_0 step=s2 name=book input={"hotel": "Ritz"}',
        "step_end step=s2 name=tools",
        'approval value=Book Ritz? requests=[{"tool_call_id": "call_1_0", "name": "book",'
        f' "input": {{"hotel": "Ritz"}}, "allowed": {EVERY}}}]',
        told(first)[-1],
    ]
    assert [each["status"] for each in state_of(graphs, first)["tools"]] == ["running"]
    rest = decided(graphs, first, [APPROVE])
    assert told(rest) == [
        "step_start step=s3 name=tools",
        "tool_end tool_call_id=call_1_0 name=book output=booked Ritz",
        "step_end step=s3 name=tools",
        "step_start step=s4 name=model",
        "token message_id=m2 step=s4 channel=answer text=All done.",
        "message_end message_id=m2 finish_reason=stop",
        "step_end step=s4 name=model",
        "done output=All done.  finish_reason=stop",
    ]


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        ({"type": "respond", "message": "ask later"}, "tool_end {} output=not booked: ask later"),
        ({"type": "respond", "value": {"stars": 5}}, "tool_end {} output=not booked: {{'stars': 5}}"),
        ({"type": "edit", "args": {"hotel": "Savoy"}}, "tool_end {} output=not booked: {{'hotel': 'Savoy'}}"),
        ({"type": "reject"}, "tool_error {} code=rejected message=not booked: False"),
    ],
)
def test_a_tool_gets_the_answer_to_its_own_question(
    graphs: Served, decision: dict[str, Any], end: str
) -> None:
    rest = told(decided(graphs, started(graphs, "booker", "go"), [decision]))
    assert rest[1] == end.format("tool_call_id=call_1_0 name=book")
    assert rest[-1].startswith("done")


def test_two_interrupts_at_once_are_both_asked_and_nothing_runs_twice(graphs: Served) -> None:
    first = started(graphs, "two_bookings", "go")
    assert [each["value"] for each in approvals(first)] == ["Book Ritz?", "Book Savoy?"]
    ritz, savoy = (each["interrupt_id"] for each in approvals(first))
    run_id = first.headers["x-run-id"]
    once = json.loads(decide(graphs, run_id, ritz, [APPROVE]).text)
    assert once["status"] == "waiting" and [each["interrupt_id"] for each in once["approvals"]] == [savoy]
    assert graphs.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(first)}).status == 204
    assert decide(graphs, run_id, savoy, [APPROVE]).status == 200
    rest = told(graphs.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(first)}))
    assert sorted(line for line in rest if line.startswith("tool_")) == [
        "tool_end tool_call_id=call_1_0 name=book output=booked Ritz",
        "tool_end tool_call_id=call_1_1 name=book output=booked Savoy",
    ]
    assert rest[-1].startswith("done") and sorted(SENT) == ["Ritz", "Savoy", "hut"]


def test_a_node_asks_and_gets_any_json(graphs: Served) -> None:
    first = started(graphs, "asking", QUESTION)
    assert told(first)[1:-1] == [
        "step_start step=s1 name=ask",
        "step_end step=s1 name=ask",
        'approval value={"question": "q"} requests=[]',
    ]
    rest = told(decided(graphs, first, [{"type": "respond", "value": {"any": [1, None]}}]))
    assert rest == [
        "step_start step=s2 name=ask",
        "step_end step=s2 name=ask",
        "step_start step=s3 name=conclude",
        "step_end step=s3 name=conclude",
        'token message_id=m1 channel=answer text={"question":"q","answers":[{"any":[1,null]},"over"]}',
        'done output={"question": "q", "answers": [{"any": [1, null]}, "over"]} finish_reason=stop',
    ]


@pytest.mark.parametrize(("decision", "answer"), [("approve", True), ("reject", False)])
def test_yes_and_no_are_true_and_false(graphs: Served, decision: str, answer: bool) -> None:
    rest = decided(graphs, started(graphs, "asking", QUESTION), [{"type": decision}])
    assert events_in(rest)[-1][1]["output"]["answers"] == [answer, "over"]


def test_a_subgraph_and_the_node_beside_it_ask_at_once(graphs: Served) -> None:
    first = started(graphs, "asking_two", QUESTION)
    values = [each["value"] for each in approvals(first)]
    assert sorted(map(str, values)) == ["and you?", "{'question': 'q'}"]
    answers: list[list[dict[str, Any]]] = [[{"type": "respond", "value": f"to {value}"}] for value in values]
    rest = decided(graphs, first, *answers)
    assert sorted(events_in(rest)[-1][1]["output"]["answers"]) == ["to and you?", "to {'question': 'q'}"]


def test_an_agent_in_a_tool_asks_through_it(graphs: Served) -> None:
    first = started(graphs, "delegating", "go")
    (asked,) = approvals(first)
    assert asked["requests"][0]["name"] == "send_email"
    assert asked["requests"][0]["tool_call_id"] == "call_1_0"
    rest = told(decided(graphs, first, [APPROVE]))
    assert rest[-1] == "done output=All done.  finish_reason=stop" and SENT == ["ann: hi"]
    assert [line for line in rest if line.startswith("tool_error")] == []


def test_agent_inbox_gets_its_own_form_of_answers(graphs: Served) -> None:
    first = started(graphs, "inboxed", QUESTION)
    (asked,) = approvals(first)
    assert asked["requests"] == [
        {
            "tool_call_id": None,
            "name": "delete",
            "input": {"path": "a.txt"},
            "allowed": ["approve", "edit", "reject"],
        }
    ]
    rest = decided(graphs, first, [{"type": "edit", "args": {"path": "b.txt"}}])
    assert events_in(rest)[-1][1]["output"]["answers"] == [
        {"type": "edit", "args": {"action": "delete", "args": {"path": "b.txt"}}}
    ]


def test_a_graph_that_was_compiled_to_stop_goes_on_at_any_decision(graphs: Served) -> None:
    first = started(graphs, "stopping", QUESTION)
    assert told(first)[1:-1] == ['approval value={"breakpoint": "interrupt_before"} requests=[]']
    rest = told(decided(graphs, first, [APPROVE]))
    assert rest[-1] == 'done output={"question": "q", "answers": ["over"]} finish_reason=stop'


def test_a_graph_with_a_memory_of_its_own_waits_too(graphs: Served) -> None:
    first = started(graphs, "remembering_mailer", "go", thread_id="mails")
    rest = told(decided(graphs, first, [APPROVE]))
    assert rest[-1] == "done output=All done.  finish_reason=stop" and SENT == ["ann: hi"]


# --- what is refused ---------------------------------------------------------------------------------


def refused(served: Served, chain: str, given: Any, decisions: list[dict[str, Any]]) -> tuple[int, str, str]:
    first = started(served, chain, given)
    answer = decide(served, first.headers["x-run-id"], approvals(first)[0]["interrupt_id"], decisions)
    problem = json.loads(answer.text)
    assert state_of(served, first)["status"] == "waiting"
    return answer.status, problem["code"], problem["detail"]


def test_a_decision_that_is_not_allowed_changes_nothing(graphs: Served) -> None:
    assert refused(graphs, "strict_mailer", "go", [{"type": "respond", "message": "x"}]) == (
        422,
        "decision_not_allowed",
        "'send_email' takes approve, reject, not respond.",
    )


def test_there_is_one_decision_for_each_request(graphs: Served) -> None:
    assert refused(graphs, "two_mails", "go", [APPROVE]) == (
        422,
        "wrong_decisions",
        "This approval takes 2 decisions, one for each request; there are 1.",
    )


@pytest.mark.parametrize(
    ("decision", "code", "detail"),
    [
        ({"type": "edit"}, "wrong_decisions", "An edit needs `args`"),
        ({"type": "respond"}, "wrong_decisions", "A respond needs `message`"),
        (
            {"type": "edit", "args": {"to": 1}},
            "invalid_arguments",
            "'send_email' does not take these arguments: to:",
        ),
        ({"type": "maybe"}, "invalid_request", "body field 'decisions.0.type'"),
    ],
)
def test_a_decision_that_lacks_something_says_what(
    graphs: Served, decision: dict[str, Any], code: str, detail: str
) -> None:
    status, told_code, told_detail = refused(graphs, "mailer", "go", [decision])
    assert (status, told_code) == (422, code) and detail in told_detail


def test_an_answer_must_be_what_the_graph_asked_for(graphs: Served) -> None:
    status, code, detail = refused(
        graphs, "asking_form", QUESTION, [{"type": "respond", "value": {"age": "x"}}]
    )
    assert (status, code) == (422, "wrong_answer") and "$.age" in detail
    first = started(graphs, "asking_form", QUESTION)
    assert approvals(first)[0]["response_schema"]["required"] == ["age"]
    run = json.loads(graphs.get(f"/runs/{first.headers['x-run-id']}").body)
    assert run["approvals"][0]["response_schema"] == approvals(first)[0]["response_schema"]
    rest = decided(graphs, first, [{"type": "respond", "value": {"age": 7}}])
    assert events_in(rest)[-1][1]["output"]["answers"] == [{"age": 7}]


def test_nothing_is_decided_twice(graphs: Served) -> None:
    first = started(graphs, "two_bookings", "go")
    run_id, asked = first.headers["x-run-id"], approvals(first)[0]["interrupt_id"]
    assert decide(graphs, run_id, asked, [APPROVE]).status == 200
    again = decide(graphs, run_id, asked, [{"type": "reject"}])
    assert (again.status, json.loads(again.text)["code"]) == (409, "already_decided")


def test_what_was_never_asked_is_not_found(graphs: Served) -> None:
    first = started(graphs, "asking", QUESTION)
    answer = decide(graphs, first.headers["x-run-id"], "nothing", [APPROVE])
    assert (answer.status, json.loads(answer.text)["code"]) == (404, "approval_not_found")
    unknown = decide(graphs, "0" * 26, approvals(first)[0]["interrupt_id"], [APPROVE])
    assert (unknown.status, json.loads(unknown.text)["code"]) == (404, "run_not_found")


@pytest.mark.parametrize("chain", ["buried", "unlent"])
def test_a_graph_within_a_larger_chain_or_that_refuses_checkpoints_cannot_wait(
    graphs: Served, chain: str
) -> None:
    assert told(started(graphs, chain, QUESTION))[-1] == (
        "error code=cannot_wait message=The chain asked for a person and cannot wait: only a graph with a"
        " checkpointer can. fault=chain retryable=false"
    )


# --- waiting ------------------------------------------------------------------------------------------


def test_a_waiting_run_can_be_cancelled(graphs: Served) -> None:
    first = started(graphs, "booker", "go")
    run_id = first.headers["x-run-id"]
    cancelled = json.loads(graphs.post(f"/runs/{run_id}/cancel", b"").text)
    assert (cancelled["status"], cancelled["approvals"]) == ("cancelled", [])
    rest = graphs.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(first)})
    assert told(rest) == [
        "tool_error tool_call_id=call_1_0 name=book code=cancelled"
        " message=The run ended before the tool did.",
        "cancelled reason=user output=",
    ]
    late = decide(graphs, run_id, approvals(first)[0]["interrupt_id"], [APPROVE])
    assert (late.status, json.loads(late.text)["code"]) == (409, "already_decided")


def test_what_a_run_keeps_for_going_on_goes_with_it(graphs: Served) -> None:
    first = started(graphs, "mailer", "go")
    kept = graphs.app.state.services.registry.get("mailer").checkpoints.storage
    run_id = first.headers["x-run-id"]
    assert run_id in kept
    assert told(decided(graphs, first, [APPROVE]))[-1].startswith("done")
    tries = (graphs.get("/health") for _ in range(1000))  # the loop goes on after the last event
    assert any(run_id not in kept for _ in tries)


def test_the_time_that_a_run_waits_is_not_its_own() -> None:
    chains = ("tests.graphs.approving:mailer", "tests.served_chains:numbered")
    with serving(chains=chains, run_timeout_seconds=2) as served:
        first = started(served, "mailer", "go")
        late = started(served, "numbered", "hold=1 gate=never-opened")  # longer than a run may take
        assert told(late)[-1] == "cancelled reason=timeout output="
        assert told(decided(served, first, [APPROVE]))[-1].startswith("done")


def test_wait_answers_with_a_run_that_waits(graphs: Served) -> None:
    answer = graphs.post("/runs/wait", json.dumps({"chain": "asking", "input": QUESTION}).encode())
    assert json.loads(answer.text)["status"] == "waiting"


def test_a_waiting_run_is_not_cancelled_because_nobody_reads_it() -> None:
    with serving(chains=("tests.graphs.approving:mailer",), disconnect_grace_seconds=0) as served:
        first = started(served, "mailer", "go")
        assert told(decided(served, first, [APPROVE]))[-1].startswith("done")


def test_unless_it_asked_to_be() -> None:
    with serving(chains=("tests.graphs.approving:mailer",), disconnect_grace_seconds=0) as served:
        first = started(served, "mailer", "go", on_disconnect="cancel")
        run_id = first.headers["x-run-id"]
        assert decide(served, run_id, approvals(first)[0]["interrupt_id"], [APPROVE]).status == 200
        ended = json.loads(served.post(f"/runs/{run_id}/cancel", b"").text)
        assert ended["cancel_reason"] == "disconnect"


def test_a_run_that_waits_too_long_is_cancelled() -> None:
    with serving(chains=("tests.graphs.approving:mailer",), waiting_timeout_seconds=0.01) as served:
        first = started(served, "mailer", "go")
        rest = served.get(f"/runs/{first.headers['x-run-id']}/events")
        while "event: cancelled" not in rest.text:
            rest = served.get(f"/runs/{first.headers['x-run-id']}/events")
        assert told(rest)[-1] == "cancelled reason=timeout output="


def test_over_the_bound_the_run_that_waits_longest_is_cancelled() -> None:
    with serving(chains=("tests.graphs.approving:mailer",), max_runs_waiting=1) as served:
        first, second = (started(served, "mailer", "go") for _ in range(2))
        ended = served.post(f"/runs/{first.headers['x-run-id']}/cancel", b"")
        assert json.loads(ended.text)["cancel_reason"] == "timeout"
        assert state_of(served, second)["status"] == "waiting"


@pytest.mark.parametrize(
    ("format_name", "end"),
    [
        ("tokens", 'event: paused\ndata: {{"interrupt_ids":["{id}"]}}\n\n'),
        ("ndjson", '{{"event":"paused","data":{{"interrupt_ids":["{id}"]}}}}\n'),
        ("message", 'event: paused\ndata: {{"interrupt_ids":["{id}"]}}\n\n'),
        ("text", "[Paused: waiting for an answer to {id}]\n"),
        ("openai", '"delta":{{}},"finish_reason":"stop"}}]}}\n\ndata: [DONE]\n\n'),
        ("openai-ndjson", '"delta":{{}},"finish_reason":"stop"}}]}}\n'),
        (
            "ag-ui",
            '"message":"q","metadata":{{"chainstream":{{"interrupt_id":"{id}",'
            '"value":{{"question":"q"}},"requests":[]}}}}}}]}}}}\n\n',
        ),
        (
            "ai-sdk",
            '"finishReason":"tool-calls","messageMetadata":{{"status":"waiting"}}}}\n\ndata: [DONE]\n\n',
        ),
    ],
)
def test_every_format_says_that_the_run_waits(graphs: Served, format_name: str, end: str) -> None:
    body = json.dumps({"chain": "asking", "input": QUESTION}).encode()
    answer = graphs.post(f"/runs/stream?format={format_name}", body)
    (asked,) = state_of(graphs, answer)["approvals"]
    assert answer.text.endswith(end.format(id=asked["interrupt_id"])) and answer.whole


def test_no_format_is_missing_above() -> None:
    assert set(FORMATS) == {
        "events",
        "tokens",
        "message",
        "ndjson",
        "text",
        "openai",
        "openai-ndjson",
        "ag-ui",
        "ai-sdk",
    }


def test_a_reader_past_the_end_of_a_waiting_run_gets_a_gap_with_its_question(graphs: Served) -> None:
    first = started(graphs, "asking", QUESTION)
    answer = graphs.get(f"/runs/{first.headers['x-run-id']}/events?after=9.99")
    names = [name for name, _ in events_in(answer)]
    assert names == ["gap", "paused"]
    snapshot = events_in(answer)[0][1]["snapshot"]
    assert snapshot["status"] == "waiting"
    assert snapshot["approvals"] == state_of(graphs, first)["approvals"]
