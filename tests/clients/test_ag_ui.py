"""@ag-ui/client against a real server, its verifier on: one process of it tells all the cases."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from service.events import TERMINAL
from tests.amounts import CASES
from tests.serving import Served, serving
from tests.wire.ag_ui_client import AGUIClient
from tests.wire.random_logs import Log, random_log
from tests.wire.stories import encoded

pytestmark = pytest.mark.needs("node")

NODE = Path(__file__).parents[1] / "node"
CHAINS = (
    "tests.graphs.approving:mailer",
    "tests.graphs.approving:per_call",
    "tests.graphs.approving:booker",
    "tests.clients.ag_ui_chains:thinker",
    "tests.clients.ag_ui_chains:clients_tools",
    "tests.api.recalling_chain:recalling",
    "tests.served_chains:numbered",
    "tests.served_chains:numbered_agent",
    "tests.served_chains:silent",
    "tests.served_chains:structured",
)
LOGS = CASES // 20  # 150 as a rule
REFUSED = ("unknown", "refusedTools", "blocked")


def numbered(count: int) -> str:
    return "".join(f"run:{number}; " for number in range(1, count + 1))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(
        chains=CHAINS, disconnect_grace_seconds=0, rate_limit_enabled=False, ping_seconds=0.01
    ) as served:
        yield served


@pytest.fixture(scope="module")
def logs() -> list[Log]:
    made = (random_log(Random(f"ag-ui:{seed}"), 40) for seed in range(3 * LOGS))
    return [log for log in made if log.events[0].type == "run" and log.events[-1].type in TERMINAL][:LOGS]


@pytest.fixture(scope="module")
def told(served: Served, logs: list[Log]) -> dict[str, Any]:
    bodies = [encoded("ag-ui", log.records).decode() for log in logs]
    ran = subprocess.run(
        ["node", "ag_ui.mjs"],
        cwd=NODE,
        input=orjson.dumps({"base": served.url, "bodies": bodies}),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    results: dict[str, Any] = orjson.loads(ran.stdout)
    unexpected = {name: case["complaints"] for name, case in results.items() if name not in REFUSED}
    assert not any(unexpected.values()), unexpected
    return {name: case["said"] for name, case in results.items()}


def said(run: dict[str, Any], role: str = "assistant") -> list[str]:
    return [each["content"] for each in run["messages"] if each["role"] == role and each.get("content")]


def test_text_is_one_message_of_the_assistant_and_the_result(told: dict[str, Any]) -> None:
    run = told["text"]
    assert said(run) == [numbered(5)]
    assert (run["result"], run["outcome"], run["error"]) == (numbered(5), {"type": "success"}, None)
    assert [message["role"] for message in run["messages"]] == ["user", "assistant"]


def test_the_run_is_called_as_its_client_calls_it_and_says_our_own_name(
    told: dict[str, Any], served: Served
) -> None:
    started, *_, finished = told["text"]["events"]
    assert started["protocolVersion"] == "1.0"
    assert started["threadId"] == finished["threadId"] == told["text"]["threadId"]
    run = orjson.loads(served.get(f"/runs/{started['metadata']['run_id']}").body)
    assert run["metadata"] == {"ag_ui_run_id": started["runId"]}
    assert run["thread_id"] == started["threadId"]


def test_usage_is_told_by_model(told: dict[str, Any]) -> None:
    used = {"model": "numbered-1", "inputTokens": 3, "outputTokens": 7, "totalTokens": 10}
    assert told["text"]["usage"] == [{**used, "reasoningTokens": 0, "cachedInputTokens": 0}]
    twice = {"inputTokens": 6, "outputTokens": 14, "totalTokens": 20}
    assert told["parallel"]["usage"][0].items() >= twice.items()


def test_a_chain_without_a_model_answers_too_in_text_or_with_a_value(told: dict[str, Any]) -> None:
    assert said(told["plain"]) == ["said hello"]
    assert told["structured"]["result"]["length"] == 4


def test_thoughts_are_messages_of_their_own_before_what_they_led_to(told: dict[str, Any]) -> None:
    run = told["thinking"]
    assert said(run, "reasoning") == ["Let me see.", "Twice."]
    assert said(run) == ["Looking. ", '{"found": "sun"} and {"found": "moon"}']
    assert [each["role"] for each in run["messages"]] == [
        "user", "reasoning", "assistant", "tool", "tool", "reasoning", "assistant",
    ]  # fmt: skip


def test_parallel_calls_are_of_one_message_and_each_has_its_result(told: dict[str, Any]) -> None:
    (calls,) = [each["toolCalls"] for each in told["thinking"]["messages"] if each.get("toolCalls")]
    assert [(each["id"], each["function"]["arguments"]) for each in calls] == [
        ("look0", '{"word": "sun"}'),
        ("look1", '{"word": "moon"}'),
    ]
    results = [each for each in told["thinking"]["messages"] if each["role"] == "tool"]
    assert sorted((each["toolCallId"], each["content"]) for each in results) == [
        ("look0", '{"found": "sun"}'),
        ("look1", '{"found": "moon"}'),
    ]
    assert said(told["parallel"], "tool") == ["let through", "let through"]
    progress = [
        event for event in told["parallel"]["events"] if event.get("name") == "chainstream.tool_progress"
    ]
    assert [event["value"]["tool_call_id"] for event in progress] == ["call_0", "call_1"]


def test_a_tool_that_fails_says_so_in_its_result_and_the_run_is_an_error(told: dict[str, Any]) -> None:
    run = told["broken"]
    (result,) = [each for each in run["messages"] if each["role"] == "tool"]
    assert result["metadata"]["error"]["code"] == "tool_failed"
    assert run["types"][-1] == "RUN_ERROR"


def test_a_failure_inside_the_stream_is_run_error_after_all_that_came(told: dict[str, Any]) -> None:
    run = told["failing"]
    assert said(run) == [numbered(2)]
    last = run["events"][-1]
    assert (last["type"], last["code"], run["outcome"]) == ("RUN_ERROR", "provider_failed", None)
    assert "canary" not in orjson.dumps(run).decode()
    (message,) = [each for each in run["messages"] if each["role"] == "assistant"]
    assert message["metadata"] == {"finish_reason": "error"}


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ("unknown", 404, "unknown_chain"),
        ("refusedTools", 422, "client_tools_not_taken"),
        ("blocked", 409, "interrupts_open"),
    ],
)
def test_what_is_wrong_before_the_stream_is_raised_with_its_status(
    told: dict[str, Any], case: str, status: int, code: str
) -> None:
    assert told[case]["error"]["status"] == status
    assert f'"code":"{code}"' in told[case]["error"]["message"]
    assert told[case]["types"] == []


@pytest.mark.parametrize(
    ("case", "result"),
    [
        ("approved", "sent to ann"),
        ("edited", "sent to eve"),
        ("denied", "not now"),
        ("abandoned", "rejected"),
    ],
)
def test_an_interrupt_ends_the_run_and_its_answer_begins_the_next_one(
    told: dict[str, Any], case: str, result: str
) -> None:
    first, second = told[case]["first"], told[case]["second"]
    (interrupt,) = first["interrupts"]
    assert first["outcome"]["type"] == "interrupt"
    assert (interrupt["reason"], interrupt["toolCallId"]) == ("tool_call", "call_1_0")
    assert set(interrupt["responseSchema"]["properties"]) == {"approved", "editedArgs", "reason", "response"}
    assert (second["outcome"], second["interrupts"]) == ({"type": "success"}, [])
    assert not [kind for kind in second["types"] if kind in ("TOOL_CALL_START", "TOOL_CALL_ARGS")]
    assert result in said(second, "tool")[0]
    assert said(second)[-1] == "All done. "


def test_all_interrupts_of_a_run_are_answered_at_once(told: dict[str, Any]) -> None:
    first, second = told["each"]["first"], told["each"]["second"]
    assert [each["toolCallId"] for each in first["interrupts"]] == ["call_1_0", "call_1_1"]
    assert sorted(said(second, "tool")) == ["found hut", "sent to ann", "sent to bob"]


def test_what_a_tool_asks_gets_what_a_person_says(told: dict[str, Any]) -> None:
    assert told["asked"]["first"]["interrupts"][0]["message"] == "Book Ritz?"
    assert said(told["asked"]["second"], "tool") == ["not booked: the Savoy instead"]


def test_the_thread_is_known_here_and_a_client_that_goes_back_makes_a_branch(told: dict[str, Any]) -> None:
    later, branched, reloaded = (told["conversation"][name] for name in ("later", "branched", "reloaded"))
    assert later[-1]["content"] == "human: one | ai: human: one | human: two"
    assert branched["result"] == "human: one | ai: human: one | human: three"
    assert reloaded["result"] == f"{branched['result']} | ai: {branched['result']} | human: four"


def test_a_conversation_that_was_held_elsewhere_is_the_clients_own(told: dict[str, Any]) -> None:
    one = "human: from | ai: elsewhere | human: one"
    assert told["ownConversation"]["result"] == f"{one} | ai: {one} | human: two"


def test_a_tool_of_the_client_is_called_by_a_chain_that_binds_it(told: dict[str, Any]) -> None:
    case = told["frontEndTool"]
    assert case["pending"] == ["front1"]
    assert case["first"]["outcome"] == {"type": "success", "pendingToolCallIds": ["front1"]}
    assert case["second"]["result"] == "3 messages, 1 call: painted"


def test_an_aborted_run_is_cancelled_and_the_next_begins_at_once(
    told: dict[str, Any], served: Served
) -> None:
    aborted = told["aborted"]
    assert aborted["events"][-1]["code"] == "abort"  # the client's own
    assert said(aborted) == [numbered(3)]
    assert said(aborted["next"])[-1] == numbered(2)
    run_id = aborted["events"][0]["metadata"]["run_id"]
    run = orjson.loads(served.get(f"/runs/{run_id}").body)
    assert run["status"] == "cancelled"


def test_a_run_that_is_cancelled_says_so_and_keeps_what_it_said(told: dict[str, Any]) -> None:
    run = told["cancelled"]
    assert run["outcome"] == {"type": "cancelled"}
    assert run["events"][-1]["metadata"] == {"reason": "user"}
    assert said(run) == [numbered(3)]


def test_the_client_takes_a_stream_that_was_cut_off_for_a_success(told: dict[str, Any]) -> None:
    """As docs/ag-ui.md warns; once it does not, the warning can go."""
    run = told["truncated"]
    assert (run["error"], run["outcome"]) == (None, None)
    assert "RUN_FINISHED" not in run["types"]


def test_whatever_a_run_tells_passes_the_verifier_with_every_text_as_it_is(
    told: dict[str, Any], logs: list[Log]
) -> None:
    assert len(logs) == LOGS
    for log, read in zip(logs, told["bodies"], strict=True):
        ours = AGUIClient()
        for line in encoded("ag-ui", log.records).decode().split("\n"):
            if line.startswith("data: "):
                ours.take(line.removeprefix("data: "))
        assert read == {"error": None, "texts": ours.texts}
