"""Which request asked for a run that waits for a person, so that the log names it after a restart too."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    op.add_column("waiting_runs", sa.Column("request_id", sa.String(128)))
