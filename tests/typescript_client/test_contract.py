"""The client against real services: what each transport tells, also through a network that breaks."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.amounts import CUTS
from tests.clients.chains import CHAINS
from tests.fake_provider import fake_provider
from tests.fake_provider.script import token
from tests.providers.asking import MODELS, at
from tests.served_chains import MODEL_CALLS, SERVED
from tests.serving import serving
from tests.typescript_client.cutting import Cutting, cutting
from tests.typescript_client.package import names_in, vitest

pytestmark = pytest.mark.needs("typescript-client")

KEY = "key-of-the-contract"
LONGEST = {"LINES_WIRE": 3_000, "SSE_WIRE": 3_000, "SOCKET_WIRE": 2_000}  # bytes that a connection may live
SECONDS = 20 + CUTS // 5  # of a test
PROVIDER_DIES = "gpt-4.1-mini/cut=10 tokens=12"  # after the tenth token
TWELVE = "".join(map(token, range(1, 13))).strip()

Results = tuple[dict[str, str | None], dict[str, Cutting]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """What was wrong with each test, and the proxies through which they asked."""
    with ExitStack() as stack:
        service = stack.enter_context(serving(chains=(*SERVED, *CHAINS)))
        locked = stack.enter_context(serving(api_key=KEY))
        settings = at(stack.enter_context(fake_provider())) | {
            "model": MODELS["openai"],
            "fallback_models": (MODELS["groq"],),
        }
        backed = stack.enter_context(serving(chains=(), offline=False, breaker_failures=1000, **settings))
        wires = {
            name: stack.enter_context(cutting(service.port, most, seed=name))
            for name, most in LONGEST.items()
        }
        results = vitest(
            tmp_path_factory.mktemp("contract") / "results.json",
            "--config=vitest.contract.config.ts",
            SERVICE=service.url,
            LOCKED=locked.url,
            KEY=KEY,
            BACKED=backed.url,
            DIES=PROVIDER_DIES,
            ANSWER=TWELVE,
            CUTS=str(CUTS),
            PATIENCE=str(SECONDS * 1000),
            **{name: f"http://{wire.address}" for name, wire in wires.items()},
        )
        yield results, wires


@pytest.mark.parametrize("name", names_in("contract"))
def test_the_client_finds_that(run: Results, name: str) -> None:
    results, _ = run
    assert results[name] is None, results[name]


def test_there_were_as_many_cuts_as_were_wanted_and_no_run_was_begun_twice(run: Results) -> None:
    _, wires = run
    assert [name for name, wire in wires.items() if wire.cuts < CUTS] == []
    prompts = [prompt for prompt in MODEL_CALLS if "contract-" in prompt and "tool=gated" in prompt]
    assert prompts
    assert {prompts.count(prompt) for prompt in prompts} == {2}  # one to call the tools, one to answer
