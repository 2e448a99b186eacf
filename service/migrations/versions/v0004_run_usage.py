"""What runs used and cost, by day and model: it is kept when the run is deleted, since it was spent."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    op.create_table(
        "run_usage",
        sa.Column("run_id", sa.String(26), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("model", sa.String(256), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("team", sa.String(64)),
        sa.Column("key_id", sa.String(32)),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("unpriced_calls", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("total_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_usd", sa.Float, nullable=False),
    )
    op.create_index("ix_run_usage_owner_day", "run_usage", ["owner", "day"])
    op.create_index("ix_run_usage_key_id_day", "run_usage", ["key_id", "day"])
    op.create_index("ix_run_usage_team_day", "run_usage", ["team", "day"])
