"""What `export` writes: whole runs as lines of JSON, of a database that a service has at the same time."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.database import Database, open_database, open_reader
from service.database_url import parse_database_url
from service.errors import StartError
from service.event_log.base import Cursor, Entry, Record
from service.history import export
from service.history.export import Wanted, export_runs, parse_date
from service.history.stretches import stretches
from service.history.tables import EVENTS, MODEL_CALLS, RUNS, THREADS, TOOL_CALLS
from service.wire.encoder import Encoder
from service.wire.ndjson import NDJSONFormat
from tests.history.runs import BEGAN, add, row
from tests.project.commands import users_environment

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
ENTRIES = [
    Entry("run_started", b'{"t":0,"run_id":"r"}'),
    *(Entry("token", b'{"t":%d,"text":"\xc3\xa9 %d"}' % (t, t)) for t in range(30)),
    Entry("done", b'{"t":40,"output":"sunny","ttft_ms":7}'),
]


async def exported(database: Database, **wanted: Any) -> list[dict[str, Any]]:
    """By a reader of its own, while the database is held."""
    async with open_reader(database.url) as reader, aclosing(export_runs(reader, Wanted(**wanted))) as lines:
        return [orjson.loads(line) async for line in lines]


async def add_events(database: Database, run_id: str) -> None:
    async with database.writing() as connection:
        await connection.execute(EVENTS.insert(), list(stretches(run_id, 1, 1, ENTRIES[:10])))
        await connection.execute(EVENTS.insert(), list(stretches(run_id, 1, 11, ENTRIES[10:])))


async def test_a_run_is_a_line_with_all_that_is_kept_of_it(database: Database) -> None:
    thread = {"thread_id": "t", "title": "", "metadata": "{}", "created_at": BEGAN, "updated_at": BEGAN}
    run = row(1, "weather\u2028in Tokyo", "sunny ☀", thread_id="t", parent_run_id="0", cost_usd=0.25)
    run |= {
        "request": '{"input": "weather"}',
        "metadata": '{"from": "tests"}',
        "usage": '{"input_tokens": 3}',
    }
    run |= {"started_at": BEGAN, "ended_at": BEGAN, "duration_ms": 40, "ending": ENTRIES[-1].line.decode()}
    tool = {"tool_call_id": "c1", "name": "weather", "status": "succeeded", "output": '{"sky": "clear"}'}
    async with database.writing() as connection:
        await connection.execute(THREADS.insert(), [thread])
        await connection.execute(RUNS.insert(), [run])
        model = {"run_id": run["run_id"], "message_id": "m1", "model": "offline:small"}
        await connection.execute(MODEL_CALLS.insert(), [model])
        await connection.execute(TOOL_CALLS.insert(), [{"run_id": run["run_id"], "args": "{}", **tool}])
    (told,) = await exported(database)
    began = "2026-01-01T00:00:00+00:00"
    assert told == {
        "run_id": run["run_id"],
        "thread_id": "t",
        "parent_run_id": "0",
        "chain": "chat",
        "model": "offline:small",
        "status": "succeeded",
        "error": None,
        "request": {"input": "weather"},
        "prompt": "weather\u2028in Tokyo",
        "response": "sunny ☀",
        "usage": {"input_tokens": 3},
        "cost_usd": 0.25,
        "timings": {
            "created_at": "2026-01-01T00:00:01+00:00",
            "started_at": began,
            "ended_at": began,
            "ttft_ms": 7,
            "duration_ms": 40,
        },
        "metadata": {"from": "tests"},
        "model_calls": [
            {
                "message_id": "m1",
                "model": "offline:small",
                "finish_reason": None,
                "usage": None,
                "ended_ms": None,
            }
        ],
        "tool_calls": [
            {"message_id": None, "args": "{}", "input": None, "error": None, "duration_ms": None, **tool}
            | {"output": {"sky": "clear"}}
        ],
    }


async def test_events_are_those_of_the_format_ndjson_byte_for_byte(database: Database) -> None:
    run = row(1, "weather", "sunny")
    await add(database, run)
    await add_events(database, run["run_id"])
    records = [Record(1, seq, entry.name, entry.line) for seq, entry in enumerate(ENTRIES, 1)]
    streamed = Encoder(NDJSONFormat(), run["run_id"], Cursor(0)).encode(records)
    async with open_reader(database.url) as reader:
        async with aclosing(export_runs(reader, Wanted(events=True))) as lines:
            (line,) = [line async for line in lines]
    assert b'"events":[%b]' % b",".join(streamed.splitlines()) in line


async def test_calls_come_in_the_order_of_their_messages(database: Database) -> None:
    run = row(1, "", "")
    await add(database, run)
    names = [f"m{number}" for number in (10, 1, 2)]
    rows = [{"run_id": run["run_id"], "message_id": name} for name in names]
    tools = [each | {"tool_call_id": f"of {each['message_id']}", "name": "", "status": ""} for each in rows]
    async with database.writing() as connection:
        await connection.execute(MODEL_CALLS.insert(), rows)
        await connection.execute(TOOL_CALLS.insert(), tools)
    (told,) = await exported(database)
    for calls in (told["model_calls"], told["tool_calls"]):
        assert [call["message_id"] for call in calls] == ["m1", "m2", "m10"]


async def test_a_failed_run_says_why(database: Database) -> None:
    error = {"code": "owner_lost", "message": "It died.", "fault": "service", "retryable": True}
    await add(database, row(1, "a", "b", status="failed", ending=orjson.dumps({"t": 1, **error}).decode()))
    assert [told["error"] for told in await exported(database)] == [error]


async def test_runs_come_the_oldest_first_however_many_are_read_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "IDS_READ", 3)
    await add(database, *(row(number, f"prompt {number}", "") for number in (5, 2, 7, 1, 4, 3, 6)))
    prompts = [told["prompt"] for told in await exported(database)]
    assert prompts == [f"prompt {number}" for number in range(1, 8)]


async def test_they_can_be_those_of_some_time_or_of_a_thread(database: Database) -> None:
    async with database.writing() as connection:
        thread = {"thread_id": "t", "title": "", "metadata": "{}", "created_at": BEGAN, "updated_at": BEGAN}
        await connection.execute(THREADS.insert(), [thread])
    days = [datetime(2026, 2, day, tzinfo=UTC) for day in (1, 2, 3)]
    rows = [row(day.day, f"day {day.day}", "", created_at=day) for day in days]
    await add(database, *rows[:2], rows[2] | {"thread_id": "t"})

    async def told(**wanted: Any) -> list[str]:
        return [each["prompt"] for each in await exported(database, **wanted)]

    assert await told(since=days[1]) == ["day 2", "day 3"]
    assert await told(until=days[1]) == ["day 1"]
    assert await told(since=days[1], until=days[2]) == ["day 2"]
    assert await told(thread_id="t") == ["day 3"]
    assert await told(thread_id="another") == []


async def test_a_run_that_is_deleted_meanwhile_is_left_out(database: Database) -> None:
    await add(database, row(1, "first", ""), row(2, "second", ""))
    async with open_reader(database.url) as reader:
        async with aclosing(export_runs(reader, Wanted())) as lines:
            assert b"first" in await anext(lines)
            async with database.writing() as connection:
                await connection.execute(RUNS.delete())
            assert [line async for line in lines] == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:30:00Z", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00+02:00", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_date_is_of_utc_unless_it_says_otherwise(text: str, date: datetime) -> None:
    assert parse_date(text) == date


def test_what_is_no_date_is_told_in_a_sentence() -> None:
    with pytest.raises(StartError, match="'soon' is no date: write 2026-01-31"):
        parse_date("soon")


def command(arguments: Sequence[str], address: str, after: str = "") -> "subprocess.CompletedProcess[bytes]":
    """`export` as a shell runs it, in a folder of a user's."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$0" -m service export "$@" {after}', sys.executable, *arguments],
        cwd=ROOT,
        env=users_environment(DATABASE_URL=address),
        capture_output=True,
        check=False,
        timeout=60,
    )


