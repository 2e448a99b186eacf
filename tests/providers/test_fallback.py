"""Models that take the place of one that fails, through the real SDKs: what clients see, who is called."""

from collections.abc import Iterator

import orjson
import pytest

from tests.api.event_streams import Frame, frames_of
from tests.fake_provider import Call, FakeProvider
from tests.fake_provider.script import token
from tests.providers.asking import MODELS, all_of, at, events_of, failure_in, once
from tests.providers.test_cancelling import wait_for
from tests.serving import Served, serving

PATIENCE = 10
SECOND = {name: ("groq" if name != "groq" else "openai") for name in MODELS}  # who goes on for whom
EACH = pytest.mark.parametrize("name", MODELS)
ERRORS = {  # after the third token, and before the first
    "cut": "provider_cut",
    "truncate": "provider_truncated",
    "malformed": "provider_malformed",
    "error": "provider_stream_error",
}
CHAINS = (
    "tests.providers.chains:in_thread",
    "tests.providers.chains:streams",
    "tests.providers.chains:batch",
)


def named(name: str) -> str:
    """A model as its provider knows it."""
    return MODELS[name].partition(":")[2]


@pytest.fixture(scope="module")
def backed(provider: FakeProvider) -> Iterator[Served]:
    """Every model has two to go on for it; breakers stay closed."""
    settings = at(provider) | {
        "fallback_models": (MODELS["groq"], MODELS["openai"]),
        "breaker_failures": 100_000,
        "provider_max_retries": 1,
    }
    with serving(chains=CHAINS, offline=False, **settings) as served:
        yield served


@pytest.fixture(scope="module")
def impatient(provider: FakeProvider) -> Iterator[Served]:
    """The same, and soon has enough of silence."""
    settings = at(provider) | {
        "fallback_models": (MODELS["groq"], MODELS["openai"]),
        "breaker_failures": 100_000,
        "first_token_timeout_seconds": 1.5,
        "silence_timeout_seconds": 1.0,
    }
    with serving(chains=CHAINS, offline=False, **settings) as served:
        yield served


def said(frames: list[Frame]) -> dict[str, str]:
    """The text of each message."""
    texts: dict[str, str] = {}
    for frame in frames:
        if frame.event == "token":
            texts[str(frame.json["message_id"])] = texts.get(str(frame.json["message_id"]), "") + str(
                frame.json["text"]
            )
    return texts


def tokens(count: int) -> str:
    return "".join(map(token, range(1, count + 1)))


def restart_in(frames: list[Frame]) -> dict[str, object]:
    [restart] = [frame.json for frame in frames if frame.event == "restart"]
    return dict(restart)


def asked(provider: FakeProvider, prompt: str) -> list[str]:
    """The models that were called, in their order."""
    return [call.asked.model for call in provider.calls_of(prompt)]


# --- on error --------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("kind", ERRORS)
def test_what_came_before_an_error_is_superseded_and_the_next_model_answers(
    backed: Served, provider: FakeProvider, name: str, kind: str
) -> None:
    prompt = once(f"{named(name)}/{kind}=10 tokens=12")
    frames = events_of(backed, prompt, MODELS[name])
    second = named(SECOND[name])
    assert said(frames) == {"m1": tokens(10), "m2": tokens(12)}
    restart = restart_in(frames)
    assert restart | {"t": 0} == {
        "t": 0,
        "attempt": 1,
        "reason": "fallback",
        "discard_from": 2,
        "message_id": "m1",
        "code": ERRORS[kind],
        "model": named(name),
        "next_model": second,
    }
    assert frames[-1].event == "done"
    assert frames[-1].json["output"] == tokens(12)
    assert asked(provider, prompt) == [named(name), second]


@EACH
@pytest.mark.parametrize("script", ["fail=429", "fail=503", "fail=401", *(f"{kind}=0" for kind in ERRORS)])
def test_an_error_before_the_first_token_is_told_by_no_restart(
    backed: Served, provider: FakeProvider, name: str, script: str
) -> None:
    prompt = once(f"{named(name)}/{script} tokens=2")
    frames = events_of(backed, prompt, MODELS[name])
    assert [frame for frame in frames if frame.event == "restart"] == []
    assert list(said(frames).values()) == [tokens(2)]
    assert frames[-1].json["output"] == tokens(2)
    assert asked(provider, prompt)[-1] == named(SECOND[name])


