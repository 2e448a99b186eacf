"""The package clients/typescript, and its tools: each run once, by Node.js itself."""

import os
import re
import subprocess
from pathlib import Path

import orjson

from tests.amounts import CUTS
from tests.needs import TYPESCRIPT_CLIENT

PACKAGE = TYPESCRIPT_CLIENT
MODULES = PACKAGE / "node_modules"
TIMEOUT = 120 + CUTS  # seconds; a cut takes some hundredths
_TEST = re.compile(r'^test\("([^"]+)"', re.MULTILINE)


def run(*command: str | Path, cwd: Path = PACKAGE, given: bytes = b"", **environment: str) -> bytes:
    """What a command wrote; where it fails, the test does with what it said."""
    done = subprocess.run(
        command,
        cwd=cwd,
        input=given,
        capture_output=True,
        timeout=TIMEOUT,
        env=_environment() | environment,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]
    return done.stdout


def tsc(*arguments: str | Path, cwd: Path = PACKAGE) -> None:
    run("node", MODULES / "typescript" / "bin" / "tsc", *arguments, cwd=cwd)


def vitest(results: Path, *arguments: str, **environment: str) -> dict[str, str | None]:
    """What was wrong with each test, by its name; None where nothing was."""
    program = MODULES / "vitest" / "vitest.mjs"
    told = subprocess.run(
        ["node", program, "run", "--reporter=json", f"--outputFile={results}", *arguments],
        cwd=PACKAGE,
        capture_output=True,
        timeout=TIMEOUT,
        env=_environment() | environment,
        check=False,
    )
    assert results.exists(), told.stderr.decode()[-4000:]
    report = orjson.loads(results.read_bytes())
    files = {file["name"]: file["message"] for file in report["testResults"] if not file["assertionResults"]}
    assert files == {}
    return {
        test["fullName"]: None if test["status"] == "passed" else "\n".join(test["failureMessages"] or ["?"])
        for file in report["testResults"]
        for test in file["assertionResults"]
    }


def names_in(folder: str) -> list[str]:
    """The names of the tests in a folder of the package."""
    return [
        name
        for file in sorted((PACKAGE / folder).glob("*.test.ts"))
        for name in _TEST.findall(file.read_text())
    ]


def _environment() -> dict[str, str]:
    """Without what npm tells programs that it starts, and without colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("npm_")}
    return kept | {"NO_COLOR": "1", "CI": "true"}
