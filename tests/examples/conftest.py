"""A service whose agent is numbered, so that what is lost or told twice shows; the Go program, built once."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, Command
from tests.serving import Served, serving

CHAINS = (
    "agent=tests.served_chains:numbered_agent",
    "numbered=tests.served_chains:numbered",
    "mailer=tests.graphs.approving:mailer",
)


@pytest.fixture(scope="package")
def numbered() -> Iterator[Served]:
    with serving(chains=CHAINS, shipped_chains=False) as served:
        yield served


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Command:
    program = tmp_path_factory.mktemp("go") / "ask"
    subprocess.run(["go", "build", "-o", program, "."], cwd=EXAMPLES / "go", check=True)
    return (program,)


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node")
