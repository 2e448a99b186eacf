"""What a prompt asks the fake provider to do, and the steps in which it does it, whatever the wire."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from .wire import Asked, Wire


class Event(Enum):
    """What a step can be beside bytes."""

    PACE = auto()  # wait until the next token is due
    CUT = auto()  # drop the connection in the middle of the answer
    END = auto()  # end cleanly, without a word
    STALL = auto()  # say nothing more, and leave the connection open


@dataclass(frozen=True, kw_only=True)
class Script:
    """Numbers of tokens, but `rate` (a second, 0 for no pace), `wait` (seconds) and `fail` (a status).

    The failures come after so many tokens, or tool calls; None for none.
    """

    tokens: int = 10
    rate: float = 0
    wait: float = 0
    reason: int = 0
    tools: int = 0
    fail: int = 0
    times: int = 1_000_000  # how often it fails before it does not
    cut: int | None = None
    truncate: int | None = None
    malformed: int | None = None
    error: int | None = None
    stall: int | None = None


def script_of(prompt: str, model: str = "") -> Script:
    """Reads `name=number` wherever it stands in the prompt; `model/name=number` is for that model alone."""
    names = "|".join(Script.__dataclass_fields__)
    told = re.findall(rf"(?<![\w.:-])(?:([\w.:-]+)/)?({names})=([0-9.]+)", prompt)
    found = {name: value for of, name, value in sorted(told) if of in ("", model)}  # its own ones win
    numbers = {
        name: float(value) if name in ("rate", "wait") else int(value) for name, value in found.items()
    }
    return Script(**numbers)  # type: ignore[arg-type]  # floats and ints by name


def token(number: int) -> str:
    return f"t{number} "


def thought(number: int) -> str:
    return f"r{number} "


def steps(script: Script, asked: Asked, wire: Wire) -> Iterator[bytes | Event]:
    """A stream's bytes, and what happens between them."""
    yield wire.opening()
    for number in range(1, script.reason + 1):
        yield Event.PACE
        yield wire.thought(thought(number))
    if script.tools and asked.tools and not asked.answered:
        for index in range(script.tools):
            yield wire.tool_call(index, asked.tools[0])
            if failing := _failing(index + 1, script, wire):
                yield failing
                return
        yield wire.ending("tool_calls", script.tools)
        return
    for number in range(script.tokens + 1):
        if number:
            yield Event.PACE
            yield wire.token(token(number))
        if failing := _failing(number, script, wire):
            yield failing
            return
    yield wire.ending("stop", script.tokens)


def _failing(number: int, script: Script, wire: Wire) -> bytes | Event | None:
    """What goes wrong after so many tokens or calls, if anything does."""
    if number == script.truncate:
        return wire.ended_early() or Event.END
    if number == script.malformed:
        return wire.malformed()
    if number == script.error:
        return wire.error_chunk()
    if number == script.cut:
        return Event.CUT
    return Event.STALL if number == script.stall else None
