"""Keys of the database: shown once, kept as a digest, good until they expire or are revoked."""

import time
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from service.access import credentials as credentials_module
from service.access.allowances import Budget, parse_budget
from service.access.caller import ANYONE, ROLES, Caller
from service.access.credentials import Credentials
from service.access.gate import Gate, open_gate
from service.access.json_web_tokens import JwtRules
from service.access.keys import PREFIX, Key, new_key, scopes_named, time_named
from service.database import Database
from service.errors import InvalidRequest, NotFound, Overloaded, Unauthorized

pytestmark = pytest.mark.anyio

ADMIN = Caller(owner="root")
TIGHT = "0.5 USD/day, 1000000 tokens/month"


def a_key(**wanted: Any) -> tuple[str, Key]:
    given = {
        "name": "",
        "owner": "ann",
        "team": None,
        "scopes": ROLES["member"],
        "expires": None,
        "budget": None,
        "redact": None,
    }
    return new_key(**given | wanted)


def opened(database: Database, **options: Any) -> Any:
    given: dict[str, Any] = {
        "shared_key": "",
        "jwt_rules": JwtRules(),
        "token_lifetime": 60,
        "open_to_all": False,
    }
    return open_gate(database, **given | options)


async def given(gate: Gate, **wanted: Any) -> tuple[str, Key]:
    key = a_key(**wanted)
    await gate.ring.give(*key, ADMIN, "127.0.0.1")
    return key


async def refused(credentials: Credentials, shown: str) -> str:
    with pytest.raises(Unauthorized) as error:
        await credentials.caller(shown)
    return error.value.code


async def test_a_key_is_who_it_was_given_to(database: Database) -> None:
    async with opened(database) as gate:
        shown, key = await given(gate, team="red", scopes=["read"])
        for _ in range(2):  # looked up, then remembered
            caller = await gate.credentials.caller(shown)
            assert (caller.owner, caller.team, caller.key_id) == ("ann", "red", key.key_id)
            assert caller.scopes == {"read"}


@pytest.mark.parametrize(
    ("said", "kept", "own"),
    [
        (None, None, None),
        ("none", "none", ()),
        ("0.50 USD / day,1000000 tokens/month", TIGHT, parse_budget(TIGHT)),
    ],
)
async def test_a_key_may_have_a_budget_of_its_own(
    database: Database, said: str | None, kept: str | None, own: Budget | None
) -> None:
    async with opened(database) as gate:
        shown, key = await given(gate, budget=said)
        assert (await gate.credentials.caller(shown)).budget == own
        assert await gate.ring.budget_of(key.key_id) == own
        assert (await gate.ring.page(after=None, limit=1))[0].budget == kept


@pytest.mark.parametrize("said", ["5 EUR/day", "lots", ", ".join(["5 USD/day"] * 30)])
def test_what_is_no_budget_is_refused(said: str) -> None:
    with pytest.raises(InvalidRequest, match="budget") as refused:
        a_key(budget=said)
    assert refused.value.code == "bad_budget"


async def test_no_secret_is_kept_in_the_database(database: Database) -> None:
    async with opened(database, shared_key="the shared one") as gate:
        shown, key = await given(gate)
        await gate.credentials.caller(shown)
        gate.audit.deny("wrong_key", None, "127.0.0.1")
        await gate.audit.flush()
        async with database.reading() as connection:
            rows = [
                str(tuple(row))
                for table in ("keys", "audit")
                # One of the two above.
                for row in await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            ]
    assert len(rows) == 3 and not [row for row in rows if shown in row or "shared one" in row]
    assert len(shown) == len(PREFIX) + 43 and key.hint == shown[:7]


async def test_keys_are_not_alike(database: Database) -> None:
    assert len({a_key()[0] for _ in range(1000)}) == 1000


async def test_a_revoked_key_is_no_good_at_once_and_one_that_expires_in_time(database: Database) -> None:
    async with opened(database) as gate:
        shown, key = await given(gate)
        await gate.credentials.caller(shown)
        await gate.ring.revoke(key.key_id, ADMIN, None)
        gate.credentials.forget(key.key_id)
        assert await refused(gate.credentials, shown) == "wrong_key"
        old, _ = await given(gate, expires=timedelta(seconds=-1))
        assert await refused(gate.credentials, old) == "wrong_key"


async def test_a_key_that_is_remembered_expires_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls.fromtimestamp(later.timestamp(), tz)

    clock = SimpleNamespace(time=later.timestamp, monotonic=time.monotonic)
    async with opened(database) as gate:
        shown, _ = await given(gate, expires=timedelta(minutes=59))
        await gate.credentials.caller(shown)
        monkeypatch.setattr(credentials_module, "datetime", Later)
        monkeypatch.setattr(credentials_module, "time", clock)
        assert await refused(gate.credentials, shown) == "wrong_key"


async def test_what_another_process_revoked_is_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials_module, "FRESH_SECONDS", 0)
    async with opened(database) as gate:
        shown, key = await given(gate)
        await gate.credentials.caller(shown)
        await gate.ring.revoke(key.key_id, ADMIN, None)
        assert await refused(gate.credentials, shown) == "wrong_key"


@pytest.mark.parametrize(
    "shown", ["", "x", "cs_", "cs_'; DROP TABLE keys; --", "cs_\x00", "cs_\ud800", "é" * 9]
)
async def test_what_is_no_key_is_refused(database: Database, shown: str) -> None:
    async with opened(database, shared_key="the shared one") as gate:
        assert await refused(gate.credentials, shown) == "wrong_key"


