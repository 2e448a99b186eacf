"""Calls of jobs on real SDKs: fallbacks of a group, failures that cost no credit, calls that go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.job_bodies import JobCallBody
from service.api.openai_bodies import ChatCompletionBody
from tests.fake_provider import FakeProvider, fake_provider
from tests.fake_provider.script import token
from tests.jobs.working import Office, Team, code_in, json_of, office, said, text_in
from tests.providers.asking import MODELS, at, once

FIRST, SECOND, THIRD = MODELS["openai"], MODELS["groq"], MODELS["xai"]
FAILS = f"{FIRST.partition(':')[2]}/"  # what follows is for the first model alone
ACROSS = {  # every parameter that a call may have, as the provider is asked for it
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["x"],
    "seed": 7,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.2,
    "logit_bias": {"5": -1.0},
    "user": "ann",
    "logprobs": True,
    "top_logprobs": 2,
    "parallel_tool_calls": False,
    "tool_choice": "required",
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def desk(provider: FakeProvider) -> Iterator[Office]:
    """The service has a fallback of its own, which is not that of the groups."""
    usual = {"fallback_models": (THIRD,), "breaker_failures": 100_000, "provider_max_retries": 0}
    with office(
        offline=False,
        model=FIRST,
        silence_timeout_seconds=3,  # which one test waits for, and no other comes near
        model_prices='{"gpt-4.1-mini": {"input": 1000, "output": 2000}}',
        **at(provider),
        **usual,
    ) as desk:
        desk.group("alone", FIRST, [])
        desk.group("backed", FIRST, [SECOND])
        desk.group("usual", FIRST)
        yield desk


@pytest.fixture(scope="module")
def team(desk: Office) -> Team:
    return desk.team("red", credits=1000)


def tokens(count: int) -> str:
    return "".join(map(token, range(1, count + 1)))


def asked(provider: FakeProvider, prompt: str) -> list[str]:
    return [call.asked.model for call in provider.calls_of(prompt)]


def named(*models: str) -> list[str]:
    return [model.partition(":")[2] for model in models]


@pytest.mark.parametrize("kind", ["cut", "error", "stall"])
def test_the_fallbacks_of_a_group_answer_where_its_model_fails(
    team: Team, provider: FakeProvider, kind: str
) -> None:
    job, prompt = team.create(), once(f"{FAILS}{kind}=3 tokens=5")
    answer = team.call(job, prompt, group="backed")
    assert answer["choices"][0]["message"]["content"] == tokens(5)
    assert asked(provider, prompt) == named(FIRST, SECOND)
    done = team.complete(job)
    assert (done["calls"][0]["error"], done["costs"]["credit_applied"]) == (None, True)


def test_a_stream_says_what_another_model_supersedes(team: Team, provider: FakeProvider) -> None:
    job, prompt = team.create(), once(f"{FAILS}cut=3 tokens=5")
    chunks = team.stream(job, prompt, group="backed")
    (restart,) = [chunk["restart"] for chunk in chunks if "restart" in chunk]
    assert restart["next_model"] == named(SECOND)[0]
    assert text_in(chunks).startswith(tokens(3)) and text_in(chunks).endswith(tokens(5))
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("group", "models"), [("alone", [FIRST]), ("usual", [FIRST, THIRD]), ("chat-fast", [FIRST, THIRD])]
)
def test_a_group_without_fallbacks_of_its_own_has_the_services_or_none(
    team: Team, provider: FakeProvider, group: str, models: list[str]
) -> None:
    prompt = once(f"{FAILS}fail=503 tokens=1")
    team.ask("POST", f"{team.create()}/llm-call", said(prompt, group))
    assert asked(provider, prompt) == named(*models)


def test_a_group_that_is_changed_has_another_model_from_the_next_call_on(
    desk: Office, team: Team, provider: FakeProvider
) -> None:
    desk.group("moving", FIRST, [])
    job, prompt = team.create(), once("tokens=1")
    team.call(job, prompt, group="moving")
    changed = desk.admin("PATCH", "/admin/model-groups/moving", {"model": SECOND})
    assert (json_of(changed)["model"], json_of(changed)["fallbacks"]) == (SECOND, [])
    team.call(job, prompt, group="moving")
    assert asked(provider, prompt) == named(FIRST, SECOND)


def test_a_call_takes_every_parameter_of_a_chat(team: Team, provider: FakeProvider) -> None:
    job, prompt = team.create(), once("tools=1 tokens=2")
    answer = team.call(job, prompt, group="alone", max_completion_tokens=9, **ACROSS)
    (call,) = provider.calls_of(prompt)
    got = call.asked
    assert (got.temperature, got.max_tokens, got.scores, got.tools[0].name) == (0.5, 9, True, "look")
    (told,) = answer["choices"][0]["message"]["tool_calls"]
    assert (answer["choices"][0]["finish_reason"], told["function"]["name"]) == ("tool_calls", "look")


def test_a_call_takes_what_v1_takes_by_the_same_names() -> None:
    chat, call = ChatCompletionBody.model_fields, JobCallBody.model_fields
    assert chat.keys() - call.keys() == {"model", "metadata"}
    assert call.keys() - chat.keys() == {"model_group", "purpose", "call_metadata"}


def test_a_failing_call_is_told_by_its_status_and_costs_no_credit(team: Team, provider: FakeProvider) -> None:
    before, job = team.credits, team.create()
    team.call(job, once("tokens=2"), group="alone")
    failed = team.ask("POST", f"{job}/llm-call", said(once("fail=503"), "alone", purpose="risky"))
    assert code_in(failed) == (502, "provider_error")
    done = team.complete(job)
    good, bad = done["calls"]
    assert (bad["purpose"], bad["error"]["code"]) == ("risky", "provider_error")
    assert bad["call_id"] == done["calls"][1]["call_id"] and good["error"] is None
    counted = [done["costs"][name] for name in ("total_calls", "successful_calls", "failed_calls")]
    assert (counted, done["costs"]["credit_applied"], team.credits) == ([2, 1, 1], False, before)
    assert team.job(job)["status"] == "completed" and team.job(job)["credit_applied"] is False


@pytest.mark.parametrize(("script", "before"), [("error=3", 3), ("fail=503", 0)])
def test_a_failing_stream_ends_with_an_error_chunk(
    team: Team, provider: FakeProvider, script: str, before: int
) -> None:
    job = team.create()
    chunks = team.stream(job, once(f"{script} tokens=5"), group="alone")
    assert text_in(chunks) == tokens(before)
    assert chunks[-1].keys() == {"error"} and chunks[-1]["error"]["code"].startswith("provider_")
    assert team.complete(job)["costs"]["failed_calls"] == 1


def test_costs_are_those_of_the_runs(team: Team, provider: FakeProvider) -> None:
    job = team.create()
    used = [team.call(job, once(f"tokens={count}"), group="alone")["usage"] for count in (2, 3)]
    costs = team.complete(job)["costs"]
    assert costs["total_tokens"] == sum(each["total_tokens"] for each in used)
    usd = sum(each["prompt_tokens"] * 0.001 + each["completion_tokens"] * 0.002 for each in used)
    assert costs["total_cost_usd"] == pytest.approx(usd)


def test_a_cost_that_nobody_knows_is_null(desk: Office, team: Team) -> None:
    desk.group("unpriced", MODELS["ollama"], [])
    job = team.create()
    team.call(job, once("tokens=2"), group="unpriced")
    costs = team.complete(job)["costs"]
    assert costs["total_tokens"] > 0 and costs["total_cost_usd"] is None


def test_a_group_goes_on_with_the_models_that_can_still_be_used(
    provider: FakeProvider, tmp_path: Path
) -> None:
    whole, address = at(provider), f"sqlite:///{tmp_path}/kept.db"
    without = {name: value for name, value in whole.items() if not name.startswith("openai")}
    with office(offline=False, model=FIRST, database_url=address, **whole) as desk:
        desk.group("alone", FIRST, [])
        desk.group("backed", FIRST, [SECOND])
        desk.team("red")
    with office(offline=False, model=SECOND, database_url=address, **without) as desk:
        team = desk.member("red")
        job, prompt = team.create(), once("tokens=1")
        assert code_in(team.ask("POST", f"{job}/llm-call", said(prompt, "alone"))) == (
            503,
            "model_group_unusable",
        )
        team.call(job, prompt, group="backed")
        assert asked(provider, prompt) == named(SECOND)
        assert team.complete(job)["costs"]["total_calls"] == 1


def test_the_budget_of_a_team_is_that_of_its_jobs_too(provider: FakeProvider) -> None:
    with office(offline=False, model=FIRST, **at(provider)) as desk:
        team = desk.team("red", budget="5 tokens/day")
        job = team.create()
        cut = team.ask("POST", f"{job}/llm-call", said(once("tokens=9")))
        assert code_in(cut) == (402, "budget_exhausted")
        refused = team.ask("POST", f"{job}/llm-call", said(once("tokens=9")))
        assert code_in(refused) == (402, "budget_exhausted")
        assert json_of(refused)["budget"]["holder"] == "team"
        assert json_of(desk.admin("PATCH", "/admin/teams/red", {"budget": "none"}))["budget"] == "none"
        team.call(job, once("tokens=9"))
        costs = team.complete(job)["costs"]
        assert (costs["total_calls"], costs["failed_calls"]) == (2, 1)
