"""Starts a server on a core of its own, waits until it accepts, and stops it again."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
START_SECONDS = 120.0  # LiteLLM imports for half a minute
STOP_SECONDS = 15.0

Address = tuple[str, int]


class StartFailed(Exception):
    """A server ended, or did not listen in time; the message is what it printed."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running server; `pid` is the root of its tree."""

    pid: int
    address: Address


@dataclass(frozen=True, kw_only=True)
class Cores:
    """Where things run: the server under test alone, everything else on the other core, if there is one."""

    server: int
    others: int

    @classmethod
    def of_this_machine(cls) -> "Cores":
        cores = sorted(os.sched_getaffinity(0))
        return cls(server=cores[0], others=cores[-1])

    @property
    def shared(self) -> bool:
        return self.server == self.others


@contextmanager
def running(
    command: tuple[str, ...], *, core: int, env: dict[str, str], python: Path = Path(sys.executable)
) -> Iterator[Process]:
    """Runs `python -m <command>`, with `{port}` replaced in it and in `env`, in an empty folder."""
    port = str(_free_port())
    arguments = [str(python), "-m", *(part.format(port=port) for part in command)]
    variables = {name: value.replace("{port}", str(port)) for name, value in env.items()}
    with tempfile.TemporaryDirectory() as folder, open(Path(folder, "output"), "w+") as output:
        process = subprocess.Popen(
            arguments, env=_quiet_environment() | variables, cwd=folder, stdout=output, stderr=output
        )
        os.sched_setaffinity(process.pid, {core})
        try:
            _wait_until_accepting(process, (HOST, int(port)), Path(output.name))
            yield Process(pid=process.pid, address=(HOST, int(port)))
        finally:
            _stop(process)


def _quiet_environment() -> dict[str, str]:
    """This environment, without what would send traces away or loopback calls through a proxy."""
    ours = {"PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false", "NO_PROXY": HOST, "no_proxy": HOST}
    return dict(os.environ) | ours


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_accepting(process: "subprocess.Popen[bytes]", address: Address, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(address).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise StartFailed(output.read_text() or f"nothing listens on {address} after {START_SECONDS:.0f} s")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
