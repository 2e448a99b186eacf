"""What history keeps, as tables; service/migrations brings a database to it.

JSON is kept as the text that orjson wrote, so that it comes back as it was on either database. Times are UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from ..database_columns import RowId, Utc

METADATA = MetaData()


def _run_id() -> Column[str]:
    return Column("run_id", String(26), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)


THREADS = Table(
    "threads",
    METADATA,
    Column("thread_id", String(128), primary_key=True),
    Column("owner", String(64), primary_key=True, default=""),  # two may have a thread of the same name
    Column("title", Text, nullable=False),
    Column("metadata", Text, nullable=False),  # JSON
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_threads_owner_updated_at", "owner", "updated_at", "thread_id"),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("run_id", String(26), nullable=False, unique=True),
    Column("owner", String(64), nullable=False, default=""),
    Column("team", String(64)),
    Column("key_id", String(32)),
    Column("thread_id", String(128)),
    Column("parent_run_id", String(26)),  # the run of its thread that it follows
    Column("idempotency_key", String(255)),
    Column("chain", Text, nullable=False),
    Column("model", Text),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("request", Text, nullable=False),  # JSON: all that was asked for, to show, to retry and to go on
    Column("metadata", Text, nullable=False),  # JSON
    Column("prompt", Text, nullable=False),
    Column("response", Text, nullable=False, default=""),
    Column("ending", Text),  # JSON: the data of the terminal event
    Column("usage", Text),  # JSON
    Column("cost_usd", Float),
    Column("duration_ms", Integer),
    Column("created_at", Utc, nullable=False),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    ForeignKeyConstraint(["thread_id", "owner"], ["threads.thread_id", "threads.owner"], ondelete="CASCADE"),
    Index("ix_runs_chain_run_id", "chain", "run_id"),
    Index("ix_runs_status_run_id", "status", "run_id"),
    Index("ix_runs_thread_id", "thread_id", "owner"),
    Index("ix_runs_owner_run_id", "owner", "run_id"),
    Index("ix_runs_idempotency_key", "owner", "idempotency_key", unique=True),
)

EVENTS = Table(
    "events",
    METADATA,
    _run_id(),
    Column("first_seq", Integer, primary_key=True),
    Column("last_seq", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lines", LargeBinary, nullable=False),
)

MODEL_CALLS = Table(
    "model_calls",
    METADATA,
    _run_id(),
    Column("message_id", String(32), primary_key=True),
    Column("model", Text),
    Column("finish_reason", String(32)),
    Column("usage", Text),  # JSON: the data of its `usage` event
    Column("ended_ms", Integer),  # since the run began
)

TOOL_CALLS = Table(
    "tool_calls",
    METADATA,
    _run_id(),
    Column("tool_call_id", String(256), primary_key=True),
    Column("message_id", String(32)),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("args", Text, nullable=False, default=""),  # as the model wrote them
    Column("input", Text),  # JSON: as the tool ran
    Column("output", Text),  # JSON: the whole
    Column("error", Text),  # JSON: code and message
    Column("duration_ms", Integer),
)

# What a run used on a day with a model. A row stays when its run is deleted: what was spent is spent.
RUN_USAGE = Table(
    "run_usage",
    METADATA,
    Column("run_id", String(26), primary_key=True),
    Column("day", String(10), primary_key=True),  # of the call, in UTC: 2026-01-31
    Column("model", String(256), primary_key=True),  # empty where nobody said which
    Column("owner", String(64), nullable=False),
    Column("team", String(64)),
    Column("key_id", String(32)),
    Column("chain", Text, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("unpriced_calls", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("total_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),  # of the calls whose cost is known
    Index("ix_run_usage_owner_day", "owner", "day"),
    Index("ix_run_usage_key_id_day", "key_id", "day"),
    Index("ix_run_usage_team_day", "team", "day"),
)

# Of runs that wait for a person. A row goes once their checkpoints have gone, so it must not go with its run.
WAITING_RUNS = Table(
    "waiting_runs",
    METADATA,
    Column("run_id", String(26), primary_key=True),
    Column("whole", Boolean, nullable=False),  # all is saved that it needs to go on after a restart
    Column("traceparent", String(55)),  # of the run's span, where there is one
    Column("request_id", String(128)),  # of the request that asked for it
)

DECISIONS = Table(
    "decisions",
    METADATA,
    _run_id(),
    Column("interrupt_id", String(256), primary_key=True),
    Column("decisions", Text, nullable=False),  # JSON
)
