"""What all tests share: the plugin for missing parts, the kind of event loop, one plain server."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.served_chains import GATES
from tests.serving import Served, serving

# Each service that a test starts, here or as a process, has a database that goes with it, and no Redis.
os.environ |= {"DATABASE_URL": "sqlite://", "REDIS_URL": ""}
# Nothing is sent to a collector of whoever runs the tests.
for name in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[name]
# All tests come from one address; those of limits set them.
os.environ |= {"RATE_LIMIT_ENABLED": "false", "MAX_STREAMS_PER_KEY": "0"}

pytest_plugins = ["tests.needs", "tests.installed", "tests.postgres", "tests.redis_server", "tests.migrated"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server with default settings, but an unpaced model and the chains of tests/served_chains.py."""
    with serving() as served:
        yield served


@pytest.fixture
def gate() -> Iterator[str]:
    """The name of a gate that no other test has; open at the end, so that no run is left waiting."""
    name = uuid4().hex
    yield name
    GATES[name].open()
