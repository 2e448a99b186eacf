"""What the service logs, as a process: a line for each record, a line for each run, and no secret, ever."""

import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.amounts import FAULTS as AMOUNT
from tests.observability.faults import FAULTS, Faulty, broken_tables, faulty_service, paths

FIRST = ["timestamp", "level", "logger", "event"]
RUN_LINE = {
    *("run_id", "chain", "model", "outcome", "code", "input_tokens", "output_tokens", "total_tokens"),
    *("cost_usd", "ttft_ms", "duration_ms", "resumes", "attempt", "key_id", "request_id", "thread_id"),
}


@dataclass(frozen=True)
class Ended:
    """A service that had to do with faults of all kinds, and has ended; and all that it answered."""

    service: Faulty
    answers: list[bytes]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.service.said()]


def ended(folder: Path, log_json: str) -> Ended:
    folder.mkdir()
    with faulty_service(folder, LOG_JSON=log_json) as service, ThreadPoolExecutor(8) as pool:

        def inject(number: int) -> bytes:
            return FAULTS[number % len(FAULTS)](service, random.Random(number))

        half = AMOUNT // 2
        answers = list(pool.map(inject, range(half)))
        with broken_tables(service):
            answers += pool.map(inject, range(half, AMOUNT))
        assert service.end() == 0
        return Ended(service, answers)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """One that logs JSON objects, and one that logs text, with the same faults."""
    folder = tmp_path_factory.mktemp("faulty")
    with ThreadPoolExecutor(2) as pool:
        runs = {mode: pool.submit(partial(ended, folder / mode, mode)) for mode in ("true", "false")}
        return {mode: run.result() for mode, run in runs.items()}


@pytest.fixture
def as_json(both: dict[str, Ended]) -> Ended:
    return both["true"]


@pytest.fixture
def as_text(both: dict[str, Ended]) -> Ended:
    return both["false"]


def test_with_log_json_each_line_of_either_stream_is_one_object(as_json: Ended) -> None:
    lines = as_json.service.said()
    assert len(lines) > AMOUNT / 2
    for line in lines:
        assert list(orjson.loads(line))[:4] == FIRST, line


def test_for_people_each_line_is_one_record(as_text: Ended) -> None:
    start, *lines = as_text.service.said()
    assert start.startswith("Chainstream on ") and len(lines) > AMOUNT / 2
    assert [line for line in lines if not re.match(r"[\d-]{10}T[\d:.]+Z \[\w+ *\] \S", line)] == []


@pytest.mark.parametrize("mode", ["true", "false"])
def test_no_line_has_a_secret_a_prompt_a_path_or_a_traceback(both: dict[str, Ended], mode: str) -> None:
    for line in both[mode].service.said():
        assert "canary" not in line and "forged" not in line, line
        assert "Traceback" not in line and not any(path in line for path in paths()), line
        assert line.isprintable(), line


def test_no_answer_has_a_secret_a_path_or_a_traceback(both: dict[str, Ended]) -> None:
    for answer in (answer for each in both.values() for answer in each.answers):
        # What a tool says of its failure is a part of the conversation: the model is told it as well.
        told = b"".join(line for line in answer.splitlines() if b'"failing_tool"' not in line)
        assert b"Traceback" not in told and not any(path.encode() in told for path in paths()), told
        assert re.findall(rb"canary-(?!of-a-prompt)[\w-]+", told) == [], told


def test_each_run_leaves_exactly_one_closing_line(as_json: Ended) -> None:
    closing = [record for record in as_json.records if record["event"] == "run ended"]
    assert [record for record in closing if record.keys() < RUN_LINE - {"key_id"}] == []
    assert Counter(record["run_id"] for record in closing) == Counter(as_json.service.run_ids())
    assert {"succeeded", "failed", "cancelled"} == {record["outcome"] for record in closing}


def test_for_people_too_each_run_leaves_one_line(as_text: Ended) -> None:
    ends = (re.search(r" run ended .* run_id=(\w+)", line) for line in as_text.service.said())
    assert Counter(end[1] for end in ends if end) == Counter(as_text.service.run_ids())


def test_an_error_is_told_by_its_classes_and_where_they_were_raised(as_json: Ended) -> None:
    told = {tuple(record.get("exceptions", ())) for record in as_json.records}
    assert any(
        len(each) == 2
        and each[0].startswith("RuntimeError at tests.observability.faulty_chains:chained:")
        and each[1].startswith("KeyError at tests.observability.faulty_chains:chained:")
        for each in told
    )


def test_what_libraries_and_nobody_s_errors_say_names_run_and_request(as_json: Ended) -> None:
    by_logger = {record["logger"]: record for record in as_json.records}
    for logger in ("a_library", "asyncio", "langchain_core.callbacks.manager"):
        assert {"request_id", "run_id"} <= by_logger[logger].keys(), logger


def test_ids_of_requests_that_clients_make_up_and_are_not_taken_fill_no_log(as_json: Ended) -> None:
    assert not [record for record in as_json.records if "correlation" in record["logger"]]
