"""Drives a file of tests/node in one Node process: requests as JSON lines in, answers as JSON lines out."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PATIENCE = 60  # seconds; then the process is killed, so that a test that waits for a line of it fails


class Script:
    """A running file. It gets `{"do": name, …}` and answers each with `{"result": …}` or `{"error": …}`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, name: str, **given: Any) -> Any:
        """What the function of this name in the file resolves to; raises RuntimeError with what it threw."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"do": name, **given}), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline() or '{"error": "the process ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]


@contextmanager
def script(name: str) -> Iterator[Script]:
    """The file of this name, for as long as it is used."""
    with subprocess.Popen(
        ["node", FOLDER / name], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        killer = threading.Timer(PATIENCE, process.kill)
        killer.daemon = True
        killer.start()
        try:
            yield Script(process)
        finally:
            killer.cancel()
            process.kill()
