"""`--reload`: one process watches the users' files, another serves, and is started anew when one changes."""

import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import ChangeReload

from .chain_targets import parse_target
from .environment import enter_environment
from .errors import StartError
from .settings import Settings

if TYPE_CHECKING:
    from .observability.logs import Logs

GRACE_SECONDS = 1  # at most, unless SHUTDOWN_GRACE_SECONDS is set: who edits is waiting


def serve_with_reload(settings: Settings, listening: socket.socket, logs: "Logs") -> None:
    files = _files_named(settings)
    folders = _folders(files)
    logs.announce(f"Watching {', '.join(folders)} for changes")
    config = uvicorn.Config(
        f"{__package__}.app:create_app",
        factory=True,
        reload=True,
        reload_dirs=folders,
        reload_includes=["*.py", ".env", *(file.name for file in files if file.suffix == ".json")],
        reload_excludes=_environment_inside(),
        log_level="warning",
        log_config=None,
    )
    ChangeReload(config, target=_serve, sockets=[listening]).run()


def _files_named(settings: Settings) -> list[Path]:
    """The files that CHAINS names; what is misspelled there no edit of a file can cure."""
    try:
        targets = [parse_target(text) for text in settings.chains]
    except StartError as error:
        sys.exit(error.message)
    return [Path(target.place).resolve() for target in targets if not target.is_module]


def _folders(files: list[Path]) -> list[str]:
    """The current one, and those of files that lie elsewhere."""
    here = Path.cwd()
    folders = {str(file.parent) for file in files if not file.is_relative_to(here) and file.parent.is_dir()}
    return [str(here), *sorted(folders)]


def _environment_inside() -> list[str]:
    """The virtual environment, where it lies in the current folder: pip's many changes are no edits."""
    return [sys.prefix] if Path(sys.prefix).is_relative_to(Path.cwd()) else []


def _serve(sockets: list[socket.socket] | None) -> None:
    """What each process that serves runs, from its start."""
    from .process_logs import open_logs
    from .server import leave, serve  # here: the process that watches needs none of it

    # A compiled file counts as current if size and second are the same, and an edit can be that quick.
    sys.dont_write_bytecode = True
    logs = open_logs()
    with logs.exits():
        settings = enter_environment()
    if "shutdown_grace_seconds" not in settings.model_fields_set:
        settings = settings.model_copy(update={"shutdown_grace_seconds": GRACE_SECONDS})
    if not serve(settings, (sockets or [])[0], logs):
        logs.announce("Waiting for a change.", logging.WARNING)
        logging.shutdown()
        os._exit(1)
    leave(0)
