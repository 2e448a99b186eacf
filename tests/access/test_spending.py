"""What runs cost, and budgets that end them, with a provider's real SDK against the fake one."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.api.event_streams import Frame, frames_of
from tests.fake_provider import FakeProvider, fake_provider
from tests.graphs.whole import decide
from tests.providers.asking import MODELS, all_of, at, events_of, once
from tests.serving import Served, serving

MODEL = MODELS["openai"]
PRICES = '{"gpt-4.1-mini": {"input": 1000, "output": 2000}, "grok-4.3": {"input": 10000, "output": 0}}'
CALL = 9  # tokens of input, of each call
COST = 0.009  # of these


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@contextmanager
def spending(provider: FakeProvider, **settings: Any) -> Iterator[Served]:
    chains = ("tests.access.spending_chains:both", "tests.access.spending_chains:asking")
    with serving(chains=chains, offline=False, model_prices=PRICES, **at(provider), **settings) as service:
        yield service


@pytest.fixture(scope="module")
def service(provider: FakeProvider) -> Iterator[Served]:
    with spending(provider) as service:
        yield service


def usage_of(service: Served, query: str = "by=model") -> dict[str, Any]:
    answer = service.get(f"/usage?{query}")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


def run_of(service: Served, prompt: str, **more: Any) -> dict[str, Any]:
    body = {"chain": "chat", "input": prompt, "model": MODEL} | more
    answer = service.post("/runs/wait", orjson.dumps(body))
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


def assert_ended_by_budget(frames: list[Frame]) -> dict[str, Any]:
    last: dict[str, Any] = frames[-1].json
    assert (frames[-1].event, last.get("reason")) == ("cancelled", "budget")
    return last


def test_each_call_tells_its_cost_and_the_run_their_sum(service: Served) -> None:
    frames = events_of(service, "tools=2 tokens=20", MODEL, chain="agent")
    costs = all_of(frames, "usage", "cost_usd")
    assert costs == pytest.approx([COST + 2 * 0.002, COST + 20 * 0.002])
    # `json` is of any JSON.
    assert frames[-1].json["usage"]["cost_usd"] == pytest.approx(sum(costs))  # type: ignore[index]


def test_a_run_with_a_call_of_unknown_price_has_no_cost(service: Served) -> None:
    frames = events_of(service, "tokens=3", MODELS["ollama"])
    assert all_of(frames, "usage", "cost_usd") == [None]
    assert frames[-1].json["usage"]["cost_usd"] is None  # type: ignore[index]  # any JSON


def test_the_built_in_model_costs_nothing(served: Served) -> None:
    frames = events_of(served, "What is 37*43?", None, chain="agent")
    assert set(all_of(frames, "usage", "cost_usd")) == {0.0}
    assert frames[-1].json["usage"]["cost_usd"] == 0.0  # type: ignore[index]  # any JSON


def test_a_call_that_breaks_off_costs_what_came_of_it(service: Served) -> None:
    frames = events_of(service, "tokens=50 cut=7", MODEL)
    [usage] = [frame.json for frame in frames if frame.event == "usage"]
    pieces = len(all_of(frames, "token", "text"))
    assert usage["estimated"] is True and usage["output_tokens"] == pieces
    assert usage["cost_usd"] == pytest.approx(0.002 * pieces)
    assert frames[-1].event == "error"


@pytest.mark.parametrize(
    "bound",
    [{"max_tokens_per_run": 32}, {"max_cost_per_run_usd": 0.064}, {"budget_per_key": "32 tokens/day"}],
    ids=["tokens", "dollars", "key"],
)
def test_a_stream_ends_in_mid_answer_with_what_it_said(provider: FakeProvider, bound: dict[str, Any]) -> None:
    with spending(provider, **bound) as service:
        frames = events_of(service, "tokens=99 stall=60", MODEL)
        last = assert_ended_by_budget(frames)
        said = all_of(frames, "token", "text")
        assert last["output"] == "".join(map(str, said)) and 32 <= len(said) <= 60
        assert last["usage"]["output_tokens"] == len(said)
        assert last["usage"]["cost_usd"] == pytest.approx(0.002 * len(said))


def test_an_agent_ends_between_its_calls(provider: FakeProvider) -> None:
    with spending(provider, max_tokens_per_run=CALL + 1) as service:
        frames = events_of(service, once("tools=1 tokens=9 stall=5"), MODEL, chain="agent")
        last = assert_ended_by_budget(frames)
        assert last["usage"]["total_tokens"] >= CALL + 1
        assert all_of(frames, "token", "text") == []


def test_calls_at_the_same_time_spend_from_one_budget(provider: FakeProvider) -> None:
    with spending(provider, max_tokens_per_run=70) as service:
        frames = events_of(service, "tokens=99 stall=50", MODEL, chain="both")
        last = assert_ended_by_budget(frames)
        assert 70 <= last["usage"]["output_tokens"] <= 100
        assert len(all_of(frames, "usage", "message_id")) == 2


def test_a_run_that_ends_within_its_budget_is_not_ended_by_it(provider: FakeProvider) -> None:
    with spending(provider, max_tokens_per_run=CALL + 21, max_cost_per_run_usd=1) as service:
        assert events_of(service, "tokens=20", MODEL)[-1].event == "done"


def test_who_has_used_up_a_budget_is_refused_before_a_run_starts(provider: FakeProvider) -> None:
    with spending(provider, budget_per_key="0.05 USD/day") as service:
        run_of(service, "tokens=30")
        refused = service.post("/runs", orjson.dumps({"input": "hi", "model": MODEL}))
        problem = orjson.loads(refused.body)
        assert (refused.status, problem["code"]) == (402, "budget_exhausted")
        assert problem["budget"]["limit"] == 0.05 and problem["budget"]["used"] >= 0.05
        assert problem["budget"]["resets_at"] in problem["detail"]
        assert usage_of(service)["total"]["runs"] == 1


def test_what_was_spent_is_known_after_a_restart_also_of_deleted_runs(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "database_url": f"sqlite:///{tmp_path}/chainstream.db",
        "budget_per_key": "60 tokens/month",
    }
    with spending(provider, **settings) as service:
        run = run_of(service, "tokens=41")
        assert run["usage"]["total_tokens"] == 50
        assert service.ask("DELETE", f"/runs/{run['run_id']}", b"", None).status == 204
    with spending(provider, **settings) as service:
        assert run_of(service, "tokens=99 stall=40")["cancel_reason"] == "budget"
        assert run_of(service, "tokens=1")["code"] == "budget_exhausted"
        assert usage_of(service)["total"]["total_tokens"] >= 60


@pytest.mark.parametrize(("bound", "ends"), [(CALL + 1 + CALL + 6, "succeeded"), (CALL + 1, "cancelled")])
def test_what_a_run_spent_before_a_restart_is_counted_once_after_it(
    provider: FakeProvider, tmp_path: Path, bound: int, ends: str
) -> None:
    address = f"sqlite:///{tmp_path}/chainstream.db"
    with spending(provider, database_url=address) as service:
        run_id = str(run_of(service, "tools=1 tokens=5", chain="asking")["run_id"])
    with spending(provider, database_url=address, budget_per_key=f"{bound} tokens/day") as service:
        asked = orjson.loads(service.get(f"/runs/{run_id}").body)["approvals"][0]["interrupt_id"]
        decide(service, run_id, asked, [{"type": "approve"}])
        frames = frames_of(service.get(f"/runs/{run_id}/events").body)
        total = frames[-1].json["usage"]
        costs = all_of(frames, "usage", "cost_usd")
        assert total["cost_usd"] == pytest.approx(sum(costs))  # type: ignore[index]  # any JSON
        assert len(costs) == (2 if ends == "succeeded" else 1)
        assert orjson.loads(service.get(f"/runs/{run_id}").body)["status"] == ends
        # `json` is of any JSON.
        assert usage_of(service)["total"]["total_tokens"] == total["total_tokens"]  # type: ignore[index]


@pytest.mark.parametrize("seed", range(3))
def test_many_runs_at_once_overshoot_by_what_is_in_flight_alone(provider: FakeProvider, seed: int) -> None:
    rng, running, longest = random.Random(seed), 4, 30
    prompts = [once(f"tokens={rng.randint(1, longest)}") for _ in range(40)]
    budget = rng.randint(100, 300)
    with (
        spending(provider, budget_per_key=f"{budget} tokens/day", max_runs_running=running) as service,
        ThreadPoolExecutor(len(prompts)) as pool,
    ):
        runs = list(pool.map(lambda prompt: run_of(service, prompt), prompts))
        used = sum(run["usage"]["total_tokens"] for run in runs if "usage" in run)
        assert budget <= used <= budget + running * (CALL + longest)
        assert {run.get("cancel_reason") or run.get("code") for run in runs} <= {
            None,
            "budget",
            "budget_exhausted",
        }
        assert usage_of(service)["total"]["total_tokens"] == used
        assert run_of(service, "tokens=1")["code"] == "budget_exhausted"


def test_usage_is_summed_by_what_is_asked_and_is_the_sum_of_the_events(provider: FakeProvider) -> None:
    with spending(provider) as service:
        told: list[Any] = []
        for prompt, model, chain in (
            ("tokens=5", MODEL, "chat"),
            ("tools=1 tokens=2", MODEL, "agent"),
            ("tokens=50 cut=7", MODEL, "chat"),
            ("tokens=3", MODELS["xai"], "chat"),
            ("tokens=3", MODELS["ollama"], "chat"),
        ):
            frames = events_of(service, prompt, model, chain=chain)
            told += [frame.json for frame in frames if frame.event == "usage"]
        items, total = (usage_of(service, "by=model,chain")[name] for name in ("items", "total"))
        assert total["calls"] == len(told) == 6
        for name in ("input_tokens", "output_tokens", "total_tokens", "cached_tokens"):
            assert total[name] == sum(each[name] for each in told) == sum(each[name] for each in items)
        assert total["cost_usd"] == pytest.approx(sum(each["cost_usd"] or 0 for each in told))
        assert (total["runs"], total["unpriced_runs"], total["unpriced_calls"]) == (5, 1, 1)
        assert [(each["model"], each["chain"], each["runs"]) for each in items] == [
            ("gpt-4.1-mini", "agent", 1),
            ("gpt-4.1-mini", "chat", 2),
            ("grok-4.3", "chat", 1),
            ("llama3.2", "chat", 1),
        ]


def test_a_group_that_is_none_is_refused(service: Served) -> None:
    answer = service.get("/usage?by=day,week")
    assert (answer.status, orjson.loads(answer.body)["code"]) == (400, "bad_usage_group")


def test_the_runs_row_has_its_cost_also_where_it_failed(service: Served) -> None:
    before = usage_of(service)["total"]["cost_usd"]
    frames = events_of(service, "tokens=50 cut=7", MODEL)
    (cost,) = all_of(frames, "usage", "cost_usd")
    run_id = frames[0].json["run_id"]
    found = orjson.loads(service.get(f"/history/{run_id}").body)
    assert found["usage"]["cost_usd"] == cost
    assert usage_of(service)["total"]["cost_usd"] == pytest.approx(before + cost)
