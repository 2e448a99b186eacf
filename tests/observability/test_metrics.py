"""Metrics: what is counted, by which labels, for whom, and that none of it can grow without end."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.resources import Resource

from service.model_calls import ModelCall
from service.observability.bounded_names import BoundedNames
from service.observability.metrics import MOST_MODELS, Metrics
from tests.access.secured import SHARED, secured
from tests.installed import ROOT
from tests.observability.exposed import Exposed, exposed_by, wait_for
from tests.observability.traffic import busy_service
from tests.serving import Served, serving

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
TABLE = DOCUMENT.partition("## Metrics")[2].partition("## Traces")[0]


@pytest.fixture(scope="module")
def busy() -> Iterator[Served]:
    with busy_service() as served:
        yield served


@pytest.fixture(scope="module")
def exposed(busy: Served) -> Exposed:
    """Once the loop's lag was looked at, and the streams that were read have ended."""
    return wait_for(
        busy,
        lambda now: (
            now.sum("chainstream_event_loop_lag_seconds_count") > 0
            and now.sum("chainstream_streams_open") == 0
            and now.sum("chainstream_readers_dropped_total") > 0
        ),
    )


def test_runs_are_counted_by_chain_outcome_and_code(exposed: Exposed) -> None:
    runs = "chainstream_runs_total"
    assert exposed.sum(runs, chain="chat", outcome="succeeded", code="") == 1
    assert exposed.sum(runs, chain="failing", outcome="failed", code="chain_failed") == 1
    assert exposed.sum(runs, chain="numbered_agent", outcome="cancelled", code="user") == 1
    assert exposed.sum(runs, chain="numbered", outcome="cancelled", code="disconnect") == 1
    assert exposed.sum(runs, chain="chat", outcome="failed", code="provider_unreachable") == 1
    assert exposed.sum("chainstream_run_duration_seconds_count") == exposed.sum(runs) == 6
    assert exposed.sum("chainstream_first_token_seconds_count", chain="chat") == 1
    assert exposed.values_of("chainstream_runs_active", "state") == {"running", "queued", "waiting"}
    assert exposed.sum("chainstream_runs_active") == 0


def test_model_calls_are_timed_and_their_tokens_and_costs_summed(exposed: Exposed) -> None:
    chat = {"chain": "chat", "model": "demo"}
    call = {f"gen_ai_{of}_model": "demo" for of in ("request", "response")} | {
        "gen_ai_provider_name": "offline"
    }
    assert exposed.sum("gen_ai_client_operation_duration_seconds_count", **call, error_type="") == 1
    assert exposed.sum("gen_ai_client_operation_time_to_first_chunk_seconds_count", **call) == 1
    output = call | {"gen_ai_token_type": "output"}
    tokens = exposed.sum("chainstream_tokens_total", **chat, type="output")
    assert tokens == exposed.sum("gen_ai_client_token_usage_sum", **output) > 0
    assert exposed.sum("chainstream_time_per_token_seconds_count", **chat) == 1
    assert exposed.sum("chainstream_cost_usd_total", **chat) == 0
    assert exposed.sum("chainstream_unpriced_calls_total") == 3


def test_a_model_call_that_fails_is_told_by_its_code_and_one_that_was_cut_short_by_its_run_s(
    exposed: Exposed,
) -> None:
    calls = "gen_ai_client_operation_duration_seconds_count"
    assert exposed.sum(calls, error_type="provider_unreachable") == 2
    assert exposed.sum(calls, error_type="disconnect") == 1
    assert exposed.values_of(calls, "error_type") == {"", "provider_unreachable", "disconnect"}


def test_readers_are_counted_that_come_back_miss_something_or_take_nothing(exposed: Exposed) -> None:
    assert exposed.sum("chainstream_resumes_total", format="events") == 2
    assert exposed.sum("chainstream_gaps_total", reason="ahead_of_log") == 1
    assert exposed.sum("chainstream_readers_dropped_total", format="events") == 1


