"""The database's address, in the forms that people write it, as a URL for SQLAlchemy.

No message holds a password: what is told of an address is its kind, its host, its port and its name.
"""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from .errors import StartError

DEFAULT_FILE = Path("data") / "chainstream.db"
FORMS = "sqlite:///data/chainstream.db or postgresql://user:password@host:5432/name"

_POSTGRES = frozenset({"postgres", "postgresql"})  # of whatever driver: it is spoken to by psycopg
_SSL_MODES = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


def parse_database_url(address: str) -> URL:
    """The URL of an address in any of the forms that people write. Raises StartError for others.

    Empty is the SQLite file DEFAULT_FILE; `sqlite://`, without a file, is one that goes at the end.
    """
    try:
        url = make_url(address or f"sqlite:///{DEFAULT_FILE}")
    except (ArgumentError, ValueError):  # the second is of a port; its text may hold a part of the password
        raise _refused("is no URL of a database") from None
    if address.count("@") > 1 or ("@" in address and url.username is None):
        raise _refused("has a password with @, / or ?, which are written %40, %2F and %3F there")
    backend = url.get_backend_name()
    if backend in _POSTGRES:
        return _for_psycopg(url)
    if backend == "sqlite":
        return _for_aiosqlite(url)
    raise _refused(f"is of {backend!r}, which Chainstream does not speak")


def told(url: URL) -> str:
    """Which database it is, for people, without its user and password."""
    if url.get_backend_name() == "sqlite":
        return f"the SQLite database {url.database or 'of this process'}"
    host = url.host or url.query.get("host") or "this machine's socket"
    port = url.port or url.query.get("port") or 5432
    return f"PostgreSQL at {host}:{port}, database {url.database!r}"


def _for_psycopg(url: URL) -> URL:
    if not url.database:
        raise _refused("names no database")
    query = dict(url.query)
    if (ssl := query.pop("ssl", None)) is not None:  # asyncpg's name for it
        query.setdefault("sslmode", _SSL_MODES.get(str(ssl).lower(), ssl))
    return url.set(drivername="postgresql+psycopg", query=query)


def _for_aiosqlite(url: URL) -> URL:
    if url.host or url.query:
        raise _refused("is no SQLite file: it has three slashes before a relative path, four before another")
    return url.set(drivername="sqlite+aiosqlite")


def _refused(why: str) -> StartError:
    return StartError("bad_database_url", f"DATABASE_URL {why}: write {FORMS}.")
