"""The wire formats by name: those that `?format=` chooses, and those of routes that have their own."""

from .ag_ui import AGUIFormat
from .ai_sdk import AISDKFormat
from .base import Format
from .events import EventsFormat
from .message import MessageFormat
from .ndjson import NDJSONFormat
from .openai import OpenAIFormat, OpenAINDJSONFormat, OpenAIUsageFormat
from .plain import DoneTextFormat, ProxyFormat
from .responses import ResponsesFormat
from .text import TextFormat
from .tokens import TokensFormat
from .websocket import WebSocketFormat

FORMATS: dict[str, type[Format]] = {
    "events": EventsFormat,
    "tokens": TokensFormat,
    "message": MessageFormat,
    "text": TextFormat,
    "ndjson": NDJSONFormat,
    "openai": OpenAIFormat,
    "openai-ndjson": OpenAINDJSONFormat,
    "ag-ui": AGUIFormat,
    "ai-sdk": AISDKFormat,
}

ROUTE_FORMATS: dict[str, type[Format]] = {
    "text-done": DoneTextFormat,
    "llm-proxy": ProxyFormat,
    "openai-usage": OpenAIUsageFormat,
    "responses": ResponsesFormat,
    "websocket": WebSocketFormat,
}
