"""The OpenAPI document tells of every JSON answer what it is: types of clients are generated from it."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings

DOCUMENT = create_app(Settings(_env_file=None)).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
METHODS = {"get", "post", "put", "patch", "delete"}
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method in METHODS
]


def json_schemas(operation: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if media_type == "application/json" or media_type.endswith("+json"):
                yield status, content.get("schema")


def refs_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from refs_in(item)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from [item] if key == "$ref" else refs_in(item)


def reached(schema: Any) -> set[str]:
    """The names of all schemas that one consists of."""
    found: set[str] = set()
    left = list(refs_in(schema))
    while left:
        if (name := left.pop().removeprefix("#/components/schemas/")) not in found:
            found.add(name)
            left += refs_in(SCHEMAS[name])
    return found


ANSWERS = sorted(
    set[str]().union(*(reached(told) for _, each in OPERATIONS for _, told in json_schemas(each)))
)


@pytest.mark.parametrize(("label", "operation"), OPERATIONS, ids=[label for label, _ in OPERATIONS])
def test_every_json_answer_names_its_schema(label: str, operation: dict[str, Any]) -> None:
    told = dict(json_schemas(operation))
    assert all(schema and schema.keys() == {"$ref"} for schema in told.values()), told
    error = "OpenAIError" if " /v1/" in label else "Problem"
    assert told["default"] == {"$ref": f"#/components/schemas/{error}"}
    bodiless = {status for status, response in operation["responses"].items() if "content" not in response}
    assert bodiless <= {"204"}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_says_all_that_it_has(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema["type"] == "object" and schema["description"]
    assert schema["additionalProperties"] is False
    assert schema["required"]
    assert name.isalnum(), "two shapes of the same name"


def test_there_are_answers_of_all_rooms() -> None:
    named = {"Run", "RunSummary", "Thread", "HistoryItem", "SearchResult", "Usage", "Chain", "Key", "Health"}
    assert named <= set(ANSWERS)


def test_an_event_says_which_of_its_fields_always_travel() -> None:
    usage, tool_end = SCHEMAS["event.usage"], SCHEMAS["event.tool_end"]
    assert set(usage["properties"]) - set(usage["required"]) == {"estimated"}
    assert set(tool_end["properties"]) - set(tool_end["required"]) == {"truncated", "size"}
    assert "whole" not in tool_end["properties"]
    assert {"t", "name", "data"} == set(SCHEMAS["event.custom"]["required"])
