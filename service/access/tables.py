"""Keys, secrets and the audit log as tables; service/migrations brings a database to them."""

from sqlalchemy import Column, Index, LargeBinary, MetaData, String, Table

from ..database_columns import RowId, Utc

METADATA = MetaData()

KEYS = Table(
    "keys",
    METADATA,
    Column("key_id", String(32), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256: the key itself is nowhere
    Column("hint", String(16), nullable=False),  # how it begins, to recognise one that was found somewhere
    Column("name", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("team", String(64)),
    Column("scopes", String(64), nullable=False),  # with commas
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("revoked_at", Utc),
    Column("used_at", Utc),
    Column("budget", String(256)),  # the key's own, as `5 USD/day`
    Column("redact", String(256)),  # names of rules, with commas
)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("key_id", String(32)),  # whose; None of nobody, of the shared key and of a token
    Column("owner", String(64)),
    Column("action", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("address", String(64)),
    Index("ix_audit_action_id", "action", "id"),
)
