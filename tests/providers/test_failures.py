"""Every way in which a provider fails, through each real SDK: its code, its fault, what is tried again."""

import socket
from collections.abc import Iterator

import pytest

from tests.fake_provider import FakeProvider
from tests.fake_provider.script import token
from tests.providers.asking import MODELS, all_of, at, events_of, failure_in, once
from tests.serving import Served, serving

EACH = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)

STATUSES = {
    "fail=400": ("provider_bad_request", "client", False),
    "fail=403": ("provider_auth", "service", False),
    "fail=413": ("provider_bad_request", "client", False),
    "fail=422": ("provider_bad_request", "client", False),
    "fail=429": ("provider_rate_limited", "provider", True),
    "fail=500": ("provider_error", "provider", True),
    "fail=503": ("provider_error", "provider", True),
}
MIDWAY = {
    "cut": ("provider_cut", "provider", True),
    "truncate": ("provider_truncated", "provider", True),
    "malformed": ("provider_malformed", "provider", False),
    "error": ("provider_stream_error", "provider", True),
}
SILENCES = {0: "first_token_timeout", 2: "silence_timeout"}  # by the tokens before it


@EACH
@pytest.mark.parametrize("prompt", STATUSES)
def test_a_status_is_told_by_its_code(service: Served, model: str, prompt: str) -> None:
    frames = events_of(service, prompt, model)
    assert failure_in(frames) == STATUSES[prompt]
    assert prompt.removeprefix("fail=") in str(frames[-1].json["message"])


@EACH
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("kind", MIDWAY)
def test_a_stream_that_breaks_keeps_its_text_and_is_not_tried_again(
    service: Served, provider: FakeProvider, model: str, kind: str, after: int
) -> None:
    prompt = once(f"{kind}={after}")
    frames = events_of(service, prompt, model)
    assert failure_in(frames) == MIDWAY[kind]
    texts = [text for text in all_of(frames, "token", "text") if text]
    assert texts == [token(number) for number in range(1, after + 1)]
    assert len(provider.calls_of(prompt)) == 1


@pytest.fixture(scope="module", params=SILENCES)
def impatient(request: pytest.FixtureRequest, provider: FakeProvider) -> Iterator[tuple[Served, int]]:
    """A service that soon has enough of the one kind of silence, and the tokens before it."""
    patience = {f"{SILENCES[request.param]}_seconds": 0.6}  # a busy machine has asked the provider by then
    with serving(chains=(), offline=False, **at(provider), **patience) as service:
        yield service, request.param


@EACH
def test_a_stall_ends_the_run_and_the_connection(
    impatient: tuple[Served, int], provider: FakeProvider, model: str
) -> None:
    service, after = impatient
    prompt = once(f"stall={after}")
    assert failure_in(events_of(service, prompt, model)) == (SILENCES[after], "provider", True)
    [call] = provider.calls_of(prompt)
    assert call.left.wait(10)


@EACH
def test_a_model_that_the_provider_does_not_have(service: Served, model: str) -> None:
    provider = model.partition(":")[0]
    frames = events_of(service, "hi", f"{provider}:no-such-model")
    assert failure_in(frames) == ("unknown_model", "client", False)


@EACH
@pytest.mark.parametrize("kind", [*MIDWAY, None])
def test_a_call_from_a_thread_ends_in_the_same_ways(service: Served, model: str, kind: str | None) -> None:
    frames = events_of(service, f"{kind}=2" if kind else "tokens=2", model, chain="in_thread")
    texts = [text for text in all_of(frames, "token", "text") if text]
    assert texts == [token(1), token(2)]
    if kind:
        assert failure_in(frames) == MIDWAY[kind]
    else:
        assert frames[-1].json["output"] == token(1) + token(2)


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("fail=429", "provider_rate_limited"),
        ("fail=500", "provider_error"),
        ("cut=2", "provider_cut"),
        ("malformed=2", "provider_malformed"),
        ("error=2", "provider_stream_error"),
    ],
)
def test_a_model_that_the_chain_brings_fails_by_the_same_codes(
    service: Served, provider: FakeProvider, prompt: str, code: str
) -> None:
    config = {"configurable": {"url": f"{provider.url}/v1"}}
    assert failure_in(events_of(service, prompt, None, chain="brings_its_own", config=config))[0] == code


@pytest.mark.parametrize("name", [name for name in MODELS if name != "ollama"])  # which takes no key
def test_a_key_that_the_provider_refuses(provider: FakeProvider, name: str) -> None:
    with serving(chains=(), offline=False, **at(provider, key="wrong-key")) as service:
        assert failure_in(events_of(service, "hi", MODELS[name])) == ("provider_auth", "service", False)


@EACH
def test_a_provider_that_refuses_the_connection(provider: FakeProvider, model: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    settings = {name: nowhere if "127.0.0.1" in value else value for name, value in at(provider).items()}
    with serving(chains=(), offline=False, provider_max_retries=0, **settings) as service:
        assert failure_in(events_of(service, "hi", model)) == ("provider_unreachable", "provider", True)


@pytest.mark.parametrize("model", [MODELS[name] for name in MODELS if name != "ollama"])
@pytest.mark.parametrize("status", [429, 500])
def test_a_passing_failure_before_the_first_token_is_tried_again(
    service: Served, provider: FakeProvider, model: str, status: int
) -> None:
    prompt = once(f"fail={status} times=2 tokens=2")
    frames = events_of(service, prompt, model)
    assert frames[-1].json["output"] == token(1) + token(2)
    assert len(provider.calls_of(prompt)) == 3


def test_no_more_is_tried_than_the_setting_says(provider: FakeProvider) -> None:
    prompt = once("fail=500 times=2")
    with serving(chains=(), offline=False, provider_max_retries=1, **at(provider)) as service:
        assert failure_in(events_of(service, prompt, MODELS["openai"]))[0] == "provider_error"
    assert len(provider.calls_of(prompt)) == 2