def test_requests_are_timed_by_the_template_of_their_route(exposed: Exposed) -> None:
    requests = "http_server_request_duration_seconds_count"
    events = {"http_route": "/runs/{run_id}/events", "http_response_status_code": "200"}
    assert exposed.sum(requests, http_request_method="GET", **events) == 2
    assert exposed.sum(requests, http_route="other", http_response_status_code="404") == 1
    assert not [
        route for route in exposed.values_of(requests, "http_route") if re.search(r"[0-9a-z]{26}|=", route)
    ]


def test_every_metric_of_ours_is_in_the_document_and_nothing_else_is(exposed: Exposed) -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", TABLE, re.MULTILINE))
    told = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in exposed}
    assert named == {name for name in told if not name.startswith(("process_", "target_"))}


def test_every_label_is_in_the_document(exposed: Exposed) -> None:
    for name in re.findall(r"^\| `(\w+)` \|", TABLE, re.MULTILINE):
        row = next(line for line in TABLE.splitlines() if line.startswith(f"| `{name}` |"))
        labels = exposed.labels_of(name) | exposed.labels_of(f"{name}_count")
        assert set(re.findall(r"`(\w+)`", row.split("|")[2])) == labels, name


def test_open_circuits_are_told_by_provider() -> None:
    metrics = Metrics(Resource.get_empty())
    metrics.watch_circuits(lambda: {"groq": True, "openai": False})
    text, _ = metrics.exposition("text/plain")
    assert b'chainstream_circuit_open{provider="groq"} 1.0\n' in text
    assert b'chainstream_circuit_open{provider="openai"} 0.0\n' in text


@pytest.mark.needs("promtool")
def test_prometheus_own_tool_finds_nothing_wrong_with_the_names(busy: Served) -> None:
    text = busy.get("/metrics").body
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.stderr.decode(), checked.returncode) == ("", 0)


def test_openmetrics_is_given_to_those_who_ask_for_it(busy: Served) -> None:
    answer = busy.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_metrics_are_read_with_a_key_that_may_do_nothing_else() -> None:
    with secured() as service:
        key = service.give(scopes=["metrics"])["key"]
        assert service.ask("GET", "/metrics", key).status == 200
        assert service.ask("GET", "/runs", key).status == 403
        assert service.ask("GET", "/metrics", SHARED).status == 200
        assert service.ask("GET", "/metrics", service.give(role="member")["key"]).status == 403


def test_what_opentelemetry_s_switch_turns_off_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with serving() as served:
        assert served.get("/stream?chain=chat&query=hi").status == 200
        assert [name for name in exposed_by(served) if not name.startswith(("process_", "target_"))] == []


def test_two_services_in_one_process_count_for_themselves() -> None:
    with serving() as one, serving() as other:
        one.get("/stream?chain=chat&query=hi")
        assert wait_for(one, lambda now: now.sum("chainstream_runs_total") == 1)
        assert exposed_by(other).sum("chainstream_runs_total") == 0


def test_names_that_come_without_end_become_one_label() -> None:
    names = BoundedNames(3)
    assert [names.of(name) for name in "abcda"] == ["a", "b", "c", "other", "a"]
    assert names.of(None) == names.of("") == ""
    assert len(BoundedNames(1).of("x" * 10_000)) == 128


def test_models_that_a_provider_makes_up_do_not_grow_the_metrics() -> None:
    metrics = Metrics(Resource({}))
    for number in range(3 * MOST_MODELS):
        metrics.model_called("chat", call_of(f"model-{number}"))
    exposed = Exposed.of(metrics.exposition("")[0].decode())
    assert len(exposed.values_of("chainstream_cost_usd_total", "model")) == MOST_MODELS + 1
    assert exposed.sum("chainstream_cost_usd_total", model="other") == 2 * MOST_MODELS


def call_of(model: str) -> ModelCall:
    return ModelCall(
        provider="openai",
        model=model,
        answered_by=None,
        duration=1.0,
        first=None,
        last=None,
        pieces=0,
        used=None,
        cost=1.0,
        error=None,
    )


def test_the_time_between_pieces_is_that_between_the_first_and_the_last() -> None:
    call = call_of("m")
    assert call.per_piece is None
    assert replace(call, first=1.0, last=1.0, pieces=1).per_piece is None
    assert replace(call, first=1.0, last=3.0, pieces=5).per_piece == 0.5
