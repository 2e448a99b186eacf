"""What an answer that refuses tells: its class, code, message, and when to come back."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from chainstream_client import NotFound, RateLimited, RefusedError, Retry, ServiceFailed
from chainstream_client.errors import refusal, seconds_in
from chainstream_client.retry import Tries

PROBLEM = b'{"type": "about:blank", "status": 404, "code": "run_not_found", "detail": "There is no run."}'


def test_a_problem_is_told_with_its_code_its_sentence_and_the_id_of_its_request() -> None:
    error = refusal(404, {"x-request-id": "r1"}, PROBLEM)
    assert type(error) is NotFound
    assert (error.code, error.message, error.request_id) == ("run_not_found", "There is no run.", "r1")
    assert str(error) == "404 run_not_found: There is no run."
    assert error.problem["type"] == "about:blank"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff", b"null"])
def test_what_is_no_problem_is_told_by_its_status(body: bytes) -> None:
    error = refusal(502, {}, body)
    assert (type(error), error.code, error.message) == (ServiceFailed, "http_502", "Bad Gateway")
    assert (error.problem, error.request_id) == ({}, None)


def test_a_status_that_nobody_knows_is_a_refusal_too() -> None:
    assert type(refusal(799, {}, b"")) is ServiceFailed
    assert type(refusal(302, {}, b"")) is RefusedError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("", None), ("7", 7), ("-1", None), ("soon", None), ("٣", None), ("1.5", None)],
)
def test_retry_after_is_seconds(text: str | None, seconds: float | None) -> None:
    assert seconds_in(text) == seconds


def test_retry_after_is_a_date_too() -> None:
    now = datetime.now(UTC)
    in_a_minute = seconds_in(format_datetime(now + timedelta(seconds=60), usegmt=True))
    assert in_a_minute is not None and 50 < in_a_minute <= 60
    assert seconds_in(format_datetime(now - timedelta(days=1))) == 0


def test_what_failed_for_good_is_not_asked_for_again() -> None:
    for retry in ("true", "false"):  # whoever sends it says so of a run that has ended
        assert Tries(Retry()).failed(refusal(502, {"x-should-retry": retry}, b"")) is None
    assert Tries(Retry()).failed(refusal(502, {}, b"")) is not None
    assert Tries(Retry()).failed(refusal(409, {}, b"")) is None


def test_a_refusal_that_asks_for_more_time_than_there_is_is_told_at_once() -> None:
    error = refusal(429, {"retry-after": "31"}, b"")
    assert isinstance(error, RateLimited) and error.retry_after == 31
    assert Tries(Retry(longest=30)).failed(error) is None
    assert Tries(Retry(longest=31)).failed(error) == 31


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"longest": -1}])
def test_retry_takes_no_less_than_one_try_and_no_pause(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Retry(**wrong)
