"""The database's address, in the forms that people write it."""

from traceback import format_exception
from typing import Any

import pytest
from sqlalchemy import URL

from service.database_url import parse_database_url, told
from service.errors import StartError
from service.settings import Settings

PASSWORD = "s3cr:t@/%?#é"  # noqa: S105 - of no database
QUOTED = "s3cr%3At%40%2F%25%3F%23%C3%A9"


def address_of(**given: Any) -> URL:
    settings = Settings(_env_file=None, **{"database_url": "", "postgres_host": ""} | given)
    return parse_database_url(settings.database_address)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_a_server_is_spoken_to_by_psycopg_whatever_driver_its_address_names(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://me:{QUOTED}@db.example.com:6432/chains?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port) == ("me", PASSWORD, "db.example.com", 6432)
    assert (url.database, url.query) == ("chains", {"sslmode": "require"})


def test_what_kubernetes_sets_for_a_service_called_postgres_is_read_as_its_port() -> None:
    assert address_of(postgres_host="postgres", postgres_port="tcp://10.0.0.1:6432").port == 6432


@pytest.mark.parametrize(
    ("said", "meant"),
    [("true", "require"), ("verify-full", "verify-full"), ("0", "disable")],
)
def test_asyncpgs_word_for_encryption_is_understood(said: str, meant: str) -> None:
    assert parse_database_url(f"postgres://h/d?ssl={said}").query == {"sslmode": meant}


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("", "data/chainstream.db"),
        ("sqlite:///some/file.db", "some/file.db"),
        ("sqlite:////some/file.db", "/some/file.db"),
        ("sqlite+aiosqlite:///file.db", "file.db"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite://", None),
    ],
)
def test_a_file_is_spoken_to_by_aiosqlite(address: str, file: str | None) -> None:
    url = parse_database_url(address)
    assert (url.drivername, url.database) == ("sqlite+aiosqlite", file)


@pytest.mark.parametrize(
    "address",
    [
        "garbage",
        "://",
        f"mysql://me:{PASSWORD}@h/d",
        f"mysql+pymysql://me:{QUOTED}@h/d",
        f"postgresql://me:{PASSWORD}@h/d",
        "postgresql://me:s3cr:t@/x@h/d",
        "postgresql://me:s3cr@t@h/d",
        f"postgresql://me:{QUOTED}@h:s3cr/d",
        f"postgresql://me:{QUOTED}@h",
        "sqlite://data/chainstream.db",
        "sqlite:///file.db?mode=ro",
    ],
)
def test_any_other_address_is_refused_with_the_forms_and_without_the_password(address: str) -> None:
    with pytest.raises(StartError) as refused:
        parse_database_url(address)
    assert refused.value.code == "bad_database_url"
    assert "postgresql://user:password@host:5432/name" in refused.value.message
    assert "s3cr" not in refused.value.message
    assert "s3cr" not in "".join(format_exception(refused.value)[1:])  # nor in a log's traceback


@pytest.mark.parametrize("host", ["db", "10.0.0.1", "::1"])
def test_the_parts_of_a_servers_address_are_taken_as_they_are(host: str) -> None:
    url = address_of(
        postgres_host=host, postgres_user="m@e", postgres_password=PASSWORD, postgres_db="chains"
    )
    assert (url.username, url.password, url.host, url.port) == ("m@e", PASSWORD, host, 5432)
    assert (url.drivername, url.database) == ("postgresql+psycopg", "chains")


def test_a_server_on_a_socket_is_named_by_its_folder() -> None:
    url = address_of(postgres_host="/run/postgresql", postgres_port=5433, postgres_password=PASSWORD)
    assert (url.host, dict(url.query)) == (None, {"host": "/run/postgresql", "port": "5433"})
    assert (url.password, told(url)) == (PASSWORD, "PostgreSQL at /run/postgresql:5433, database 'postgres'")


def test_a_database_without_a_name_is_called_as_its_user_as_the_servers_image_has_it() -> None:
    url = address_of(postgres_host="db", postgres_user="me")
    assert (url.username, url.password or "", url.database) == ("me", "", "me")


def test_a_whole_address_wins_over_parts() -> None:
    assert address_of(database_url=" sqlite:///here.db ", postgres_host="db").database == "here.db"
    assert address_of().database == "data/chainstream.db"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"postgres://me:{QUOTED}@db:6432/chains", "PostgreSQL at db:6432, database 'chains'"),
        ("postgresql:///chains", "PostgreSQL at this machine's socket:5432, database 'chains'"),
        ("sqlite:///here.db", "the SQLite database here.db"),
    ],
)
def test_people_are_told_which_database_it_is_and_no_password(address: str, words: str) -> None:
    url = parse_database_url(address)
    assert told(url) == words
    assert PASSWORD not in repr(url) and QUOTED not in repr(url)
