"""Teams, model groups, jobs and their calls as tables; service/migrations brings a database to them."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from ..database_columns import Utc

METADATA = MetaData()

TEAMS = Table(
    "teams",
    METADATA,
    Column("team_id", String(64), primary_key=True),  # as keys and JWTs name it
    Column("credits", BigInteger),  # None for no bound
    Column("model_groups", Text),  # names with commas; None for all
    Column("budget", String(256)),  # the team's own, as `5 USD/day`
    Column("keyless", Boolean, nullable=False),  # made by a job of a service that asked nobody for a key
    Column("created_at", Utc, nullable=False),
)

MODEL_GROUPS = Table(
    "model_groups",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("model", String(256)),  # None for the service's own
    Column("fallbacks", Text),  # JSON: a list of models; None for the service's own
    Column("created_at", Utc, nullable=False),
)

JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", String(26), primary_key=True),
    Column("team_id", String(64), ForeignKey("teams.team_id"), nullable=False),
    Column("user_id", String(64)),
    Column("job_type", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("metadata", Text, nullable=False),  # JSON
    Column("result", Text),  # JSON
    Column("error_message", Text),
    Column("calls", Integer, nullable=False),  # that were tried, for their bound
    Column("credit_applied", Boolean, nullable=False),
    Column("completion", Text),  # JSON: what the completion was answered with, once and for all
    Column("created_at", Utc, nullable=False),
    Column("started_at", Utc),
    Column("completed_at", Utc),
    Index("ix_jobs_completed_at", "completed_at"),
)

# A call is the run of its id. What came of it, and what it used, the run's own rows say.
JOB_CALLS = Table(
    "job_calls",
    METADATA,
    Column("call_id", String(26), primary_key=True),
    Column("job_id", String(26), ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
    Column("model_group", String(64), nullable=False),
    Column("purpose", String(128)),
    Column("created_at", Utc, nullable=False),
    Index("ix_job_calls_job_id", "job_id"),
)
