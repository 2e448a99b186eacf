"""A key: its text, which is shown once, and what is kept of it."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from ..errors import InvalidRequest
from .allowances import Budget, parse_budget
from .caller import ROLES, SCOPES, Caller, Scope

PREFIX = "cs_"  # by which scanners of leaked secrets, and people, know one
BYTES = 32  # of chance
HINT = len(PREFIX) + 4
LONGEST_NAME = 64
LONGEST_BUDGET = 256
UNBOUNDED = "none"

KEY_ID = "[0-9a-z]{26}"  # a ULID
_KEY_ID = re.compile(KEY_ID, re.ASCII)
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,64}")
_TIMES = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_TIME = re.compile(r"([1-9]\d{0,4})([mhd])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key's row, without its digest."""

    key_id: str
    hint: str
    name: str
    owner: str
    team: str | None
    scopes: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    budget: str | None
    redact: str | None

    @property
    def scope_set(self) -> frozenset[Scope]:
        return frozenset(scope for scope in SCOPES if scope in self.scopes.split(","))

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def own_budget(self) -> Budget | None:
        """None for the usual one."""
        return None if self.budget is None else own_budget(self.budget)

    def caller(self) -> Caller:
        return Caller(
            owner=self.owner,
            team=self.team,
            key_id=self.key_id,
            scopes=self.scope_set,
            budget=self.own_budget,
            redact=self.redact or "",
        )


def new_key(
    *,
    name: str,
    owner: str,
    team: str | None,
    scopes: Iterable[Scope],
    expires: timedelta | None,
    budget: str | None,
    redact: str | None,
) -> tuple[str, Key]:
    """A key's text and its row, `redact` being checked. Raises InvalidRequest for what a row cannot hold."""
    text = PREFIX + secrets.token_urlsafe(BYTES)
    now = datetime.now(UTC)
    key = Key(
        key_id=str(ULID()).lower(),
        hint=text[:HINT],
        name=checked_name("name", name),
        owner=checked_name("owner", owner),
        team=checked_name("team", team) if team else None,
        scopes=",".join(scope for scope in SCOPES if scope in set(scopes)),
        created_at=now,
        expires_at=None if expires is None else now + expires,
        revoked_at=None,
        used_at=None,
        budget=checked_budget(budget) if budget else None,
        redact=redact or None,
    )
    return text, key


def is_key_id(text: str) -> bool:
    """Whether it has the form of one: nothing else is looked for in the database."""
    return _KEY_ID.fullmatch(text) is not None


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def is_name(text: object) -> bool:
    """Whether it is a name that both databases can keep: no control characters, at most 64."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def checked_name(what: str, text: str) -> str:
    """Raises InvalidRequest unless it `is_name`."""
    if not is_name(text):
        message = f"The {what} is at most {LONGEST_NAME} characters without line breaks."
        raise InvalidRequest("bad_name", message)
    return text


def own_budget(text: str) -> Budget:
    """Of what `checked_budget` returned: empty for no bound."""
    return () if text == UNBOUNDED else parse_budget(text)


def checked_budget(text: str) -> str:
    """Raises InvalidRequest unless it is a budget, or `none` for no bound."""
    try:
        allowances = () if text.strip() == UNBOUNDED else parse_budget(text)
    except ValueError as error:
        raise InvalidRequest("bad_budget", f"{error}; `{UNBOUNDED}` is no bound.") from None
    told = ", ".join(map(str, allowances)) or UNBOUNDED
    if len(told) > LONGEST_BUDGET:
        raise InvalidRequest("bad_budget", f"A budget is at most {LONGEST_BUDGET} characters.")
    return told


def scopes_named(*, scopes: Iterable[str] = (), role: str | None = None) -> frozenset[Scope]:
    """By their names, by a role's, or, without either, a member's. Raises InvalidRequest."""
    wanted = {scope.strip() for scope in scopes if scope.strip()}
    if unknown := wanted - set(SCOPES):
        message = f"There is no scope {sorted(unknown)[0]!r}: take of {', '.join(SCOPES)}."
        raise InvalidRequest("unknown_scope", message)
    if wanted and role:
        raise InvalidRequest("scopes_and_role", "Give scopes or a role, not both.")
    if wanted:
        return frozenset(scope for scope in SCOPES if scope in wanted)
    if (role or "member") not in ROLES:
        raise InvalidRequest("unknown_role", f"There is no role {role!r}: take of {', '.join(ROLES)}.")
    return ROLES[role or "member"]


def time_named(text: str | None) -> timedelta | None:
    """Of `30d`, `12h`, `15m`; None of nothing. Raises InvalidRequest."""
    if text is None:
        return None
    if found := _TIME.fullmatch(text):
        return int(found[1]) * _TIMES[found[2]]
    message = f"A key expires after days, hours or minutes: 30d, 12h, 15m, not {text!r}."
    raise InvalidRequest("bad_expires", message)
