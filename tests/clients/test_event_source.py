"""`eventsource` and `eventsource-parser` against the service: a test for each case of the script."""

from collections.abc import Iterator

import pytest

from tests.clients.chains import CHAINS
from tests.clients.node_cases import cases_of, run_cases
from tests.served_chains import SERVED
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("node")

SCRIPT = "event-source.mjs"


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    with serving(chains=(*SERVED, *CHAINS)) as served:
        yield served


@pytest.fixture(scope="module")
def results(service: Served) -> dict[str, str | None]:
    return run_cases(SCRIPT, service)


@pytest.mark.parametrize("case", cases_of(SCRIPT))
def test_the_client_finds_that(results: dict[str, str | None], case: str) -> None:
    assert results[case] is None, results[case]
