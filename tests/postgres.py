"""A real PostgreSQL server for tests: started when the first of them asks, gone with the session.

Each of pytest-xdist's processes has its own. It listens on loopback with a password, as servers in use do,
and forces nothing to disk.
"""

import os
import pwd
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.needs import postgresql_programs
from tests.ports import unused_port

SERVERS_USER = "postgres"  # of the machine: PostgreSQL refuses to run as root
USER, PASSWORD = "tester", "p@ss:w/o%rd?#"
OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
PATIENCE = 60  # seconds
CLEANER = (
    'cat; test -f "$0"/data/postmaster.pid && kill -QUIT $(head -n 1 "$0"/data/postmaster.pid); rm -rf "$0"'
)


class Server:
    """One cluster in a folder of its own."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.port = unused_port()
        self._folder = folder
        self._programs = programs
        self._names = (f"test_{number}" for number in count(1))

    def initialize(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(SERVERS_USER)
            for path in (self._folder, password):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = [
            "-U",
            USER,
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        self._run("initdb", "-D", str(self._folder / "data"), "--no-sync", *options)

    def start(self) -> None:
        listening = f"-h 127.0.0.1 -p {self.port} -k {self._folder}"
        self._pg_ctl("start", "-o", f"{listening} {OPTIONS}", "-l", str(self._folder / "log"))

    def stop(self, mode: str = "immediate") -> None:
        """Its clients see their connections end: at once, as by a machine's crash; "fast" forgets nothing."""
        self._pg_ctl("stop", "-m", mode)

    def url(self, database: str) -> str:
        quoted = "p%40ss%3Aw%2Fo%25rd%3F%23"
        return f"postgresql://{USER}:{quoted}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """The name of a new one, which nobody is connected to."""
        name = next(self._names)
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return name

    def drop_database(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-s", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["su", SERVERS_USER, "-s", "/bin/sh", "-c", shlex.join(command)]
        ended = subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{program}: {ended.stderr}")


@contextmanager
def running_server() -> Iterator[Server]:
    programs = postgresql_programs()
    assert programs is not None, "PostgreSQL is not installed"
    # Not pytest's folder, which the server's user may not enter; and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with _cleaner(folder):
        server = Server(folder, programs)
        server.initialize()
        server.start()
        yield server
        server.stop()


@contextmanager
def _cleaner(folder: Path) -> Iterator[None]:
    """Ends the server and removes its folder, also where this process is killed: then the pipe closes."""
    with subprocess.Popen(["sh", "-c", CLEANER, str(folder)], stdin=subprocess.PIPE, start_new_session=True):
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """To be asked for by tests with `@pytest.mark.needs("postgresql")`."""
    with running_server() as server:
        yield server


@pytest.fixture
def new_postgres_url(postgres: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases, and drops them after the test."""
    made: list[str] = []

    def new() -> str:
        made.append(postgres.create_database())
        return postgres.url(made[-1])

    yield new
    for name in made:
        postgres.drop_database(name)