async def test_the_command_writes_while_a_service_has_the_database(database_address: str) -> None:
    async with open_database(parse_database_url(database_address)) as database:
        await add(database, row(1, "old", ""), row(2, "new", ""))
        await add_events(database, f"{2:026}")
        ended = command(["--since", "2026-01-01T00:00:02Z", "--events"], database_address)
    assert (ended.returncode, ended.stderr) == (0, b"")
    (told,) = map(orjson.loads, ended.stdout.splitlines())
    assert told["prompt"] == "new" and len(told["events"]) == len(ENTRIES)


async def test_the_command_ends_in_silence_when_its_reader_has_enough(
    database: Database, database_address: str
) -> None:
    await add(database, *(row(number, "x" * 10_000, "") for number in range(50)))
    ended = command([], database_address, "| head -n 1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert orjson.loads(ended.stdout)["prompt"] == "x" * 10_000


def refused(address: str, *arguments: str) -> str:
    ended = command(arguments, address)
    assert ended.returncode == 1 and ended.stdout == b""
    (sentence,) = ended.stderr.decode().splitlines()
    return sentence


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path}/none.db"
    (tmp_path / "empty.db").touch()
    assert "There is no database yet" in refused(missing)
    assert "There is no database yet" in refused("sqlite://")
    assert "'soon' is no date" in refused(missing, "--until", "soon")
    assert "has no schema yet: run `python -m service migrate`" in refused(f"sqlite:///{tmp_path}/empty.db")
    assert list(tmp_path.iterdir()) == [tmp_path / "empty.db"]


@pytest.mark.needs("postgresql")
def test_the_command_names_a_server_that_has_no_schema_or_is_not_there(new_postgres_url: Any) -> None:
    assert "has no schema yet: run `python -m service migrate`" in refused(new_postgres_url())
    assert "cannot be opened" in refused("postgresql://nobody@127.0.0.1:1/none")
