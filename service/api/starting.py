"""The door through which each route starts its runs."""

from typing import Any

from starlette.requests import HTTPConnection

from ..access.caller import Caller
from ..errors import TooLarge
from ..run import Run, RunRequest
from .admission import visit_of
from .services import Services


async def start(
    services: Services,
    connection: HTTPConnection,
    caller: Caller,
    request: RunRequest,
    *,
    attached: bool,
    key: str | None = None,
    run_id: str | None = None,
) -> Run:
    """As `Runs.start` does. Raises TooLarge besides."""
    check_prompt(request, services.max_prompt_chars)
    run = await services.runs.start(request, caller, attached=attached, key=key, run_id=run_id)
    run.address = visit_of(connection).address
    return run


def check_prompt(request: RunRequest, most: int) -> None:
    if (count := _chars_in(request.input) + len(request.system or "")) > most:
        message = f"The input has {count} characters; this service takes {most} (MAX_PROMPT_CHARS)."
        raise TooLarge("prompt_too_long", message)


def _chars_in(value: Any) -> int:
    """Of all texts in a JSON value."""
    match value:
        case str():
            return len(value)
        case list():
            return sum(map(_chars_in, value))
        case dict():
            return sum(len(name) + _chars_in(item) for name, item in value.items())
    return 0
