"""The OpenAPI document: beside the routes, their JSON answers, every event, control frame and message to a
WebSocket as a schema, and what a stream's response is."""

from collections.abc import Sequence
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import TypedDictSchema

from ..events import EVENTS
from ..wire import FORMATS
from ..wire.base import CONTROL_FRAMES
from .ag_ui_body import schemas as ag_ui_schemas
from .json_answers import shape_of
from .openai_errors import OPENAI_ROUTES, OpenAIError
from .problems import Problem
from .socket_messages import Said

_STREAMS = ("/runs/stream", "/runs/{run_id}/events", "/stream", "/chat/stream", "/chat/stream-simple")
_OF_ONE_FORMAT = (
    "/openai-stream",
    "/secure-llm-stream",
    "/llm-proxy",
    "/ag-ui/{chain}",
    "/ai-sdk/{chain}",
    "/ai-sdk/{chain}/{chat_id}/stream",
    "/api/jobs/{job_id}/llm-call-stream",
)
_OPENAI = {"/v1/chat/completions": "post", "/v1/responses": "post", "/v1/responses/{response_id}": "get"}
_STARTING = ("/runs", "/runs/wait", "/api/jobs/{job_id}/llm-call", *_STREAMS, *_OF_ONE_FORMAT)
_REF = "#/components/schemas/{model}"
_METHODS = ("get", "post", "put", "patch", "delete")


def document_answers(app: FastAPI) -> None:
    """Let `app.openapi()` tell of answers and events too."""
    plain = app.openapi

    def with_answers() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, event in EVENTS.items():
                schemas[f"event.{name}"] = _schema_of(event, schemas)
            _describe_frames(schemas)
            schemas |= ag_ui_schemas()
            _describe_answers(app, document)
            _describe_streams(document)
            _describe_refusals(document)
        return app.openapi_schema or {}

    app.openapi = with_answers  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _schema_of(event: type[object], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(event).json_schema(ref_template=_REF, schema_generator=_Closed)
    schemas |= schema.pop("$defs", {})
    unsent, seldom = getattr(event, "local", ()), getattr(event, "optional", ())
    properties = {
        name.removesuffix("_"): told  # `data` is a method of the class
        for name, told in schema["properties"].items()
        if name not in unsent
    }
    return schema | {
        "properties": properties,
        "required": [name for name in properties if name not in seldom],
    }


def _describe_frames(schemas: dict[str, Any]) -> None:
    """What streams tell beside events, and what a WebSocket is told."""
    shapes: dict[str, Any] = {f"frame.{name}": fields for name, fields in CONTROL_FRAMES.items()}
    for message in get_args(get_args(Said)[0]):
        (kind,) = get_args(message.model_fields["type"].annotation)
        shapes[f"socket.{kind}"] = message
    for name, shape in shapes.items():
        schema = TypeAdapter(shape).json_schema(ref_template=_REF, schema_generator=_Closed)
        schemas |= schema.pop("$defs", {})
        schemas[name] = schema


class _Closed(GenerateJsonSchema):
    """What a TypedDict does not name is not in an answer. A property's title would say its name again."""

    def typed_dict_schema(self, schema: TypedDictSchema) -> JsonSchemaValue:
        return super().typed_dict_schema(schema) | {"additionalProperties": False}

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _describe_answers(app: FastAPI, document: dict[str, Any]) -> None:
    """Each route's JSON, of the shape that its function says to return."""
    shapes = {
        (context.path_format, method): shape_of(context.endpoint)
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
    }
    schemas = _schemas_of(
        [*filter(None, shapes.values()), Problem, OpenAIError], document["components"]["schemas"]
    )
    for path, operations in document["paths"].items():
        for method in operations.keys() & set(_METHODS):
            if shape := shapes[path, method.upper()]:
                _describe_answer(operations[method]["responses"], schemas[shape])


def _describe_answer(responses: dict[str, Any], schema: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status.startswith("2") or status == "503":
            response["content"] = {"application/json": {"schema": schema}}


def _schemas_of(shapes: Sequence[type], schemas: dict[str, Any]) -> dict[type, dict[str, Any]]:
    """A reference to each, and under its name what it is."""
    refs, definitions = TypeAdapter.json_schemas(
        [(shape, "serialization", TypeAdapter(shape)) for shape in dict.fromkeys(shapes)],
        ref_template=_REF,
        schema_generator=_Closed,
    )
    schemas |= definitions["$defs"]
    return {shape: schema for (shape, _), schema in refs.items()}


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
    for path, method in _OPENAI.items():
        operation = document["paths"][path][method]
        operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
        if method == "post":
            operation["responses"]["204"] = {"description": "The run has ended and the cursor is at its end"}
            _add_parameters(operation, _STARTS[1:])
    for path in _STARTING:
        for operation in document["paths"][path].values():
            if "Start" in operation["summary"] or "Ask" in operation["summary"]:
                _add_parameters(operation, _STARTS)


def _describe_refusals(document: dict[str, Any]) -> None:
    """Every operation's errors are problems, in place of what FastAPI tells of its own."""
    usual = _refused("application/problem+json", Problem)
    openai = _refused("application/json", OpenAIError)
    for path, operations in document["paths"].items():
        for method in operations.keys() & set(_METHODS):
            operations[method]["responses"].pop("422", None)
            operations[method]["responses"]["default"] = openai if path.startswith(OPENAI_ROUTES) else usual
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _refused(media_type: str, shape: type) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {
        "description": "What was wrong, and what would be right",
        "content": {media_type: {"schema": schema}},
    }
