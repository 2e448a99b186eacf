"""Programs of examples/, as processes: what they print, what they complain of, how they end."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.needs import NODE

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 30  # seconds; a program that hangs is a failure
NOWHERE = "http://127.0.0.1:9"  # where nothing listens: the port of a service that is no more

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
    return ours | {"CHAINSTREAM_URL": url, "PYTHONWARNINGS": "error"} | settings


def run(command: Command, url: str, *arguments: str, cwd: Path = ROOT, **settings: str) -> Ended:
    ended = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=environment(url, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(status=ended.returncode, said=ended.stdout, complained=ended.stderr)


def python(name: str) -> Command:
    return (sys.executable, EXAMPLES / name)


def node(folder: Path, name: str) -> Command:
    """A copy of examples/node in `folder`, with the packages of tests/node beside it."""
    if not (folder / name).exists():
        for program in (EXAMPLES / "node").glob("*.mjs"):
            (folder / program.name).write_text(program.read_text())
        (folder / "node_modules").symlink_to(NODE / "node_modules")
    return ("node", folder / name)
