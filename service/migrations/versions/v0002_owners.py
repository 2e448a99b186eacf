"""Who started a run, beside its owner: the team and the key that usage is counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("team", sa.String(64)))
    op.add_column("runs", sa.Column("key_id", sa.String(32)))
