"""The systems under test: how each is started, and the path at which it streams the answer to a prompt."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from .processes import Cores, Process, running
from .sizes import Load


@dataclass(frozen=True, kw_only=True)
class System:
    name: str
    command: tuple[str, ...]
    query: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def paths(self, load: Load) -> list[str]:
        """One for each of the load's streams."""
        return [f"/stream?query={quote(load.prompt)}{self.query}"] * load.streams


PLAIN = System(
    name="plain LangChain service",
    command=(
        *("uvicorn", "benchmarks.plain_service:app", "--host", "127.0.0.1", "--port", "{port}"),
        *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
    ),
)
OURS = System(
    name="this service",
    command=("service",),
    query="&chain=chain&format=tokens",
    env={"HOST": "127.0.0.1", "PORT": "{port}", "CHAINS": "benchmarks.fast_chain:chain"},
)


@contextmanager
def serving(system: System, cores: Cores) -> Iterator[Process]:
    """The system on the server's core, with an upstream of its own on the other."""
    with running(("benchmarks.upstream", "{port}"), core=cores.others, env={}) as upstream:
        host, port = upstream.address
        env = {"BENCHMARK_UPSTREAM": f"http://{host}:{port}/v1", "OPENAI_API_KEY": "none"} | system.env
        with running(system.command, core=cores.server, env=env) as server:
            yield server
