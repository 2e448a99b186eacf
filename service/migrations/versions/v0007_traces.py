"""Where a run that waits for a person is in its trace, so that it goes on there after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    op.add_column("waiting_runs", sa.Column("traceparent", sa.String(55)))
