"""Logs of requests, of other servers too: who asked for which path, and never what was asked."""

import logging

import pytest

from service.app import create_app
from service.settings import Settings

CANARY = "canary-4711"


@pytest.mark.parametrize(
    ("logger", "message", "arguments"),
    [
        (
            "uvicorn.access",
            '%s - "%s %s HTTP/%s" %d',
            ("1.2.3.4:5", "GET", f"/stream?query={CANARY}", "1.1", 200),
        ),
        ("uvicorn.error", '%s - "WebSocket %s" [accepted]', ("1.2.3.4:5", f"/ws/me?x={CANARY}")),
    ],
)
def test_what_uvicorn_logs_of_a_request_has_its_path_and_not_its_query(
    caplog: pytest.LogCaptureFixture, logger: str, message: str, arguments: tuple[object, ...]
) -> None:
    create_app(Settings(_env_file=None))
    logging.getLogger(logger).addHandler(caplog.handler)  # uvicorn's own pass nothing on
    try:
        logging.getLogger(logger).error(message, *arguments)
    finally:
        logging.getLogger(logger).removeHandler(caplog.handler)
    assert CANARY not in caplog.text
    assert all(str(argument).partition("?")[0] in caplog.text for argument in arguments)