def test_a_rate_limit_falls_back_only_after_the_sdks_own_retries(
    backed: Served, provider: FakeProvider
) -> None:
    prompt = once(f"{named('openai')}/fail=429")
    events_of(backed, prompt, MODELS["openai"])
    assert asked(provider, prompt) == [named("openai")] * 2 + [named("groq")]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_the_clients_fault_does_not_fall_back(
    backed: Served, provider: FakeProvider, status: int
) -> None:
    prompt = once(f"{named('openai')}/fail={status}")
    frames = events_of(backed, prompt, MODELS["openai"])
    assert failure_in(frames) == ("provider_bad_request", "client", False)
    assert asked(provider, prompt) == [named("openai")]


def test_a_model_that_the_provider_does_not_have_does_not_fall_back(
    backed: Served, provider: FakeProvider
) -> None:
    prompt = once("hi")
    assert failure_in(events_of(backed, prompt, "openai:no-such-model"))[0] == "unknown_model"
    assert asked(provider, prompt) == ["no-such-model"]


def test_where_all_fail_the_last_failure_ends_the_run(backed: Served, provider: FakeProvider) -> None:
    prompt = once(f"cut=3 {named('openai')}/error=2")
    frames = events_of(backed, prompt, MODELS["anthropic"])
    assert failure_in(frames) == ("provider_stream_error", "provider", True)
    assert said(frames) == {"m1": tokens(3), "m2": tokens(3), "m3": tokens(2)}
    assert all_of(frames, "restart", "message_id") == ["m1", "m2"]
    assert asked(provider, prompt) == [named(each) for each in ("anthropic", "groq", "openai")]


def test_what_the_failed_model_wrote_stays_on_the_bill(backed: Served) -> None:
    frames = events_of(backed, once(f"{named('openai')}/cut=10 tokens=12"), MODELS["openai"])
    usages = [frame.json for frame in frames if frame.event == "usage"]
    assert [(each["model"], each.get("estimated"), each["output_tokens"]) for each in usages] == [
        (named("openai"), True, 10),
        (named("groq"), None, 12),
    ]
    assert orjson.loads(frames[-1].data)["usage"]["output_tokens"] == 22


def test_a_synchronous_call_in_a_thread_falls_back_on_errors_too(backed: Served) -> None:
    frames = events_of(backed, once(f"{named('openai')}/cut=3 tokens=4"), MODELS["openai"], chain="in_thread")
    assert said(frames) == {"m1": tokens(3), "m2": tokens(4)}
    assert restart_in(frames)["message_id"] == "m1"
    assert frames[-1].json["output"] == tokens(4)


# --- on silence ------------------------------------------------------------------------------------


@EACH
def test_a_model_that_stalls_in_mid_answer_is_left_for_the_next(
    impatient: Served, provider: FakeProvider, name: str
) -> None:
    prompt = once(f"{named(name)}/stall=10 tokens=12")
    frames = events_of(impatient, prompt, MODELS[name])
    assert said(frames) == {"m1": tokens(10), "m2": tokens(12)}
    assert restart_in(frames)["code"] == "silence_timeout"
    assert frames[-1].json["output"] == tokens(12)
    assert_closed(provider.calls_of(prompt)[0])


@EACH
def test_a_model_that_never_speaks_is_left_without_a_restart(
    impatient: Served, provider: FakeProvider, name: str
) -> None:
    prompt = once(f"{named(name)}/stall=0 tokens=2")
    frames = events_of(impatient, prompt, MODELS[name])
    assert [frame.event for frame in frames if frame.event in ("restart", "error")] == []
    assert said(frames) == {"m2": tokens(2)}
    assert_closed(provider.calls_of(prompt)[0])


def assert_closed(call: Call) -> None:
    assert call.left.wait(PATIENCE)


def test_where_nobody_is_left_silence_ends_the_run(impatient: Served, provider: FakeProvider) -> None:
    prompt = once("stall=2")
    frames = events_of(impatient, prompt, MODELS["groq"])
    assert failure_in(frames) == ("silence_timeout", "provider", True)
    assert said(frames) == {"m1": tokens(2), "m2": tokens(2)}
    assert all_of(frames, "restart", "message_id") == ["m1"]
    for call in provider.calls_of(prompt):
        assert_closed(call)


