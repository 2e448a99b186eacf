"""The AI SDK's own client against the service: tests/node/ai-sdk.mjs, a test for each of its cases."""

from collections.abc import Iterator

import pytest

from tests.clients.chains import CHAINS
from tests.clients.node_cases import cases_of, run_cases
from tests.served_chains import SERVED
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("node")

SCRIPT = "ai-sdk.mjs"


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    chains = (*SERVED, *CHAINS, "tests.api.recalling_chain:recalling")
    with serving(chains=chains, disconnect_grace_seconds=600) as served:
        yield served


@pytest.fixture(scope="module")
def results(service: Served) -> dict[str, str | None]:
    return run_cases(SCRIPT, service)


@pytest.mark.parametrize("case", cases_of(SCRIPT))
def test_the_client_finds_that(results: dict[str, str | None], case: str) -> None:
    assert results[case] is None, results[case]
