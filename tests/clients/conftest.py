"""One fake provider, and a service that has every provider at its address, with chains that can be held."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.fake_provider import FakeProvider, fake_provider
from tests.providers.asking import at
from tests.served_chains import SERVED
from tests.serving import TIMEOUT, Served, serving


@pytest.fixture(scope="package")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as provider:
        yield provider


@pytest.fixture(scope="package")
def service(provider: FakeProvider) -> Iterator[Served]:
    with serving(chains=SERVED, offline=False, disconnect_grace_seconds=0, **at(provider)) as service:
        yield service


@pytest.fixture(scope="package")
def client(service: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key="any", max_retries=0, timeout=TIMEOUT) as client:
        yield client
