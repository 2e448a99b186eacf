"""JSON schemas as clients give them: checked, put as a model can be asked for them, and what a value lacks.

A schema comes from outside, and so does the text that values are taken from: nothing is fetched for it, and
its patterns are matched in linear time, by the engine that pydantic has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.validators import extend, validator_for
from pydantic_core import SchemaError as BadPattern
from pydantic_core import SchemaValidator, core_schema
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

MAX_NODES = 2_000
MAX_REFERENCES = 10_000  # that the check of one value follows
MAX_PROBLEMS = 10
MAX_PROBLEM_CHARS = 200
EXAMPLE = '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """`asked` is an object's schema with a title, as models want it; other values are boxed in one."""

    asked: dict[str, Any]
    boxed: bool
    validator: Any

    def unboxed(self, value: Mapping[str, Any]) -> Any:
        return value.get("value") if self.boxed else value

    def problems(self, value: Any) -> list[str]:
        """What is wrong with a value, a sentence each; the first of them, if there are many."""
        try:
            return [_told(error) for error in islice(self.validator.iter_errors(value), MAX_PROBLEMS)]
        except RecursionError:
            return ["it is too much to check"]


def checked_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema. Raises ValueError with what is wrong, and what would be right."""
    nodes = list(islice(_nodes(schema), MAX_NODES + 1))
    if not schema or len(nodes) > MAX_NODES or not isinstance(schema.get("$schema", ""), str):
        raise ValueError(f"must be a JSON Schema of 1 to {MAX_NODES:,} parts, for example {EXAMPLE}")
    try:
        validator_for(schema, Draft202012Validator).check_schema(schema)
        for node in nodes:
            _check_node(node)
        _check_references(schema, nodes)
    except SchemaError as error:
        raise ValueError(f"is no JSON Schema: {_told(error)}; right would be {EXAMPLE}") from error
    except RecursionError as error:
        raise ValueError("is nested too deep, or refers to itself without end") from error
    return schema


def form_of(schema: Schema) -> Form:
    """Of a schema that was checked."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", str(schema.get("title") or ""))[:64].strip("_") or "extraction"
    plain = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "title")}
    boxed = schema.get("type") != "object" or not schema.get("properties")
    return Form(_boxed(name, plain) if boxed else {"title": name, **plain}, boxed, _validator(schema))


def _boxed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    shared = {key: schema.pop(key) for key in ("$defs", "definitions") if key in schema}
    moved = {"properties": {"value": _moved(schema)}, **_moved(shared)}
    return {"title": name, "type": "object", **moved, "required": ["value"]}


def _moved(part: Any) -> Any:
    """With references to the whole schema leading into the box."""
    if isinstance(part, list):
        return [_moved(each) for each in part]
    if not isinstance(part, dict):
        return part
    moved = {key: _moved(value) for key, value in part.items()}
    reference = moved.get("$ref")
    if isinstance(reference, str) and not reference.startswith(("#/$defs/", "#/definitions/")):
        moved["$ref"] = f"#/properties/value{reference.removeprefix('#')}"
    return moved


def _validator(schema: Schema) -> Any:
    """Follows so many references and no more: few of them can lead to more places than could ever be seen."""
    kind = validator_for(schema, Draft202012Validator)
    left = iter(range(MAX_REFERENCES))

    def follow(validator: Any, reference: str, value: Any, part: Any) -> Iterator[ValidationError]:
        if next(left, None) is None:
            raise RecursionError
        yield from kind.VALIDATORS["$ref"](validator, reference, value, part) or ()

    # jsonschema's extend() has no types.
    own = extend(kind, {"pattern": _pattern, "$ref": follow})  # type: ignore[no-untyped-call]
    return own(schema, registry=Registry())  # an empty one: jsonschema's own would fetch what is referred to


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _searcher(pattern).isinstance_python(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@lru_cache(maxsize=64)
def _searcher(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern))


def _check_node(node: Mapping[str, Any]) -> None:
    if isinstance(reference := node.get("$ref"), str) and not reference.startswith("#"):
        message = f"refers to {reference!r}: only references within it are followed, as #/$defs/name"
        raise ValueError(message)
    for key, instead in (("patternProperties", "properties"), ("$dynamicRef", "$ref")):
        if key in node:
            raise ValueError(f"has {key}, which is not known here: use {instead}")
    if isinstance(pattern := node.get("pattern"), str):
        try:
            _searcher(pattern)
        except BadPattern as error:
            message = f"has the pattern {pattern!r}: patterns are without look-around and back-references"
            raise ValueError(message) from error


def _check_references(schema: Schema, nodes: Sequence[Schema]) -> None:
    """Each leads somewhere. Raises RecursionError where one leads to itself."""
    dialect = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    resolver = Registry().with_resource("", dialect.create_resource(schema)).resolver()
    try:
        for node in nodes:
            if isinstance(reference := node.get("$ref"), str):
                resolver.lookup(reference)
        _validator(schema).is_valid({})
    except Unresolvable as error:
        raise ValueError(f"has a reference to {error.ref!r}, which is not in it") from error


def _nodes(schema: Schema) -> Iterator[Schema]:
    """The schema and all objects in it, whatever they mean there."""
    left: list[Any] = [schema]
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part


def _told(error: ValidationError | SchemaError) -> str:
    where = error.json_path.removeprefix("$").removeprefix(".")
    return f"{where}: {error.message}"[:MAX_PROBLEM_CHARS] if where else error.message[:MAX_PROBLEM_CHARS]
