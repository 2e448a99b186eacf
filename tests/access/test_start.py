"""A service without any key answers its own machine alone, however it is started; and the command `keys`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.api.reach import is_local, is_loopback
from service.app import create_app
from service.settings import Settings
from tests.api.test_start_and_stop import ROOT, environment, process
from tests.serving import Served, serving


def command(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


EVERYWHERE = "0.0.0.0"  # noqa: S104 - an address to be refused


def test_a_start_that_other_machines_reach_is_refused_without_a_key_and_says_what_to_do() -> None:
    refused = command(HOST=EVERYWHERE)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1
    assert all(cure in refused.stderr for cure in ("API_KEY", "keys create", "ALLOW_ANONYMOUS"))


@pytest.mark.parametrize(
    "cure", [{"API_KEY": "x" * 20}, {"ALLOW_ANONYMOUS": "true"}, {"JWT_SECRET": "x" * 32}]
)
def test_each_cure_lets_it_start(cure: dict[str, str]) -> None:
    with process(HOST=EVERYWHERE, **cure) as (_, _, line):
        assert EVERYWHERE in line


@pytest.mark.parametrize(
    ("key", "host", "warned"),
    [("sk-1", EVERYWHERE, True), ("x" * 20, EVERYWHERE, False), ("sk-1", "127.0.0.1", False)],
)
def test_a_key_that_can_be_found_by_trying_is_warned_of_where_others_can_try(
    caplog: pytest.LogCaptureFixture, key: str, host: str, warned: bool
) -> None:
    with serving(api_key=key, host=host):
        pass
    assert ("API_KEY has 4 characters" in caplog.text) is warned


@pytest.mark.parametrize(
    ("server", "client", "local"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 1), True),
        (("127.8.9.1", 80), None, True),
        (("::1", 80), None, True),
        (("::ffff:127.0.0.1", 80), None, True),
        (("/run/chainstream.sock", None), None, True),
        (("testserver", 80), ("testclient", 50000), True),
        (("testserver", 80), ("10.0.0.1", 50000), False),
        (("192.168.1.7", 80), ("127.0.0.1", 1), False),
        (("::ffff:10.0.0.1", 80), None, False),
        (("0.0.0.0", 80), None, False),  # noqa: S104 - an address to be refused
        (("service.example", 443), None, False),
        (None, ("127.0.0.1", 1), False),
    ],
)
def test_what_is_local_is_told_by_the_address_that_was_reached(
    server: object, client: object, local: bool
) -> None:
    scope: dict[str, Any] = {"type": "http", "server": server, "client": client}
    assert is_local(scope) is local


def test_only_names_of_this_machine_are_loopback() -> None:
    assert is_loopback("localhost") and is_loopback("127.1.2.3") and is_loopback("::1")
    assert not [
        name for name in ("", "::", EVERYWHERE, "localhost.evil.example", "127.0.0.1.x") if is_loopback(name)
    ]


def test_under_a_server_that_tells_us_no_address_other_machines_are_refused_by_request() -> None:
    """As `uvicorn --factory service.app:create_app --host 0.0.0.0` is: asked at an address of the network."""
    for anonymous in (False, True):
        app = create_app(
            Settings(_env_file=None, offline=True, database_url="sqlite://", allow_anonymous=anonymous)
        )
        with TestClient(app, client=("10.0.0.2", 5000), base_url="http://10.0.0.1") as client:
            answer = client.get("/runs")
            assert answer.status_code == (200 if anonymous else 403)
            assert anonymous or answer.json()["code"] == "anonymous_refused"
            assert anonymous or "API_KEY" in answer.json()["detail"]
            assert client.get("/health").status_code == 200


def test_on_loopback_nobody_is_asked_but_keys_are_managed_with_a_key() -> None:
    with serving() as served:
        assert served.get("/runs").status == 200
        assert served.get("/runs", {"Authorization": "Bearer whatever"}).status == 200
        for path in ("/admin/keys", "/admin/audit"):
            answer = served.get(path)
            assert (answer.status, orjson.loads(answer.body)["code"]) == (401, "no_key_configured")


def test_the_command_gives_a_key_that_the_service_takes_and_shows_it_once(tmp_path: Path) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    given = command("keys", "create", "--owner", "ann", "--role", "admin", "--expires", "30d", **database)
    key, key_id = given.stdout.strip(), given.stderr.split()[0]
    assert given.returncode == 0 and key.startswith("cs_") and "not shown again" in given.stderr
    with process(**database) as (_, port, _):
        served = Served(port, FastAPI())
        assert served.get("/runs").status == 401
        assert served.get("/runs", {"X-API-Key": key}).status == 200
        listed = command("keys", "list", **database)
        assert key_id in listed.stdout and key not in listed.stdout
        refused = command("keys", "revoke", key_id, **database)
        assert refused.returncode == 1 and "/admin/keys" in refused.stderr
        audit = orjson.loads(served.get("/admin/audit", {"X-API-Key": key}).body)["items"]
        assert [(row["action"], row["address"]) for row in audit] == [("key_created", "command")]
    assert "is revoked" in command("keys", "revoke", key_id, **database).stdout
    unknown = command("keys", "revoke", "nonsense", **database)
    assert unknown.returncode == 1 and "no key" in unknown.stderr and len(unknown.stderr.splitlines()) == 1
    ruled = command("keys", "create", "--redact", "email, ip", **database)
    assert ruled.returncode == 0 and "redact email,ip" in ruled.stderr
    misspelt = command("keys", "create", "--redact", "emial", **database)
    assert misspelt.returncode == 1 and "There is no rule 'emial'" in misspelt.stderr
    wrong = command("keys", "create", "--scopes", "write", **database)
    assert wrong.returncode == 1 and "admin" in wrong.stderr
