"""The settings as they are in effect, each with where it comes from, for people; no secret is shown."""

import os
import re
from collections.abc import Iterator

from dotenv import dotenv_values
from pydantic import SecretStr

from .settings import Settings

HIDDEN = "(set, not shown)"

_ACCESS = re.compile(r"(?<=://)[^/@\s]+(?=@)")  # a user and password within an address


def told_settings(settings: Settings) -> Iterator[str]:
    """A line each: `NAME=value`, and its source."""
    environment = {name.upper() for name in os.environ}
    file = {name.upper() for name in dotenv_values(".env")}
    lines = [
        (f"{name.upper()}={_told(getattr(settings, name))}", _source(name.upper(), environment, file))
        for name in Settings.model_fields
    ]
    width = max(len(line) for line, _ in lines if len(line) <= 60)
    return (f"{line:{width}}  # {source}" for line, source in lines)


def _source(name: str, environment: set[str], file: set[str]) -> str:
    if name in environment:
        return "environment"
    return ".env" if name in file else "default"


def _told(value: object) -> str:
    match value:
        case SecretStr():
            return HIDDEN if value.get_secret_value() else ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(map(_told, value))
    return _ACCESS.sub("…", str(value))
