"""Whatever a run tells, the AI SDK's client takes it, and makes the message of it that the service keeps."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from service.events import TERMINAL, Event, RunStarted
from service.wire.ui_chunks import UIChunks
from service.wire.ui_message import UIMessageFold
from tests.amounts import CASES
from tests.clients.node_cases import cases_of, run_cases
from tests.serving import Served
from tests.wire.random_logs import RUN_ID, Log, random_log
from tests.wire.stories import done, encoded, logged
from tests.wire.test_ai_sdk_format import TABLE

pytestmark = pytest.mark.needs("node")

SCRIPT = "ui-messages.mjs"


def expected(number: int, log: Log) -> dict[str, Any]:
    run = log.events[0]
    assert isinstance(run, RunStarted)
    chunks, fold = UIChunks(), UIMessageFold(run.run_id)
    errors: list[str] = []
    for event in log.events:
        made = chunks.of(event)
        errors += [chunk["errorText"] for chunk in made if chunk["type"] == "error"]
        fold.take(made)
    message = fold.message if log.records[-1].terminal else None  # what goes on is not kept
    body = encoded("ai-sdk", log.records, run_id=RUN_ID).decode()
    return {"number": number, "body": body, "message": message, "errors": errors}


def random_logs() -> list[Log]:
    return [random_log(Random(f"ui:{number}"), at_most=30) for number in range(CASES // 20)]


def ended_log(events: Sequence[Event]) -> Log:
    whole = [*events] if events[-1].type in TERMINAL else [*events, done()]
    return Log(whole, logged(*whole))


def test_every_stream_becomes_its_message(served: Served, tmp_path: Path) -> None:
    tables = [ended_log(events) for events, _ in TABLE.values()]
    cases = [expected(number, log) for number, log in enumerate([*tables, *random_logs()])]
    file = tmp_path / "streams.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, cases)))
    results = run_cases(SCRIPT, served, file)
    assert results == dict.fromkeys(cases_of(SCRIPT)), "".join(filter(None, results.values()))
