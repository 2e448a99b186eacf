"""Programs of examples/, as processes: what they print, what they complain of, how they end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.needs import NODE

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 30  # seconds; a program that hangs is a failure
CLIENT = ROOT / "clients" / "python" / "src"  # as if it were installed

Command = Sequence[str | Path]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A program that has ended."""

    status: int
    said: str
    complained: str


def environment(url: str, **settings: str) -> dict[str, str]:
    """Ours, with the service at this address and nobody's key but what is given."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CHAINSTREAM_")}
    return ours | {"CHAINSTREAM_URL": url, "PYTHONPATH": str(CLIENT), "PYTHONWARNINGS": "error"} | settings


def run(command: Command, url: str, *arguments: str, typed: str = "", **settings: str) -> Ended:
    """`typed` is what a person types."""
    ended = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=environment(url, **settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(status=ended.returncode, said=ended.stdout, complained=ended.stderr)


def interrupted(command: Command, url: str, *arguments: str, after: str) -> Ended:
    """The program, to which Ctrl-C is sent once it has said so much."""
    # What a shell starts in the background ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=environment(url, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        assert process.stdout is not None
        said = ""
        while after not in said and (letter := process.stdout.read(1)):
            said += letter
        process.send_signal(signal.SIGINT)
        rest, complained = process.communicate()
        killer.cancel()
    return Ended(status=process.returncode, said=said + rest, complained=complained)


def python(name: str) -> Command:
    return (sys.executable, EXAMPLES / name)


def node(folder: Path, name: str) -> Command:
    """A copy of examples/node in `folder`, with the packages of tests/node beside it."""
    if not (folder / name).exists():
        for program in (EXAMPLES / "node").glob("*.mjs"):
            (folder / program.name).write_text(program.read_text())
        (folder / "node_modules").symlink_to(NODE / "node_modules")
    return ("node", folder / name)
