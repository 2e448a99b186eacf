"""Traces, as a collector gets them: what hangs under what, what is told, and what is not."""

import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.observability.tracing import traces_wanted
from tests.graphs.whole import decide, events_in, started
from tests.installed import ROOT
from tests.observability.collector import Collector, Span, collecting
from tests.observability.exposed import exposed_by, wait_for
from tests.project.commands import running
from tests.served_chains import GATES
from tests.serving import Served, serving

SERVER, CLIENT, INTERNAL = 2, 3, 1
ERROR = 2
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
QUESTION = "What is 1234 * 5678?"
CANARY = "secret-canary"


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path / "spans.jsonl") as collector:
        yield collector


@pytest.fixture
def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    with serving() as served:
        yield served


def one(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def test_an_agent_s_run_is_one_trace_from_the_request_to_the_tool(
    collector: Collector, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "service"]
    with running(command, tmp_path, PYTHONPATH=str(ROOT), **collector.environment) as service:
        client = service.serves()
        body = orjson.dumps({"chain": "agent", "input": QUESTION, "thread_id": "t-1"})
        answer = client.post("/runs/stream?idempotency_key=canary", body, TRACEPARENT)
        run_id = answer.headers["x-run-id"]
        spans = collector.wait_for_run(run_id)
        spans = collector.wait_for(lambda spans: any(span.kind == SERVER for span in spans))
    assert {span.trace_id for span in spans} == {TRACE} and all(span.ended for span in spans)
    http, run = one(spans, "POST /runs/stream"), one(spans, "run agent")
    chain, tool = one(spans, "invoke_agent agent"), one(spans, "execute_tool calculator")
    models = [span for span in spans if span.name == "chat demo"]
    assert len(spans) == len(models) + 4 == 6
    assert (http.parent_id, run.parent_id, chain.parent_id) == (PARENT, http.span_id, run.span_id)
    assert {span.parent_id for span in (*models, tool)} == {chain.span_id}
    assert [span.status for span in spans] == [0] * 6

    assert (http.kind, http.attributes) == (
        SERVER,
        {
            "http.request.method": "POST",
            "http.route": "/runs/stream",
            "http.response.status_code": 200,
            "url.path": "/runs/stream",
            "url.scheme": "http",
        },
    )
    assert run.attributes == {
        "chainstream.run_id": run_id,
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "agent",
        "chainstream.outcome": "succeeded",
        "gen_ai.conversation.id": "t-1",
    }
    assert all(span.attributes["chainstream.run_id"] == run_id for span in (chain, tool, *models))
    assert chain.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert chain.attributes["gen_ai.agent.name"] == "agent"
    assert chain.attributes["gen_ai.conversation.id"] == "t-1"
    assert tool.attributes["gen_ai.operation.name"] == "execute_tool"
    assert tool.attributes["gen_ai.tool.name"] == "calculator"
    assert tool.attributes["gen_ai.tool.call.id"]
    for model in models:
        assert model.kind == CLIENT
        assert model.attributes["gen_ai.operation.name"] == "chat"
        assert model.attributes["gen_ai.provider.name"] == "offline"
        assert model.attributes["gen_ai.request.model"] == model.attributes["gen_ai.response.model"] == "demo"
        assert model.attributes["gen_ai.usage.input_tokens"] > 0
        assert model.attributes["gen_ai.usage.output_tokens"] > 0
        assert model.attributes["gen_ai.request.stream"] is True
        assert model.attributes["gen_ai.response.time_to_first_chunk"] > 0
        assert model.attributes["gen_ai.conversation.id"] == "t-1"
    assert collector.resource["service.name"] == "chainstream"
    told = collector.file.read_text()
    assert not [word for word in ("1234", "5678", "7006652", "7,006,652", "canary", "What") if word in told]


def test_a_reader_that_comes_back_is_told_of_in_the_run_s_trace(
    collector: Collector, traced: Served, gate: str
) -> None:
    path = f"/stream?chain=numbered&query=tokens=5 hold=3 gate={gate}"
    first = traced.get(path, TRACEPARENT, cut_after=10)
    run_id = first.headers["x-run-id"]
    GATES[gate].open()
    other = {"traceparent": f"00-{'c' * 32}-{PARENT}-01"}
    assert traced.get(f"/runs/{run_id}/events?after=2", other).status == 200
    assert traced.get(f"/runs/{run_id}/events", {"Last-Event-ID": f"{run_id}.1.3"}).status == 200
    collector.wait_for_run(run_id)
    route = "GET /runs/{run_id}/events"
    spans = collector.wait_for(
        lambda spans: (
            [span.name for span in spans].count("resume") == [s.name for s in spans].count(route) == 2
        )
    )
    run = one(spans, "run numbered")
    resumes = [span for span in spans if span.name == "resume"]
    requests = [span for span in spans if span.name == route]
    assert run.trace_id == TRACE and {span.trace_id for span in resumes} == {TRACE}
    assert {span.parent_id for span in resumes} == {run.span_id}
    assert [span.attributes["chainstream.after"] for span in resumes] == [2, 3]
    assert {link for span in resumes for link in span.links} == {s.trace_id + s.span_id for s in requests}
    assert all(span.links == [TRACE + run.span_id] for span in requests)
    assert requests[0].trace_id == "c" * 32 != requests[1].trace_id


def test_a_reader_that_is_there_at_the_run_s_end_has_not_failed(
    collector: Collector, traced: Served, gate: str
) -> None:
    first = traced.get(f"/stream?chain=numbered&query=tokens=5 hold=3 gate={gate}", cut_after=10)
    run_id = first.headers["x-run-id"]
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(traced.get, f"/runs/{run_id}/events?after=1")
        wait_for(traced, lambda now: now.sum("chainstream_streams_open", format="events") == 1)
        GATES[gate].open()
        assert answer.result().whole
    spans = collector.wait_for(lambda spans: {"resume", "run numbered"} <= {span.name for span in spans})
    assert [span.status for span in spans if span.name in ("resume", "run numbered")] == [0, 0]


def test_a_tool_that_no_cancel_can_end_has_no_say_in_its_span_later(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, gate: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    with serving() as served:
        body = {"chain": "numbered_agent", "input": f"tool=gated_in_thread gate={gate}"}
        run_id = orjson.loads(served.post("/runs", orjson.dumps(body)).body)["run_id"]
        assert GATES[gate].reached.wait(20)
        served.post(f"/runs/{run_id}/cancel", b"{}")
        tool = one(collector.wait_for_run(run_id), "execute_tool gated_in_thread")
        assert (tool.status, tool.status_message) == (ERROR, "user")
        GATES[gate].open()
    assert "ended span" not in caplog.text


def test_a_cancelled_run_ends_all_of_its_spans_with_the_reason(
    collector: Collector, traced: Served, gate: str
) -> None:
    body = {"chain": "numbered_agent", "input": f"tool=gated gate={gate}"}
    run_id = orjson.loads(traced.post("/runs", orjson.dumps(body), TRACEPARENT).body)["run_id"]
    assert GATES[gate].reached.wait(20)
    assert traced.post(f"/runs/{run_id}/cancel", b"{}").status == 200
    spans = collector.wait_for_run(run_id)
    run, tool = one(spans, "run numbered_agent"), one(spans, "execute_tool gated")
    assert (run.status, run.status_message, run.attributes["error.type"]) == (ERROR, "user", "user")
    assert (run.attributes["chainstream.outcome"], run.attributes["chainstream.code"]) == (
        "cancelled",
        "user",
    )
    assert (tool.status, tool.ended) == (ERROR, True) and tool.attributes["error.type"]
    assert one(spans, "invoke_agent numbered_agent").status == ERROR


def test_a_model_call_that_is_cancelled_ends_with_its_run(
    collector: Collector, traced: Served, gate: str
) -> None:
    body = {"chain": "numbered", "input": f"tokens=5 hold=3 gate={gate}"}
    run_id = orjson.loads(traced.post("/runs", orjson.dumps(body), TRACEPARENT).body)["run_id"]
    assert GATES[gate].reached.wait(20)
    traced.post(f"/runs/{run_id}/cancel", b"{}")
    spans = collector.wait_for_run(run_id)
    model = next(span for span in spans if span.name.startswith("chat"))
    assert (model.status, model.status_message, model.attributes["error.type"]) == (ERROR, "user", "user")


@pytest.mark.parametrize("chain", ["numbered", "failing", "numbered_agent"])
def test_a_failed_run_s_spans_have_its_code_and_types_of_errors_but_no_message(
    collector: Collector, traced: Served, chain: str
) -> None:
    prompt = "tool=broken" if chain == "numbered_agent" else "fail=3"
    answer = traced.get(f"/stream?chain={chain}&query={prompt} {CANARY}", TRACEPARENT)
    spans = collector.wait_for_run(answer.headers["x-run-id"])
    run = one(spans, f"run {chain}")
    assert (run.status, run.attributes["chainstream.outcome"]) == (ERROR, "failed")
    assert run.status_message == run.attributes["chainstream.code"] == run.attributes["error.type"]
    failed = [span for span in spans if span.status == ERROR]
    assert run in failed and all(span.ended and span.attributes["error.type"] for span in failed)
    codes = {span.attributes["error.type"] for span in failed if span.name.startswith("chat")}
    assert codes == ({run.attributes["chainstream.code"]} if chain == "numbered" else set())
    told = collector.file.read_text()
    assert not [word for word in (CANARY, "canary", "the tool broke", "/some/path") if word in told]
    assert {event for span in spans for event in span.events} == set()


def test_runs_that_wait_their_turn_are_in_the_trace_of_the_request_that_started_them(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, gate: str
) -> None:
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    with serving(max_runs_running=1) as served:
        first = {"chain": "numbered", "input": f"tokens=2 hold=1 gate={gate}"}
        served.post("/runs", orjson.dumps(first), {"traceparent": f"00-{'a' * 32}-{PARENT}-01"})
        second = orjson.loads(served.post("/runs", orjson.dumps({**first, "input": "hi"}), TRACEPARENT).body)
        GATES[gate].open()
        spans = collector.wait_for_run(second["run_id"])
    run, chain = one(spans, "run numbered"), next(span for span in spans if span.name.startswith("chat"))
    assert run.trace_id == TRACE and chain.attributes["chainstream.run_id"] == second["run_id"]
    assert (collector.spans() and run.parent_id) == one(
        [span for span in collector.spans() if span.trace_id == TRACE], "POST /runs"
    ).span_id


@pytest.mark.parametrize(("chain", "tool"), [("mailer", "send_email"), ("booker", "book")])
def test_a_run_that_waited_for_a_person_goes_on_in_its_trace(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, chain: str, tool: str
) -> None:
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    with serving(chains=[f"tests.graphs.approving:{chain}"]) as served:
        first = started(served, chain, "go")
        (asked,) = [data for name, data in events_in(first) if name == "approval"]
        decide(served, first.headers["x-run-id"], asked["interrupt_id"], [{"type": "approve"}])
        spans = collector.wait_for_run(first.headers["x-run-id"])
    run = one(spans, f"run {chain}")
    tools = [span for span in spans if span.name == f"execute_tool {tool}"]
    assert {(span.trace_id, span.parent_id) for span in tools} == {(run.trace_id, run.span_id)}
    assert {span.status for span in spans} == {0}


def test_a_run_that_waited_while_its_process_was_restarted_goes_on_in_its_trace(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, migrated_file: Path, tmp_path: Path
) -> None:
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    file = shutil.copy(migrated_file, tmp_path / "chainstream.db")
    with serving(chains=["tests.graphs.approving:mailer"], database_url=f"sqlite:///{file}") as served:
        first = started(served, "mailer", "go")
        run_id = first.headers["x-run-id"]
        (asked,) = [data for name, data in events_in(first) if name == "approval"]
    with serving(chains=["tests.graphs.approving:mailer"], database_url=f"sqlite:///{file}") as served:
        decide(served, run_id, asked["interrupt_id"], [{"type": "approve"}])
        spans = collector.wait_for(
            lambda spans: [span.name for span in spans].count("run mailer") == 2  # told at their ends
        )
    before, after = [span for span in spans if span.name == "run mailer"]
    assert (before.trace_id, before.span_id) == (after.trace_id, after.parent_id)
    outcomes = [span.attributes["chainstream.outcome"] for span in (before, after)]
    assert outcomes == ["waiting", "succeeded"]
    tool = one(spans, "execute_tool send_email")
    assert tool.trace_id == before.trace_id and tool.attributes["chainstream.run_id"] == run_id


@pytest.mark.parametrize("chain", ["numbered", "extract"])
def test_a_run_is_the_span_of_its_chain_unless_that_is_an_agent(
    collector: Collector, traced: Served, chain: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = orjson.dumps({"chain": chain, "input": "hi"})
    run_id = orjson.loads(traced.post("/runs", body).body)["run_id"]
    spans = collector.wait_for_run(run_id)
    run = one(spans, f"run {chain}")
    assert run.attributes["gen_ai.operation.name"] == "invoke_workflow"
    assert not [span for span in spans if span.name.startswith("invoke_")]
    assert run.span_id in {span.parent_id for span in spans}
    assert "Error in" not in caplog.text


def test_what_a_client_configures_names_no_span_and_no_conversation(
    collector: Collector, traced: Served
) -> None:
    forged = {"model": CANARY, "workflow_name": CANARY, "agent_name": CANARY, "session_id": CANARY}
    body = {"chain": "numbered", "input": "hi", "config": {"configurable": forged}}
    run_id = orjson.loads(traced.post("/runs", orjson.dumps(body)).body)["run_id"]
    collector.wait_for_run(run_id)
    assert CANARY not in collector.file.read_text()


def test_a_request_that_no_route_takes_and_one_of_a_probe(collector: Collector, traced: Served) -> None:
    for path in ("/health", "/ready", "/metrics"):
        assert traced.get(path).status == 200
    assert traced.get("/no/such/path?query=canary").status == 404
    (span,) = collector.wait_for(bool)
    assert (span.name, span.attributes["http.response.status_code"]) == ("GET", 404)
    assert "http.route" not in span.attributes
    assert "canary" not in collector.file.read_text()


@pytest.mark.parametrize(
    ("propagators", "goes_on"),
    [
        ([TraceContextTextMapPropagator(), W3CBaggagePropagator()], True),  # as it is without the variable
        ([W3CBaggagePropagator()], False),
        ([], False),
    ],
)
def test_whose_trace_goes_on_is_opentelemetry_s_propagators_to_say(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    propagators: list[TextMapPropagator],
    goes_on: bool,
) -> None:
    monkeypatch.setattr(propagate, "_HTTP_TEXT_FORMAT", CompositePropagator(propagators))
    for name, value in collector.environment.items():
        monkeypatch.setenv(name, value)
    with serving() as served:
        served.get("/chains", TRACEPARENT | {"baggage": "a=b"})
        (span,) = collector.wait_for(bool)
    assert (span.trace_id == TRACE) is goes_on


def test_a_request_whose_client_left_has_its_route_and_its_status(
    collector: Collector, traced: Served, gate: str
) -> None:
    traced.get(f"/stream?chain=numbered&query=tokens=5 hold=3 gate={gate}", cut_after=10)
    (span,) = collector.wait_for(bool)
    assert (span.name, span.attributes["http.response.status_code"]) == ("GET /stream", 200)
    assert span.attributes["http.route"] == "/stream"
    assert span.status == 0


def test_a_request_that_fails_by_an_error_of_ours_has_failed_in_its_span_and_is_counted_so(
    collector: Collector, traced: Served
) -> None:
    async def fail() -> None:
        raise RuntimeError(CANARY)

    traced.app.add_api_route("/fails", fail)
    assert traced.get("/fails").status == 500
    (span,) = collector.wait_for(bool)
    assert (span.name, span.status, span.attributes["error.type"]) == ("GET /fails", ERROR, "500")
    assert span.attributes["http.response.status_code"] == 500
    counted = "http_server_request_duration_seconds_count"
    assert exposed_by(traced).sum(counted, http_route="/fails", http_response_status_code="500") == 1
    assert CANARY not in collector.file.read_text()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "console"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
    ],
)
def test_traces_are_sent_where_opentelemetry_s_variables_say_so(
    environ: dict[str, str], wanted: bool
) -> None:
    assert traces_wanted(environ) is wanted
