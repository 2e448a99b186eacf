"""The command `chainstream`, in the repository `python -m service`: serve on HOST and PORT, and others."""

import argparse
import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import aclosing

from . import __version__
from .access.caller import ROLES, SCOPES
from .chain_targets import FORMS
from .configuration import told_settings
from .environment import enter_environment, read_settings
from .errors import StartError
from .reloader import serve_with_reload
from .settings import Settings

COMMANDS = ("serve", "migrate", "export", "keys", "jobs", "config")


def main() -> None:
    arguments = _arguments(sys.argv[1:])
    if arguments.command == "migrate":
        _migrate()
        return
    if arguments.command == "export":
        _export(arguments)
        return
    if arguments.command == "keys":
        from .keys_command import run  # here: as in what follows

        run(arguments)
        return
    if arguments.command == "jobs":
        from .jobs_command import run as run_jobs

        run_jobs(arguments)
        return
    if arguments.command == "config":
        print("\n".join(told_settings(read_settings())))
        return
    _hand_on(arguments)
    # Until the server has handlers of its own there is nothing to end: what follows is all imports, and an
    # exception in one would be told as its fault.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .process_logs import open_logs  # here: what only prints needs none of it

    logs = open_logs()
    with logs.exits():
        if arguments.reload:
            settings = read_settings()
            serve_with_reload(settings, _listen(settings), logs)
            return
        settings = enter_environment()
        listening = _listen(settings)
    from .server import leave, serve  # here: it takes a second, and what watches or fails needs none of it

    leave(0 if serve(settings, listening, logs) else 1)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    """Of a command; without one it is that which serves."""
    program = "chainstream" if __package__ == "chainstream" else f"python -m {__package__}"
    parser = argparse.ArgumentParser(prog=program, description="Stream chains and graphs over HTTP.")
    parser.add_argument("--version", action="version", version=f"chainstream {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    serve = commands.add_parser("serve", help="serve chains over HTTP (the default)")
    serve.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help=f"what to serve instead of the chains that ship, the first by default: {FORMS}",
    )
    serve.add_argument("--host", help="address to listen on (the setting HOST)")
    serve.add_argument("--port", help="port to listen on, 0 for a free one (the setting PORT)")
    serve.add_argument("--reload", action="store_true", help="start anew when a file changes")
    about = "bring the database of DATABASE_URL to the schema of this version"
    commands.add_parser("migrate", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    _add_export(commands)
    _add_keys(commands)
    _add_jobs(commands)
    about = "print the settings as they are in effect, and where each comes from; secrets are not shown"
    commands.add_parser("config", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    top_level = given[:1] and given[0] in (*COMMANDS, "-h", "--help", "--version")
    return parser.parse_args(given if top_level else ["serve", *given])


def _add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "write the history of DATABASE_URL to standard output, each run as a line of JSON"
    export = commands.add_parser("export", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    export.add_argument("--since", metavar="DATE", help="runs that began then or later: 2026-01-31, in UTC")
    export.add_argument("--until", metavar="DATE", help="runs that began before")
    export.add_argument("--thread", metavar="ID", help="runs of this thread")
    export.add_argument("--events", action="store_true", help="with all their events")


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "give, list and revoke the keys of DATABASE_URL"
    keys = commands.add_parser("keys", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    what = keys.add_subparsers(required=True, metavar="WHAT", dest="what")
    create = what.add_parser("create", help="give a key, and show it this once")
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument("--owner", default="", help="whose runs it sees; without one, those of API_KEY")
    create.add_argument("--team", help="the team that its usage counts for")
    create.add_argument("--role", help=f"{', '.join(ROLES)}; a member by default")
    create.add_argument("--scopes", default="", help=f"instead of a role: of {','.join(SCOPES)}, with commas")
    create.add_argument("--expires", metavar="TIME", help="after days, hours or minutes: 30d, 12h, 15m")
    create.add_argument("--budget", help="instead of BUDGET_PER_KEY: 5 USD/day, 100 USD/month, or none")
    create.add_argument("--redact", help="rules beside the service's REDACT, with commas: email,phone")
    what.add_parser("list", help="list all keys, the newest first")
    revoke = what.add_parser("revoke", help="revoke a key for good")
    revoke.add_argument("key_id", metavar="ID", help="as the list shows it")


def _add_jobs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "make what jobs need in DATABASE_URL"
    jobs = commands.add_parser("jobs", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    what = jobs.add_subparsers(required=True, metavar="WHAT", dest="what")
    about = "make a team, a key of it, and the model group chat-fast; what is there stays as it is"
    bootstrap = what.add_parser("bootstrap", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    bootstrap.add_argument("--team", default="demo", help="its name; demo by default")
    bootstrap.add_argument("--credits", type=int, default=1000, help="jobs that a new team may complete")
    bootstrap.add_argument("--new-key", action="store_true", help="give a key, also where there is one")


def _hand_on(arguments: argparse.Namespace) -> None:
    """By the environment, where a process that --reload starts finds it too."""
    if arguments.targets:
        os.environ |= {"CHAINS": ",".join(arguments.targets), "SHIPPED_CHAINS": "false"}
    if arguments.host is not None:
        os.environ["HOST"] = arguments.host
    if arguments.port is not None:
        os.environ["PORT"] = arguments.port


def _migrate() -> None:
    from .database import open_database  # here: what serves imports them while it starts
    from .database_url import parse_database_url
    from .migrations import migrate
    from .process_logs import open_logs

    async def migrated() -> str:
        async with open_database(parse_database_url(enter_environment().database_address)) as database:
            return await migrate(database)

    logs = open_logs()
    with logs.exits():
        try:
            logs.announce(asyncio.run(migrated()))
        except StartError as error:
            sys.exit(error.message)


def _export(arguments: argparse.Namespace) -> None:
    from .database import open_reader
    from .database_url import parse_database_url
    from .history.export import Wanted, export_runs, parse_date
    from .migrations import require_schema

    async def export() -> None:
        wanted = Wanted(
            since=parse_date(arguments.since) if arguments.since else None,
            until=parse_date(arguments.until) if arguments.until else None,
            thread_id=arguments.thread,
            events=arguments.events,
        )
        async with open_reader(parse_database_url(enter_environment().database_address)) as reader:
            await require_schema(reader)
            async with aclosing(export_runs(reader, wanted)) as lines:
                async for line in lines:
                    sys.stdout.buffer.write(line)
        sys.stdout.flush()

    try:
        asyncio.run(export())
    except StartError as error:
        sys.exit(error.message)
    except BrokenPipeError:  # whoever read has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left in the buffer
    except KeyboardInterrupt:
        sys.exit(130)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(
                f"Port {settings.port} of {settings.host} is taken: stop what listens there, or choose"
                f" another: --port {settings.port + 1}, or PORT={settings.port + 1}"
            )
        sys.exit(f"Cannot listen on HOST={settings.host} PORT={settings.port}: {error.strerror}.")
    return listening


if __name__ == "__main__":
    main()
