"""The systems under test: how each is started, and the path at which it streams the answer to a prompt."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .chain import MODEL
from .processes import Cores, Process, running
from .sizes import Load


@dataclass(frozen=True, kw_only=True)
class System:
    name: str
    command: tuple[str, ...]
    query: str = ""
    env: dict[str, str] = field(default_factory=dict)
    python: Path = Path(sys.executable)
    posts: str = ""  # the path of a system that takes no GET, but what `asks` makes of a prompt
    asks: Callable[[str], object] = lambda prompt: {"input": prompt}

    def paths(self, load: Load) -> list[str]:
        """One for each of the load's streams."""
        return [self.posts or f"/stream?query={quote(load.prompt)}{self.query}"] * load.streams

    def body(self, load: Load) -> bytes:
        """What each stream is asked for with, if not by its path."""
        return json.dumps(self.asks(load.prompt)).encode() if self.posts else b""


def uvicorn(app: str) -> tuple[str, ...]:
    return (
        *("uvicorn", app, "--host", "127.0.0.1", "--port", "{port}"),
        *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
    )


PROVIDER = System(
    name="the provider itself",
    command=("benchmarks.upstream", "{port}"),
    posts="/v1/chat/completions",
    asks=lambda prompt: {"messages": [{"role": "user", "content": prompt}], "stream": True},
)
PLAIN = System(name="plain LangChain service", command=uvicorn("benchmarks.plain_service:app"))
LANGSERVE = System(
    name="LangServe", command=uvicorn("benchmarks.langserve_service:app"), posts="/answer/stream"
)
OURS = System(
    name="this service",
    command=("service",),
    query="&chain=bare&format=tokens",
    env={
        "HOST": "127.0.0.1",
        "PORT": "{port}",
        "CHAINS": "bare=benchmarks.bare:build",
        "MODEL": f"openai:{MODEL}",
        "DATABASE_URL": "sqlite://",
        # All come from one address; high, not off, so that counting is in what is measured.
        "RATE_LIMIT_REQUESTS": "1000000",
        "MAX_STREAMS_PER_KEY": "100000",
    },
)


@contextmanager
def serving(system: System, cores: Cores) -> Iterator[Process]:
    """The system on the server's core, with an upstream of its own on the other."""
    with running(("benchmarks.upstream", "{port}"), core=cores.others, env={}) as upstream:
        env = environment_for(system, upstream)
        with running(system.command, core=cores.server, env=env, python=system.python) as server:
            yield server


def environment_for(system: System, upstream: Process) -> dict[str, str]:
    """The system's, with this upstream for its provider."""
    host, port = upstream.address
    return {"OPENAI_BASE_URL": f"http://{host}:{port}/v1", "OPENAI_API_KEY": "none"} | system.env
