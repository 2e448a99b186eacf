"""One service, and both clients of it: what one does the other does."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from chainstream_client import Chainstream

from tests.python_client.blocking import blocking
from tests.served_chains import SERVED
from tests.serving import Served, serving

ASKING = tuple(f"tests.graphs.approving:{name}" for name in ("mailer", "two_mails", "per_call", "asking"))

Connect = Callable[..., AbstractContextManager[Chainstream]]


@pytest.fixture(scope="package")
def service() -> Iterator[Served]:
    with serving(
        chains=(*SERVED, *ASKING), disconnect_grace_seconds=20, max_output_chars=3_000_000
    ) as service:
        yield service


@pytest.fixture(params=[Chainstream, blocking], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Makes a client of an address."""
    connect: Connect = request.param
    return connect


@pytest.fixture
def client(connect: Callable[..., Any], service: Served) -> Iterator[Chainstream]:
    with connect(service.url) as client:
        yield client