def test_a_thread_cannot_be_interrupted_so_silence_ends_its_run(impatient: Served) -> None:
    prompt = once(f"{named('openai')}/stall=2")
    frames = events_of(impatient, prompt, MODELS["openai"], chain="in_thread")
    assert failure_in(frames) == ("silence_timeout", "provider", True)


# --- in chains -------------------------------------------------------------------------------------


@EACH
def test_calls_of_tools_that_a_failed_model_wrote_are_not_run(
    backed: Served, provider: FakeProvider, name: str
) -> None:
    prompt = once(f"{named(name)}/cut=1 tools=2 tokens=2")
    frames = events_of(backed, prompt, MODELS[name], chain="agent")
    written: dict[object, list[object]] = {
        message: [] for message in all_of(frames, "tool_call", "message_id")
    }
    for frame in frames:
        if frame.event == "tool_call":
            written[frame.json["message_id"]].append(frame.json["tool_call_id"])
    superseded, [first, *_] = set(all_of(frames, "restart", "message_id")), list(written)
    assert first in superseded
    counts = {call for message, calls in written.items() if message not in superseded for call in calls}
    assert set(all_of(frames, "tool_start", "tool_call_id")) == counts
    assert len(all_of(frames, "tool_start", "tool_call_id")) == len(counts) == 2
    assert frames[-1].json["output"] is not None
    run = orjson.loads(backed.get(f"/runs/{frames[0].json['run_id']}").body)
    assert {tool["tool_call_id"]: tool["status"] for tool in run["tools"]} == dict.fromkeys(
        counts, "succeeded"
    )


def test_of_models_that_write_at_the_same_time_only_the_failed_one_is_superseded(backed: Served) -> None:
    prompt = once(f"{named('openai')}/cut=3 tokens=4")
    frames = events_of(backed, prompt, MODELS["openai"], chain="batch")
    assert len(all_of(frames, "restart", "message_id")) == 3
    superseded = set(all_of(frames, "restart", "message_id"))
    texts = said(frames)
    assert [texts[each] for each in superseded] == [tokens(3)] * 3
    assert [text for message_id, text in texts.items() if message_id not in superseded] == [tokens(4)] * 3
    assert frames[-1].json["output"] == [tokens(4)] * 3


@pytest.mark.parametrize(
    "name", [name for name in MODELS if name != "groq"]
)  # whose next writes no JSON here
def test_a_structured_output_is_asked_of_the_next_model_in_its_own_way(
    backed: Served, provider: FakeProvider, name: str
) -> None:
    prompt = once(f"{named(name)}/fail=503 tools=1")
    frames = events_of(backed, prompt, MODELS[name], chain="extract", input={"text": prompt})
    output = frames[-1].json["output"]
    assert isinstance(output, dict)
    assert output["people"] == []
    assert asked(provider, prompt)[-1] == named(SECOND[name])


def test_a_stream_that_a_chain_reads_falls_back_until_its_first_words(backed: Served) -> None:
    frames = events_of(backed, once(f"{named('openai')}/cut=0 tokens=2"), MODELS["openai"], chain="streams")
    assert frames[-1].json["output"] == tokens(2)
    frames = events_of(backed, once(f"{named('openai')}/cut=1 tokens=2"), MODELS["openai"], chain="streams")
    assert failure_in(frames) == ("provider_cut", "provider", True)
    assert [frame.event for frame in frames[1:]] == ["token", "message_end", "usage", "error"]


def test_a_stream_that_a_chain_reads_is_left_while_it_has_said_nothing(
    impatient: Served, provider: FakeProvider
) -> None:
    prompt = once(f"{named('openai')}/stall=0 tokens=2")
    frames = events_of(impatient, prompt, MODELS["openai"], chain="streams")
    assert frames[-1].json["output"] == tokens(2)
    assert_closed(provider.calls_of(prompt)[0])


# --- cancelling, and what is told later ------------------------------------------------------------


