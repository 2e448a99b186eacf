"""The rules that the runs of a key are filtered by, beside those of the service and of their chain."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    op.add_column("keys", sa.Column("redact", sa.String(256)))
