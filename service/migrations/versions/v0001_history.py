"""Runs with their events and calls, and the index that they are searched by.

SQLite: an FTS5 index for each language, which keeps no text of its own and is kept up to date by triggers.
PostgreSQL: a generated tsvector for each language. Its parser takes addresses, numbers with a point and words
with a hyphen for one word each, and letters with and without diacritics for others: `search_text` takes both
away, so that the same is found on both databases. For the same reason its English is one without stop words.

A run is in the index while it is over or waits for a person: to index it from its beginning on would be twice
the work.

Only the first 100,000 characters of a text are indexed: a tsvector may have 1 MB, and no character takes more
than four bytes of it (a word's place takes four, but there is a space between words).
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

SEARCHED_CHARS = 100_000
UNSEARCHED = "'queued', 'running'"  # the states of runs that are not in the index yet
COLUMNS = ("prompt", "response")


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _create_fts5()
    else:
        _create_vectors()


def _create_tables() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "threads",
        sa.Column("thread_id", sa.String(128), primary_key=True),
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
    )
    op.create_index("ix_threads_owner_updated_at", "threads", ["owner", "updated_at", "thread_id"])
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("run_id", sa.String(26), nullable=False, unique=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("thread_id", sa.String(128)),
        sa.Column("parent_run_id", sa.String(26)),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("ending", sa.Text),
        sa.Column("usage", sa.Text),
        sa.Column("cost_usd", sa.Float),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("created_at", time, nullable=False),
        sa.Column("started_at", time),
        sa.Column("ended_at", time),
        sa.ForeignKeyConstraint(
            ["thread_id", "owner"], ["threads.thread_id", "threads.owner"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_runs_chain_run_id", "runs", ["chain", "run_id"])
    op.create_index("ix_runs_status_run_id", "runs", ["status", "run_id"])
    op.create_index("ix_runs_thread_id", "runs", ["thread_id", "owner"])
    op.create_index("ix_runs_owner_run_id", "runs", ["owner", "run_id"])
    op.create_index("ix_runs_idempotency_key", "runs", ["owner", "idempotency_key"], unique=True)
    op.create_table(
        "events",
        _run_id(),
        sa.Column("first_seq", sa.Integer, primary_key=True),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lines", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "model_calls",
        _run_id(),
        sa.Column("message_id", sa.String(32), primary_key=True),
        sa.Column("model", sa.Text),
        sa.Column("finish_reason", sa.String(32)),
        sa.Column("usage", sa.Text),
        sa.Column("ended_ms", sa.Integer),
    )
    op.create_table(
        "tool_calls",
        _run_id(),
        sa.Column("tool_call_id", sa.String(256), primary_key=True),
        sa.Column("message_id", sa.String(32)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("input", sa.Text),
        sa.Column("output", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("duration_ms", sa.Integer),
    )
    op.create_table(
        "waiting_runs",
        sa.Column("run_id", sa.String(26), primary_key=True),
        sa.Column("whole", sa.Boolean, nullable=False),
    )
    op.create_table(
        "decisions",
        _run_id(),
        sa.Column("interrupt_id", sa.String(256), primary_key=True),
        sa.Column("decisions", sa.Text, nullable=False),
    )


def _searched(row: str = "") -> str:
    return f"{row}status NOT IN ({UNSEARCHED})"


def _run_id() -> "sa.Column[str]":
    return sa.Column(
        "run_id", sa.String(26), sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True
    )


# SQLite. The statements are made of this file's own names alone: hence the ignored warnings of injection.

TOKENIZERS = {
    "simple": "unicode61 remove_diacritics 2",
    "english": "porter unicode61 remove_diacritics 2",
}


def _create_fts5() -> None:
    texts = ", ".join(f"substr({column}, 1, {SEARCHED_CHARS}) AS {column}" for column in COLUMNS)
    # Built of our own names alone.
    op.execute(f"CREATE VIEW runs_searched AS SELECT id, {texts} FROM runs WHERE {_searched()}")  # noqa: S608
    for lang, tokenizer in TOKENIZERS.items():
        op.execute(
            f"CREATE VIRTUAL TABLE search_{lang} USING fts5(prompt, response,"
            f" content='runs_searched', content_rowid='id', tokenize='{tokenizer}')"
        )
    taken = "".join(_fts5_change(lang, "old", delete=True) for lang in TOKENIZERS)
    given = "".join(_fts5_change(lang, "new", delete=False) for lang in TOKENIZERS)
    was, is_ = _searched("old."), _searched("new.")
    columns = ", ".join((*COLUMNS, "status"))
    changed = f"({was}) IS NOT ({is_}) OR old.prompt IS NOT new.prompt OR old.response IS NOT new.response"
    # BEFORE and AFTER: two triggers of the same moment have no order, and what was must be taken out first.
    for name, when, change in (
        ("runs_inserted AFTER INSERT", is_, given),
        ("runs_deleted AFTER DELETE", was, taken),
        (f"runs_taken BEFORE UPDATE OF {columns}", f"{was} AND ({changed})", taken),
        (f"runs_given AFTER UPDATE OF {columns}", f"{is_} AND ({changed})", given),
    ):
        op.execute(f"CREATE TRIGGER {name} ON runs WHEN {when} BEGIN {change} END")


def _fts5_change(lang: str, row: str, *, delete: bool) -> str:
    name, texts = f"search_{lang}", _fts5_texts(row)
    if delete:  # FTS5 is told what it had, since it kept none of it
        # Built of our own names alone.
        return f"INSERT INTO {name}({name}, rowid, prompt, response) VALUES ('delete', {texts});"  # noqa: S608
    return f"INSERT INTO {name}(rowid, prompt, response) VALUES ({texts});"  # noqa: S608 - as above


def _fts5_texts(row: str) -> str:
    texts = (f"substr({row}.{column}, 1, {SEARCHED_CHARS})" for column in COLUMNS)
    return f"{row}.id, {', '.join(texts)}"


# PostgreSQL

CONFIGURATIONS = {"simple": "pg_catalog.simple", "english": "search_english"}
# As a pattern, which is several times as fast as translate(); the ambiguous characters are meant.
PUNCTUATION = "[!-/:-@[-`{-~¡«»¿·–—‘’“”„…、。「」『』，．！？：；（）\u00a0\u3000]"  # noqa: RUF001


def _create_vectors() -> None:
    op.execute("CREATE TEXT SEARCH DICTIONARY search_english (TEMPLATE = snowball, LANGUAGE = english)")
    op.execute("CREATE TEXT SEARCH CONFIGURATION search_english (COPY = pg_catalog.simple)")
    op.execute(
        "ALTER TEXT SEARCH CONFIGURATION search_english"
        " ALTER MAPPING FOR asciiword, word, numword WITH search_english"
    )
    text = f"left(whole, {SEARCHED_CHARS})"
    bare = f"regexp_replace(normalize({text}, NFD), '([A-Za-z])[\u0300-\u036f]+', '\\1', 'g')"
    ascii_only = "octet_length(whole) = length(whole)"  # in UTF-8
    op.execute(
        "CREATE FUNCTION search_text(whole text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
        f" RETURN regexp_replace(CASE WHEN {ascii_only} THEN {text} ELSE normalize({bare}, NFC) END,"
        f" '{PUNCTUATION}', ' ', 'g')"
    )
    for lang, configuration in CONFIGURATIONS.items():
        vectors = (
            f"setweight(to_tsvector('{configuration}'::regconfig, search_text({column})), '{weight}')"
            for column, weight in (("prompt", "A"), ("response", "B"))
        )
        op.execute(
            f"ALTER TABLE runs ADD COLUMN search_{lang} tsvector"
            f" GENERATED ALWAYS AS (CASE WHEN {_searched()} THEN {' || '.join(vectors)} END) STORED"
        )
        op.create_index(f"ix_runs_search_{lang}", "runs", [f"search_{lang}"], postgresql_using="gin")
