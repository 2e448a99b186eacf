"""The cases of a script of tests/node, run by one process of Node.js: each is a test of its own.

A script holds `test("a sentence", async () => …)`, and prints a line of JSON for each case that has ended.
"""

import re
import subprocess
from pathlib import Path

import orjson

from tests.needs import NODE
from tests.serving import Served

TIMEOUT = 100  # seconds for all cases of a script
_CASE = re.compile(r'^test\("([^"]+)"', re.MULTILINE)


def cases_of(script: str) -> list[str]:
    """The names of a script's cases."""
    return _CASE.findall((NODE / script).read_text())


def run_cases(script: str, served: Served, *arguments: str | Path) -> dict[str, str | None]:
    """What was wrong with each case, by its name; None where nothing was."""
    done = subprocess.run(
        ["node", script, served.url, *map(str, arguments)],
        cwd=NODE,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    results = [orjson.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"case"')]
    found = {each["case"]: each["error"] for each in results}
    missing = f"it did not end: {done.stderr.decode()[-2000:]}"
    return {name: found.get(name, missing) for name in cases_of(script)}
