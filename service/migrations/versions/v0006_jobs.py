"""Teams with credits, model groups, jobs and their calls. There is one group to begin with: the service's own
model, under the name that a job can always ask for."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "teams",
        sa.Column("team_id", sa.String(64), primary_key=True),
        sa.Column("credits", sa.BigInteger),
        sa.Column("model_groups", sa.Text),
        sa.Column("budget", sa.String(256)),
        sa.Column("keyless", sa.Boolean, nullable=False),
        sa.Column("created_at", time, nullable=False),
    )
    groups = op.create_table(
        "model_groups",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(256)),
        sa.Column("fallbacks", sa.Text),
        sa.Column("created_at", time, nullable=False),
    )
    op.bulk_insert(groups, [{"name": "chat-fast", "created_at": datetime.now(UTC)}])
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(26), primary_key=True),
        sa.Column("team_id", sa.String(64), sa.ForeignKey("teams.team_id"), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("job_type", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("credit_applied", sa.Boolean, nullable=False),
        sa.Column("completion", sa.Text),
        sa.Column("created_at", time, nullable=False),
        sa.Column("started_at", time),
        sa.Column("completed_at", time),
    )
    op.create_index("ix_jobs_completed_at", "jobs", ["completed_at"])
    op.create_table(
        "job_calls",
        sa.Column("call_id", sa.String(26), primary_key=True),
        sa.Column("job_id", sa.String(26), sa.ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
        sa.Column("model_group", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(128)),
        sa.Column("created_at", time, nullable=False),
    )
    op.create_index("ix_job_calls_job_id", "job_calls", ["job_id"])
