"""The image and its compose file: read as they stand, and their steps done by hand, without an engine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from service.settings import Settings
from tests.ports import unused_port
from tests.postgres import PASSWORD, USER, Server
from tests.project import dockerfile
from tests.project.commands import Command, running
from tests.project.dockerfile import ROOT, command_in, health_command

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICE, POSTGRES = (COMPOSE["services"][name] for name in ("chainstream", "postgres"))
COMMANDS = {
    "image": command_in(dockerfile.last("ENTRYPOINT")) + command_in(dockerfile.last("CMD")),
    "compose": SERVICE["entrypoint"],
}


# --- the Dockerfile ------------------------------------------------------------------------------------


def test_what_is_copied_exists_and_is_sent_to_the_engine_and_nothing_else_is() -> None:
    sources = {source for sources, _ in dockerfile.copied() for source in sources}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert dockerfile.sent() == sources | {"requirements-run.txt"}


def test_packages_are_a_layer_of_their_own_that_no_change_of_the_source_touches() -> None:
    packages = dockerfile.instructions()[: -len(dockerfile.last_stage())]
    (install,) = [rest for name, rest in packages if name == "RUN" and "pip install" in rest]
    assert install.endswith("--require-hashes -r /tmp/requirements-run.txt")
    assert [rest for name, rest in packages if name == "COPY"] == ["requirements-run.txt /tmp/"]


def test_both_stages_are_of_the_same_python_which_the_lock_is_for() -> None:
    bases = {rest.split()[0] for name, rest in dockerfile.instructions() if name == "FROM"}
    assert bases == {"python:3.11-slim"}


def test_the_service_is_not_root_and_can_write_its_data_alone() -> None:
    names = [name for name, _ in dockerfile.last_stage()]
    user = dockerfile.last("USER")
    assert user not in ("root", "0")
    assert any(
        f"useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin {user}" in rest
        and f"install -d -o {user} -g {user} {dockerfile.last('VOLUME')}" in rest
        for name, rest in dockerfile.last_stage()
        if name == "RUN"
    )
    assert not {"COPY", "RUN", "ADD"} & set(names[names.index("USER") :])
    assert dockerfile.last("VOLUME") == f"{dockerfile.last('WORKDIR')}/data"


def test_it_is_reached_from_outside_and_says_whether_it_lives() -> None:
    environment = dockerfile.environment()
    # A container is reached from outside.
    assert (environment["HOST"], environment["PORT"]) == ("0.0.0.0", dockerfile.last("EXPOSE"))  # noqa: S104
    assert health_command()[0] == "python" and "/health" in health_command()[-1]


# --- compose.yaml --------------------------------------------------------------------------------------


def environment_of(service: dict[str, Any], **given: str) -> dict[str, str]:
    """As compose fills it in from the variables that it is given."""

    def value(match: re.Match[str]) -> str:
        name, colon, default = match.groups()
        here = given.get(name)
        return default if here is None or (colon and not here) else here

    return {
        name: re.sub(r"\$\{(\w+)(:?)-([^}]*)\}", value, str(text))
        for name, text in service["environment"].items()
    }


def address(**given: str) -> str:
    settings = {name.lower(): value for name, value in environment_of(SERVICE, **given).items()}
    # Settings by their names, as texts.
    return Settings(_env_file=None, database_url="", **settings).database_address  # type: ignore[arg-type]


def test_the_service_waits_for_a_database_that_it_can_reach() -> None:
    assert SERVICE["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "pg_isready -h 127.0.0.1" in POSTGRES["healthcheck"]["test"][1]
    assert address() == "postgresql://chainstream:chainstream@postgres:5432/chainstream"
    for given in ({}, {"POSTGRES_USER": "me", "POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "mine"}):
        theirs, ours = environment_of(POSTGRES, **given), environment_of(SERVICE, **given)
        assert theirs == {name: ours[name] for name in theirs}


def test_without_a_server_it_keeps_history_in_its_volume() -> None:
    assert address(POSTGRES_HOST="") == ""
    assert (
        "POSTGRES_HOST= docker compose up --build --no-deps chainstream"
        in (ROOT / "compose.yaml").read_text()
    )
    assert SERVICE["volumes"] == [f"data:{dockerfile.last('VOLUME')}"]


def test_what_is_kept_is_in_volumes_and_reached_from_this_machine_alone() -> None:
    used = {volume.partition(":")[0] for each in (SERVICE, POSTGRES) for volume in each["volumes"]}
    assert used == COMPOSE["volumes"].keys()
    assert SERVICE["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert "ports" not in POSTGRES


def test_it_is_given_the_time_to_end_that_it_takes() -> None:
    grace = Settings(_env_file=None).shutdown_grace_seconds
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) >= grace + 15


# --- their steps, by hand ------------------------------------------------------------------------------


@contextmanager
def started(command: str, folder: Path, **settings: str) -> Iterator[tuple[Command, dict[str, str]]]:
    """The command in what the image has, but with the packages of these tests."""
    dockerfile.make_folder(folder)
    port = str(unused_port())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = (
        dockerfile.environment()
        | {"PATH": path, "PORT": port, "DATABASE_URL": "", "ALLOW_ANONYMOUS": "true"}
        | settings
    )
    with running(COMMANDS[command], folder, **environment) as process:
        process.says(rf"Chainstream on http://0\.0\.0\.0:{port} ")
        yield process, environment


def is_healthy(environment: dict[str, str]) -> bool:
    return not subprocess.run(health_command(), env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("command", COMMANDS)
def test_it_starts_is_healthy_and_ends_by_a_signal(command: str, tmp_path: Path) -> None:
    with started(command, tmp_path, POSTGRES_HOST="") as (process, environment):
        assert is_healthy(environment)
        assert (tmp_path / "data" / "chainstream.db").exists()
        process.process.terminate()
        assert process.process.wait(20) == 0
        assert not is_healthy(environment)


@pytest.mark.needs("postgresql")
def test_compose_brings_the_server_s_schema_before_the_service_starts(
    postgres: Server, tmp_path: Path
) -> None:
    name = postgres.create_database()
    access = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": name}
    server = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(postgres.port)}
    with started("compose", tmp_path, **server, **access) as (process, environment):
        assert "which had none, has the newest schema now" in process.lines[0]
        assert f"database '{name}'" in process.lines[-1]
        assert is_healthy(environment)
    postgres.drop_database(name)
