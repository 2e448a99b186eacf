"""What all tests share: the plugin for missing parts, the kind of event loop, one plain server."""

from collections.abc import Iterator

import pytest

from tests.serving import Served, serving

pytest_plugins = ["tests.needs", "tests.installed"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server with default settings, but an unpaced model and the chains of tests/served_chains.py."""
    with serving() as served:
        yield served
