"""What other servers log of requests, without their queries: those carry prompts."""

import logging

NAME = "uvicorn.access"  # also under gunicorn, with uvicorn's worker
_PATH = 2  # of the arguments: client, method, path, version, status


def keep_queries_out() -> None:
    """Of this process's access log, wherever it is written to. Our own server writes none."""
    logging.getLogger(NAME).addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple) and len(record.args) > _PATH:
        path = str(record.args[_PATH]).partition("?")[0]
        record.args = (*record.args[:_PATH], path, *record.args[_PATH + 1 :])
    return True
