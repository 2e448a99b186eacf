"""One fake provider, and a service that has every provider at its address."""

from collections.abc import Iterator

import pytest

from tests.fake_provider import FakeProvider, fake_provider
from tests.providers.asking import at
from tests.serving import Served, serving


@pytest.fixture(scope="package")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@pytest.fixture(scope="package")
def service(provider: FakeProvider) -> Iterator[Served]:
    chains = ("tests.providers.chains:in_thread", "tests.providers.chains:brings_its_own")
    with serving(chains=chains, offline=False, **at(provider)) as service:
        yield service
