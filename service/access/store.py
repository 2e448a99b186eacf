"""What is written and read of keys and the audit log, as statements; each function is one unit of work."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from .keys import Key
from .tables import AUDIT, KEYS, SECRETS

_KEY = [KEYS.c[name] for name in Key.__slots__]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """What somebody did, or was refused."""

    at: datetime
    key_id: str | None
    owner: str | None
    action: str
    subject: str
    address: str | None


_AUDIT = [AUDIT.c[name] for name in AuditRow.__slots__]


def add_key(connection: Connection, key: Key, digest: bytes) -> None:
    connection.execute(insert(KEYS).values(**asdict(key), digest=digest))


def find_key(connection: Connection, digest: bytes) -> Key | None:
    """Whatever its state."""
    found = connection.execute(select(KEYS.c.digest, *_KEY).where(KEYS.c.digest == digest)).one_or_none()
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    return _key(found[1:])


def find_key_by_id(connection: Connection, key_id: str) -> Key | None:
    """Whatever its state."""
    found = connection.execute(select(*_KEY).where(KEYS.c.key_id == key_id)).one_or_none()
    return None if found is None else _key(found)


def list_keys(connection: Connection, *, after: str | None, limit: int) -> list[Key]:
    """The newest first, those that were revoked or have expired too."""
    query = select(*_KEY).order_by(KEYS.c.key_id.desc()).limit(limit)
    if after is not None:
        query = query.where(KEYS.c.key_id < after)
    return [_key(found) for found in connection.execute(query)]


def keys_of_team(connection: Connection, team: str) -> list[Key]:
    """The newest first, whatever their state."""
    query = select(*_KEY).where(KEYS.c.team == team).order_by(KEYS.c.key_id.desc())
    return [_key(found) for found in connection.execute(query)]


def revoke_key(connection: Connection, key_id: str, now: datetime) -> bool:
    """Whether there is such a key; one that was revoked before stays as it is."""
    query = update(KEYS).where(KEYS.c.key_id == key_id, KEYS.c.revoked_at.is_(None))
    connection.execute(query.values(revoked_at=now))
    return bool(connection.scalar(select(exists().where(KEYS.c.key_id == key_id))))


def has_keys(connection: Connection) -> bool:
    """Revoked ones too: to revoke the last may open nothing."""
    return bool(connection.scalar(select(exists().where(KEYS.c.key_id != ""))))


def note_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    query = update(KEYS).where(KEYS.c.key_id == bindparam("key")).values(used_at=bindparam("at"))
    connection.execute(query, [{"key": key_id, "at": at} for key_id, at in uses.items()])


def keep_secret(connection: Connection, name: str, new: bytes) -> bytes:
    """The secret of this name; `new` becomes it where there is none."""
    kept: bytes | None = connection.scalar(select(SECRETS.c.secret).where(SECRETS.c.name == name))
    if kept is None:
        connection.execute(insert(SECRETS).values(name=name, secret=new))
    return new if kept is None else kept


def add_audit(connection: Connection, rows: Sequence[AuditRow]) -> None:
    connection.execute(insert(AUDIT), [asdict(row) for row in rows])


def forget_audit(connection: Connection, action: str, kept: int) -> None:
    """All rows of this action but the newest."""
    of_it = select(AUDIT.c.id).where(AUDIT.c.action == action).order_by(AUDIT.c.id.desc())
    oldest = of_it.offset(kept).limit(1).scalar_subquery()
    connection.execute(delete(AUDIT).where(AUDIT.c.action == action, AUDIT.c.id <= oldest))


def list_audit(connection: Connection, *, after: int | None, limit: int) -> list[tuple[int, AuditRow]]:
    """The newest first, each with its id."""
    query = select(AUDIT.c.id, *_AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(AUDIT.c.id < after)
    names = AuditRow.__slots__
    return [(row[0], AuditRow(**dict(zip(names, row[1:], strict=True)))) for row in connection.execute(query)]


def _key(values: Sequence[object]) -> Key:
    return Key(**dict(zip(Key.__slots__, values, strict=True)))  # type: ignore[arg-type]  # as the columns have them