def test_a_run_that_is_cancelled_while_the_second_model_writes_ends_there(
    backed: Served, provider: FakeProvider
) -> None:
    prompt = once(f"{named('openai')}/cut=3 tokens=400 rate=50")
    body = orjson.dumps({"chain": "chat", "input": prompt, "model": MODELS["openai"]})
    run_id = orjson.loads(backed.post("/runs", body).body)["run_id"]
    wait_for(b'"message_id":"m2"', backed, run_id)
    cancelled = backed.post(f"/runs/{run_id}/cancel", b"")
    assert orjson.loads(cancelled.body)["status"] == "cancelled"
    assert_closed(provider.calls_of(prompt)[1])
    frames = frames_of(backed.get(f"/runs/{run_id}/events").body)
    [first] = [frame for frame in frames if frame.event == "restart"]
    texts = said(frames)
    assert first.json["message_id"] == "m1"
    assert frames[-1].event == "cancelled"
    assert frames[-1].json["output"] == texts.get("m2", "")


def test_the_finished_run_has_only_what_counts(backed: Served) -> None:
    frames = events_of(backed, once(f"{named('openai')}/cut=3 tokens=4"), MODELS["openai"])
    run = orjson.loads(backed.get(f"/runs/{frames[0].json['run_id']}").body)
    assert run["messages"] == [{"message_id": "m2", "channel": "answer", "text": tokens(4)}]


def test_history_keeps_no_superseded_text_as_the_answer_of_a_run_that_failed(backed: Served) -> None:
    frames = events_of(backed, once("cut=3 tokens=4"), MODELS["groq"])
    stored = orjson.loads(backed.get(f"/history/{frames[0].json['run_id']}").body)
    assert stored["response"] == tokens(3)  # of the last one, which nobody took the place of


def test_a_call_that_was_superseded_says_so_where_it_is_kept(backed: Served) -> None:
    frames = events_of(
        backed, once(f"{named('openai')}/cut=1 tools=1 tokens=1"), MODELS["openai"], chain="agent"
    )
    run_id, [call, *_] = frames[0].json["run_id"], all_of(frames, "tool_call", "tool_call_id")
    kept = orjson.loads(backed.get(f"/runs/{run_id}/tools/{call}").body)
    assert (kept["status"], kept["error"]["code"]) == ("failed", "superseded")


# --- breakers --------------------------------------------------------------------------------------


def test_a_provider_that_failed_again_and_again_is_passed_over(provider: FakeProvider) -> None:
    settings = at(provider) | {"fallback_models": (MODELS["groq"],), "breaker_failures": 2}
    with serving(chains=(), offline=False, provider_max_retries=0, **settings) as served:
        for expected in (["openai", "groq"], ["openai", "groq"], ["groq"], ["groq"]):
            prompt = once(f"{named('openai')}/fail=503")
            assert events_of(served, prompt, MODELS["openai"])[-1].event == "done"
            assert asked(provider, prompt) == [named(each) for each in expected]


def test_where_all_providers_are_passed_over_they_are_asked_anyway(provider: FakeProvider) -> None:
    settings = at(provider) | {"fallback_models": (MODELS["groq"],), "breaker_failures": 1}
    with serving(chains=(), offline=False, provider_max_retries=0, **settings) as served:
        assert failure_in(events_of(served, once("fail=503"), MODELS["openai"]))[0] == "provider_error"
        prompt = once("tokens=2")
        frames = events_of(served, prompt, MODELS["openai"])
        assert said(frames) == {"m1": tokens(2)}
        assert asked(provider, prompt) == [named("openai")]


def test_what_is_the_clients_fault_passes_nobody_over(provider: FakeProvider) -> None:
    settings = at(provider) | {"fallback_models": (MODELS["groq"],), "breaker_failures": 1}
    with serving(chains=(), offline=False, **settings) as served:
        events_of(served, once("fail=400"), MODELS["openai"])
        prompt = once("tokens=1")
        events_of(served, prompt, MODELS["openai"])
        assert asked(provider, prompt) == [named("openai")]


def test_a_request_that_no_sdk_can_make_passes_nobody_over(provider: FakeProvider) -> None:
    settings = at(provider) | {"fallback_models": (MODELS["groq"],), "breaker_failures": 1}
    picture = {"type": "image_url", "image_url": {"url": "no address"}}
    with serving(chains=(), offline=False, **settings) as served:
        asks = {"messages": [{"role": "user", "content": [picture]}]}
        events_of(served, "", MODELS["anthropic"], input=asks)
        prompt = once("tokens=1")
        events_of(served, prompt, MODELS["anthropic"])
        assert asked(provider, prompt) == [named("anthropic")]
