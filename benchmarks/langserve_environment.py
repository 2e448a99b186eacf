"""LangServe's own virtual environment, made at its first use: it needs an older sse-starlette than ours."""

import os
import subprocess
import venv
from importlib.metadata import version
from pathlib import Path

LANGSERVE = "0.3.3"
# Of what both environments have, the versions that we have.
SHARED = ("langchain-core", "langchain-openai", "openai", "fastapi", "uvicorn", "uvloop", "httptools")
INSTALL_SECONDS = 600


class Missing(Exception):
    """There is no LangServe here; the message says why."""


def langserve_python(*, install: bool) -> Path:
    """The interpreter that has LangServe. Raises Missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "chainstream" / f"langserve-{LANGSERVE}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        if not install:
            raise Missing("it is installed by a full run only")
        _install(folder, python)
        complete.touch()
    return python


def _install(folder: Path, python: Path) -> None:
    wanted = [f"langserve[server]=={LANGSERVE}", *(f"{name}=={version(name)}" for name in SHARED)]
    venv.create(folder, clear=True, with_pip=True)
    try:
        ran = subprocess.run(
            [python, "-m", "pip", "install", "-q", *wanted],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"pip took more than {INSTALL_SECONDS} s") from error
    if ran.returncode:
        raise Missing(ran.stderr.strip().rpartition("\n")[2])
