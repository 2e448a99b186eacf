"""The OpenAPI document: beside the routes, every event as a schema, and what a stream's response is."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from ..events import EVENTS
from ..wire import FORMATS

_STREAMS = ("/runs/stream", "/runs/{run_id}/events", "/stream", "/chat/stream", "/chat/stream-simple")
_OF_ONE_FORMAT = ("/openai-stream", "/secure-llm-stream", "/llm-proxy")
_STARTING = ("/runs", "/runs/wait", *_STREAMS, *_OF_ONE_FORMAT)


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs, `detail` for people.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")


def document_events(app: FastAPI) -> None:
    """Let `app.openapi()` tell of events too."""
    plain = app.openapi

    def with_events() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, event in EVENTS.items():
                schemas[f"event.{name}"] = _schema_of(event, schemas)
            schemas["Problem"] = PROBLEM
            _describe_streams(document)
            _describe_refusals(document)
        return app.openapi_schema or {}

    app.openapi = with_events  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _schema_of(event: type[object], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(event).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs", {})
    properties = schema["properties"]
    if "data_" in properties:  # `data` is a method of the class
        properties["data"] = properties.pop("data_")
        schema["required"] = ["data" if name == "data_" else name for name in schema["required"]]
    return schema


_ANSWERS = [
    ("format", "query", f"One of {', '.join(FORMATS)}; else Accept decides, then the route's default."),
    ("smooth", "query", "word: whole words, at most 50 ms late; with tokens and text."),
    ("after", "query", "The cursor: an event's id, <attempt>.<seq> or <seq>."),
    ("on_gap", "query", "snapshot (the default), or error for 410 in place of a gap."),
    ("Last-Event-ID", "header", "The cursor as browsers send it; it wins. With it, nothing is started."),
]
_STARTS = [
    ("idempotency_key", "query", "The same key and request is the same run; with another request, 409."),
    ("Idempotency-Key", "header", "As idempotency_key."),
]


def _add_parameters(operation: dict[str, Any], parameters: list[tuple[str, str, str]]) -> None:
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": place, "description": text, "schema": {"type": "string"}}
        for name, place, text in parameters
    )


def _describe_streams(document: dict[str, Any]) -> None:
    anyone = [{"$ref": f"#/components/schemas/event.{name}"} for name in EVENTS]
    frame = {name: {"type": "string"} for name in ("id", "event", "data")}
    content = {
        "text/event-stream": {"schema": {"type": "object", "properties": frame, "x-events": anyone}},
        "application/x-ndjson": {},
        "text/plain": {"schema": {"type": "string"}},
    }
    for path in (*_STREAMS, *_OF_ONE_FORMAT):
        for operation in document["paths"][path].values():
            operation["responses"]["200"] = {"description": "The run as it happens", "content": content}
            operation["responses"]["204"] = {"description": "The run has ended and the cursor is at its end"}
            _add_parameters(operation, _ANSWERS if path in _STREAMS else _ANSWERS[1:])
    for path in _STARTING:
        for operation in document["paths"][path].values():
            if "Start" in operation["summary"] or "Ask" in operation["summary"]:
                _add_parameters(operation, _STARTS)


def _describe_refusals(document: dict[str, Any]) -> None:
    """Every operation's errors are problems, in place of what FastAPI tells of its own."""
    schema = {"$ref": "#/components/schemas/Problem"}
    refused = {
        "description": "What was wrong, and what would be right",
        "content": {"application/problem+json": {"schema": schema}},
    }
    for path in document["paths"].values():
        for method in path.keys() & set(_METHODS):
            path[method]["responses"].pop("422", None)
            path[method]["responses"]["default"] = refused
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
