"""What servers log of requests, without their queries: those carry prompts."""

import logging

LOGGERS = ("uvicorn.access", "uvicorn.error")  # also under gunicorn; the second tells of WebSockets


def keep_queries_out() -> None:
    """Of this process's logs of requests, wherever they are written to. Our own server has none of HTTP."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_without_queries)


def _without_queries(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_without_query(each) for each in record.args)
    return True


def _without_query(argument: object) -> object:
    is_path = isinstance(argument, str) and argument.startswith("/")
    return str(argument).partition("?")[0] if is_path else argument
