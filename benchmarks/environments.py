"""Virtual environments of other systems, made at their first use: their pins and ours do not go together."""

import os
import subprocess
import venv
from importlib.metadata import version
from pathlib import Path

# Later proxies of LiteLLM need a package that no index has.
LANGSERVE, LITELLM = "langserve[server]==0.3.3", "litellm[proxy]==1.106.2"
# Of what both LangServe's environment and ours have, the versions that we have.
SHARED = ("langchain-core", "langchain-openai", "openai", "fastapi", "uvicorn", "uvloop", "httptools")
INSTALL_SECONDS = 900


class Missing(Exception):
    """The system is not here; the message says why."""


def langserve_python(*, install: bool) -> Path:
    """The interpreter that has LangServe. Raises Missing."""
    return _python_with(LANGSERVE, *(f"{name}=={version(name)}" for name in SHARED), install=install)


def litellm_python(*, install: bool) -> Path:
    """The interpreter that has LiteLLM's proxy, and the parser in C that all others have. Raises Missing."""
    return _python_with(LITELLM, f"httptools=={version('httptools')}", install=install)


def _python_with(system: str, *others: str, install: bool) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name, _, number = system.partition("==")
    folder = cache / "chainstream" / f"{name.partition('[')[0]}-{number}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        if not install:
            raise Missing("it is installed by a full run only")
        _install(folder, python, [system, *others])
        complete.touch()
    return python


def _install(folder: Path, python: Path, wanted: list[str]) -> None:
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
