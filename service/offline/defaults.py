"""Valid values for a schema where the text has none."""

from collections.abc import Mapping
from typing import Any

from .schemas import MAX_NESTING, params_of, resolved


def default_for(schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A valid value where the text has none."""
    root = schema.get("$root") or {}
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return _default_number(schema)
        case "boolean":
            return False
        case "null":
            return None
        case "array":
            count = min(int(schema.get("minItems") or 0), 100) if depth < MAX_NESTING else 0
            items = resolved(schema.get("items") or {"type": "string"}, root)
            return [default_for(items, depth + 1) for _ in range(count)]
        case "object":
            inner = params_of(schema, root) if depth < MAX_NESTING else ()
            return {param.name: default_for(param.schema, depth + 1) for param in inner if param.required}
    return _default_string(schema)


def _default_number(schema: Mapping[str, Any]) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = 1 if "exclusiveMinimum" in schema else 0
    if isinstance(least, (int, float)) and least + step > 0:
        return least + step
    if isinstance(most, (int, float)) and most < 0:
        return most - (1 if "exclusiveMaximum" in schema else 0)
    return 0


def _default_string(schema: Mapping[str, Any]) -> str:
    forms = {
        "date": "2000-01-01",
        "date-time": "2000-01-01T00:00:00Z",
        "time": "00:00:00Z",
        "email": "nobody@example.com",
        "uri": "https://example.com/",
        "uuid": "00000000-0000-0000-0000-000000000000",
    }
    return forms.get(
        str(schema.get("format")), "unknown".ljust(min(int(schema.get("minLength") or 0), 1000), "n")
    )