async def test_auth_is_on_with_any_key_and_stays_on_without_a_good_one(database: Database) -> None:
    async with opened(database) as gate:
        assert not gate.credentials.is_on
        _, key = await given(gate)
        assert gate.credentials.is_on
        await gate.ring.revoke(key.key_id, ADMIN, None)
    async with opened(database) as gate:
        assert gate.credentials.is_on
    async with opened(database, shared_key="x") as gate:
        assert gate.credentials.is_on


async def test_revoking_is_of_keys_that_there_are_and_for_good(database: Database) -> None:
    async with opened(database) as gate:
        _, key = await given(gate)
        for _ in range(2):
            await gate.ring.revoke(key.key_id, ADMIN, None)
        for unknown in (key.key_id[::-1], "' OR 1=1", "a\x00b", "\ud800"):
            with pytest.raises(NotFound):
                await gate.ring.revoke(unknown, ADMIN, None)
        [kept] = await gate.ring.page(after=None, limit=10)
        assert kept.revoked_at is not None


async def test_the_time_of_a_key_s_last_use_is_written_behind(database: Database) -> None:
    async with opened(database) as gate:
        shown, key = await given(gate)
        await gate.credentials.caller(shown)
    async with opened(database) as gate:
        [kept] = await gate.ring.page(after=None, limit=10)
    assert kept.used_at is not None and kept.used_at >= key.created_at


async def test_a_run_s_token_is_good_after_a_restart_and_not_with_another_database(
    database: Database,
) -> None:
    run_id = "01m7ygjx2s21ccc2xxsq49fvwm"
    async with opened(database) as gate:
        token, _ = gate.run_tokens.make(run_id)
    async with opened(database) as gate:
        caller = await gate.credentials.caller(token)
        assert (caller.run_id, caller.scopes) == (run_id, {"read"})
        for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.replace("01m7", "01m8")):
            assert await refused(gate.credentials, forged) == "wrong_token"
    async with opened(database, token_lifetime=-1) as gate:
        assert await refused(gate.credentials, gate.run_tokens.make(run_id)[0]) == "wrong_token"


class Away:
    """What a ring asks, once its database is away."""

    async def read(self, work: object) -> Any:
        raise Overloaded("keys_unavailable", "", retry_after=1, busy=True)

    write = read


async def test_keys_that_were_good_stay_so_while_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials_module, "FRESH_SECONDS", 0)
    async with opened(database) as gate:
        (known, _), (unknown, _) = await given(gate), await given(gate)
        await gate.credentials.caller(known)
        monkeypatch.setattr(gate.ring, "_kept", Away())
        assert (await gate.credentials.caller(known)).owner == "ann"
        with pytest.raises(Overloaded):
            await gate.credentials.caller(unknown)
        monkeypatch.undo()


async def test_the_audit_log_says_who_did_what_and_bounds_what_is_refused(database: Database) -> None:
    async with opened(database) as gate:
        _, key = await given(gate)
        await gate.ring.revoke(key.key_id, ADMIN, "10.0.0.1")
        for _ in range(1000):
            gate.audit.deny("wrong_key", None, "10.0.0.2")
        rows = [row for _, row in await gate.audit.page(after=None, limit=100)]
    denied = [row for row in rows if row.action == "denied"]
    assert [(row.action, row.owner, row.subject) for row in rows[-2:]] == [
        ("key_revoked", "root", key.key_id),
        ("key_created", "root", key.key_id),
    ]
    assert len(denied) == 31 and denied[0].subject == "and 970 more"
    assert denied[1].address == "10.0.0.2"


async def test_the_oldest_refusals_go_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.access.audit.DENIED_KEPT", 3)
    async with opened(database) as gate:
        await given(gate)
        for number in range(10):
            gate.audit.deny(f"code_{number}", None, None)
        await gate.audit.flush()
        subjects = [row.subject for _, row in await gate.audit.page(after=None, limit=100)]
    assert subjects[:3] == ["code_9", "code_8", "code_7"] and len(subjects) == 4


async def test_the_audit_log_is_read_page_by_page(database: Database) -> None:
    async with opened(database) as gate:
        for number in range(5):
            await gate.audit.write("run_deleted", str(number), ANYONE, None)
        first = await gate.audit.page(after=None, limit=3)
        rest = await gate.audit.page(after=first[-1][0], limit=3)
    assert [row.subject for _, row in first + rest] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("owner", ["a\nb", "a\x00b", "x" * 65, "\ud800"])
def test_an_owner_that_no_database_can_keep_is_refused(owner: str) -> None:
    with pytest.raises(InvalidRequest):
        a_key(owner=owner)


def test_scopes_are_named_by_themselves_or_by_a_role() -> None:
    assert scopes_named() == scopes_named(role="member") == {"run", "read"}
    assert scopes_named(scopes=["read", " admin"]) == {"read", "admin"}
    for wrong in ({"scopes": ["write"]}, {"role": "king"}, {"role": "admin", "scopes": ["read"]}):
        with pytest.raises(InvalidRequest):
            scopes_named(**wrong)


def test_a_time_is_of_days_hours_or_minutes() -> None:
    assert time_named("30d") == timedelta(days=30) and time_named("12h") == timedelta(hours=12)
    assert time_named(None) is None
    for wrong in ("", "30", "0d", "-1d", "1y", "٣d", "999999d"):
        with pytest.raises(InvalidRequest):
            time_named(wrong)
