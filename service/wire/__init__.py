"""The wire formats by name."""

from .base import Format
from .events import EventsFormat
from .ndjson import NDJSONFormat
from .text import TextFormat
from .tokens import TokensFormat

FORMATS: dict[str, type[Format]] = {
    "events": EventsFormat,
    "tokens": TokensFormat,
    "text": TextFormat,
    "ndjson": NDJSONFormat,
}
