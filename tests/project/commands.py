"""The command that serves, run as a user runs it: what it says line by line, and what it serves."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from tests.serving import Served

PATIENCE = 60  # seconds; then the command is killed, so that a test that waits for a line of it fails
TIME_TO_END = 20  # seconds, likewise

GRAPH = '''
"""Says one thing."""
from langgraph.graph import MessagesState, StateGraph

builder = StateGraph(MessagesState)
builder.add_node("answer", lambda state: {"messages": [("assistant", "SAID")]})
builder.set_entry_point("answer")
graph = builder.compile()
'''


def graph_saying(text: str) -> str:
    return GRAPH.replace("SAID", text)


def users_environment(**settings: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests, and without this repository on its path."""
    ours = {"PYTHONPATH", "CHAINS", "SHIPPED_CHAINS", "HOST"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"PORT": "0", "OFFLINE": "1", "OFFLINE_TOKENS_PER_SECOND": "0"} | settings


class Command:
    """A running command."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._killer = threading.Timer(PATIENCE, self._kill)
        self._killer.daemon = True
        self._killer.start()

    def says(self, pattern: str) -> re.Match[str]:
        """Waits for a line with this pattern, from the first that was not read yet."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"it ended without a line that has {pattern!r}: {''.join(self.lines)}")

    def serves(self) -> Served:
        """Waits for the line that says what is served, and where."""
        return Served(int(self.says(r"Chainstream on http://[\d.]+:(\d+) ")[1]), FastAPI())

    def close(self) -> None:
        """Ends it as an operator does."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=TIME_TO_END)
        finally:
            self._killer.cancel()
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # with those that it started


@contextmanager
def running(command: Sequence[str | Path], folder: Path, **settings: str) -> Iterator[Command]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env=users_environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        started = Command(process)
        try:
            yield started
        finally:
            started.close()


def answer_of(client: Served, chain: str | None = None) -> Any:
    """What a chain, or the first, answers."""
    body = {"input": "hi"} | ({"chain": chain} if chain else {})
    return orjson.loads(client.post("/runs/wait", orjson.dumps(body)).body)["output"]
