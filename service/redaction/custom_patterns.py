"""Rules of the operator's own, from REDACT_PATTERNS; their patterns may be any, so their time is bounded."""

import re
from collections.abc import Mapping
from pathlib import Path

import orjson

from ..errors import StartError
from .patterns import compiled
from .rule import Rule

SECONDS = 0.05  # that one look for such a pattern may take
LONGEST_NAME = 32

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_FLAGS = re.compile(r"\(\?([aiLmsuwxV01]+)\)")
_PARTS = re.compile(r"\\(.)|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\$", re.DOTALL)

# What stands at a place by what is after it: the end of a text that goes on must not decide it.
_BY_WHAT_FOLLOWS = {
    "b": r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))",
    "B": r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))",
    "m": r"(?<!\w)(?=\w)",
    "M": r"(?<=\w)(?!\w)",
    "Z": r"(?![\s\S])",
    "z": r"(?![\s\S])",
    "$": r"(?=\n?(?![\s\S]))",
}
EXAMPLE = r'{"employee": "E\\d{6}"}'


def parse_custom_patterns(text: str, taken: Mapping[str, object]) -> dict[str, Rule]:
    """`{"employee": "E\\\\d{6}"}`, or the path of a file of that; rules by their names, of which none may be
    `taken`. Raises StartError."""
    if not text.strip():
        return {}
    try:
        given = orjson.loads(text if text.lstrip().startswith("{") else Path(text).read_bytes())
    except OSError as error:
        raise _bad(f"{text!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _bad(str(error)) from error
    if not isinstance(given, dict):
        raise _bad("it is no object")
    return {name: _rule(name, pattern, taken) for name, pattern in given.items()}


def _rule(name: str, pattern: object, taken: Mapping[str, object]) -> Rule:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise _bad(f"a name is up to {LONGEST_NAME} of a-z, 0-9 and _, not {name!r}")
    if name in taken:
        raise _bad(f"{name!r} is a rule that there is already")
    if not isinstance(pattern, str):
        raise _bad(f"the pattern of {name!r} is no text")
    try:
        return Rule(name=name, pattern=checked_pattern(pattern), replace=lambda _: f"[{name}]")
    except ValueError as error:
        raise _bad(f"the pattern of {name!r} {error}") from error


def checked_pattern(pattern: str) -> str:
    """The pattern as it can be looked for in a text that goes on. Raises ValueError, with what it does."""
    flags = _FLAGS.match(pattern)
    body = pattern[flags.end() :] if flags else pattern
    if _FLAGS.search(body):
        raise ValueError("has flags that are not at its beginning")
    written = _PARTS.sub(_stated, body)
    scoped = f"(?{flags[1]}:{written})" if flags else written
    compiled(pattern)
    try:
        matches_nothing = compiled(scoped).fullmatch("", timeout=SECONDS)
    except TimeoutError:
        raise ValueError("takes too long") from None
    if matches_nothing:
        raise ValueError("matches the empty text")
    return scoped


def _stated(part: "re.Match[str]") -> str:
    return _BY_WHAT_FOLLOWS.get(part[1] or part[0], part[0])


def _bad(why: str) -> StartError:
    return StartError(
        "bad_patterns", f"REDACT_PATTERNS: {why}. It is, for example, {EXAMPLE}, or a file of that."
    )
