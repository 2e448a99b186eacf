"""A record as a line: what is told of it, in what order, and what could be in it that must not be."""

import logging
import re
import sys
from typing import Any

import orjson
import pytest

from service.errors import NotFound
from service.log_context import context_of_run
from service.observability.log_lines import MAX_CHARS, console_lines, json_lines
from service.observability.told_errors import MOST, told_causes
from service.observability.told_records import HIDDEN
from tests.observability.listening import heard

CANARY = "canary-4711"
OURS, THEIRS = logging.getLogger("service.anything"), logging.getLogger("a_library")


def record_of(text: object, *args: object, name: str = "service.anything", **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, text, args, None, "record_of")
    record.__dict__.update(extra)
    return record


def as_json(record: logging.LogRecord, *, whole: bool = False) -> dict[str, Any]:
    line = json_lines(whole=whole).format(record)
    assert "\n" not in line
    return dict(orjson.loads(line))


def as_text(record: logging.LogRecord, *, whole: bool = False) -> str:
    return console_lines(whole=whole, colors=False).format(record)


def test_the_fields_come_in_one_order_and_the_time_is_utc() -> None:
    told = as_json(record_of("it %s", "was", chain="chat", answer=42))
    assert list(told) == ["timestamp", "level", "logger", "event", "chain", "answer"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told.pop("timestamp"))
    assert told == {
        "level": "error",
        "logger": "service.anything",
        "event": "it was",
        "chain": "chat",
        "answer": 42,
    }


def test_whose_run_and_key_it_is_comes_from_the_context() -> None:
    told = context_of_run("r1", "k1").run(as_json, record_of("it was"))
    assert (told["run_id"], told["key_id"]) == ("r1", "k1")
    assert "run_id" not in as_json(record_of("it was")) and "request_id" not in as_json(record_of("it was"))


@pytest.mark.parametrize("given", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\x85b", "a\u202eb", "a\0b"])
def test_a_value_neither_breaks_a_line_nor_bends_it(given: str) -> None:
    for record in (record_of(given), record_of("%s", given), record_of("it was", name_=given)):
        assert as_text(record).isprintable()
        line = json_lines(whole=False).format(record)
        assert len(line.splitlines()) == 1 and given in orjson.loads(line).values()


@pytest.mark.parametrize("given", ["half \ud800 a pair", 1 << 70, float("nan"), {"a": {1, 2}}, object])
def test_any_value_becomes_json_and_text(given: object) -> None:
    assert as_json(record_of("it was", given=given))["event"] == "it was"
    assert as_text(record_of("it was %s", "\ud800", given=given)).encode(errors="replace")


def test_a_long_value_is_cut() -> None:
    assert len(as_json(record_of("x" * 100_000))["event"]) == MAX_CHARS


def test_an_error_among_our_own_arguments_is_told_by_its_class_and_code() -> None:
    error = NotFound("chain_not_found", CANARY)
    assert as_json(record_of("no: %s", error))["event"] == "no: service.errors.NotFound chain_not_found"
    assert as_json(record_of(ValueError(CANARY)))["event"] == "ValueError"
    assert as_json(record_of("no", why=OSError(CANARY)))["why"] == "OSError"


def test_of_a_librarys_words_only_those_are_told_that_stand_in_its_code() -> None:
    with heard() as lines:
        THEIRS.warning("from %s by %r, %d times, %.1f s", CANARY, CANARY, 3, 0.5)
        THEIRS.warning(f"from {CANARY}")
        THEIRS.warning("%(name)s came", {"name": CANARY})
        THEIRS.warning("%d came", CANARY)
        THEIRS.warning("it said %s", ValueError(CANARY), extra={"more": CANARY})
        THEIRS.warning(ValueError(CANARY))
    events = [record["event"] for record in lines.records]
    assert events == [
        "from … by …, 3 times, 0.5 s",
        HIDDEN,
        "… came",
        "%d came",
        "it said ValueError",
        "ValueError",
    ]
    said_at = lines.records[1]["said_at"]
    assert said_at.startswith("test_log_lines:test_of_a_librarys_words")
    assert CANARY not in "".join(lines.lines)


def test_arguments_that_do_not_fit_their_text_end_nothing() -> None:
    with heard() as lines:
        OURS.error("%d of %s", "one")
        THEIRS.error("%d of %s", 1)
    assert [record["level"] for record in lines.records] == ["error", "error"]


def test_an_error_is_told_by_its_chain_of_causes_and_places() -> None:
    with heard() as lines:
        try:
            try:
                raise KeyError(CANARY)
            except KeyError as error:
                raise ExceptionGroup(CANARY, [ValueError(CANARY)]) from error
        except ExceptionGroup:
            OURS.exception("it failed")
    (told,) = lines.records
    place = "tests.observability.test_log_lines:test_an_error_is_told_by_its_chain_of_causes_and_places"
    assert [re.sub(r":\d+$", "", each) for each in told["exceptions"]] == [
        f"ExceptionGroup at {place}",
        "ValueError",
        f"KeyError at {place}",
    ]
    assert CANARY not in lines.lines[0]


def test_an_endless_chain_of_causes_is_told_to_a_bound() -> None:
    last = RuntimeError()
    for _ in range(100):
        cause, last = last, RuntimeError()
        last.__cause__ = cause
    assert len(told_causes(last)) == MOST


def test_at_debug_everything_is_told_and_on_a_console_a_traceback_has_its_lines() -> None:
    try:
        raise ValueError(f"{CANARY}\x1b[31m")
    except ValueError:
        record = record_of("from %s", CANARY, name="a_library", exc_info=sys.exc_info(), more=CANARY)
    told = as_json(record, whole=True)
    assert told["event"] == f"from {CANARY}" and told["more"] == CANARY
    assert told["traceback"].startswith("Traceback") and CANARY in told["traceback"]
    first, *trace = as_text(record, whole=True).splitlines()
    assert CANARY in first and trace[0].startswith("Traceback") and r"\x1b[31m" in trace[-1]
