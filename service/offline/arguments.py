"""Fills a tool's parameters from a clause: each kind of parameter has its way to find a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .claims import Claims
from .counts import number_for, numbers_for
from .defaults import default_for
from .names import (
    boolean_for,
    code_for,
    currency_for,
    date_for,
    email_for,
    enum_for,
    language_for,
    person_for,
    phone_for,
    place_for,
    place_from_for,
    place_to_for,
    symbol_for,
    time_for,
    timezone_for,
    url_for,
)
from .schemas import MAX_NESTING, Param, params_of, resolved
from .wanted import Finder, Wanted
from .wordings import body_for, list_for, query_for, text_for, title_for
from .words import stem, words_of

_SPECIFIC_FIRST = (
    "enum boolean url email phone currency_to currency_from language timezone date time quoted integer "
    "number "
    "symbol place_from place_to place code array person object title expression unit_to unit_from body "
    "query text"
).split()


@dataclass(slots=True)
class Filling:
    """`choices` has more than one value where a parameter fits several: “Paris and London” are two calls."""

    args: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, list[Any]] = field(default_factory=dict)
    missing: list[Param] = field(default_factory=list)
    typed: int = 0  # how many values have a form of their own, and are no mere words

    def calls(self) -> list[dict[str, Any]]:
        """The arguments of each call: one for each value of the parameter that fits several."""
        several = next(((name, values) for name, values in self.choices.items() if len(values) > 1), None)
        if several is None:
            return [self.args]
        name, values = several
        return [self.args | {name: value} for value in values]


def filled(
    params: tuple[Param, ...], text: str, said: frozenset[str], whole: str = "", force: bool = False
) -> Filling:
    """Values for the parameters, taken from the text; with `force` every required one gets a valid value."""
    filling = Filling()
    wanted = Wanted(Claims(text), said, whole or text, force)
    strings = [param for param in params if param.required and param.kind not in ("boolean", "enum")]
    wanted.solo = len(strings) == 1
    for param in sorted(params, key=_order):
        _fill(param, wanted, filling)
    for param in params:
        if param.required and param.name not in filling.args:
            if force:
                filling.args[param.name] = default_for(param.schema)
            else:
                filling.missing.append(param)
    filling.args = {param.name: filling.args[param.name] for param in params if param.name in filling.args}
    return filling


def _order(param: Param) -> tuple[int, bool]:
    return _SPECIFIC_FIRST.index(param.kind) if param.kind in _SPECIFIC_FIRST else 99, not param.required


def _fill(param: Param, wanted: Wanted, filling: Filling) -> None:
    values = [value for value in _FINDERS[param.kind](param, wanted) if _is_valid(value, param.schema)]
    if not values:
        return
    filling.args[param.name] = values[0]
    if param.kind in _SEVERAL:
        filling.choices[param.name] = list(dict.fromkeys(values))
    if param.kind in _TYPED:
        filling.typed += 1


def _is_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        pattern = schema.get("pattern")
        return len(value) >= int(schema.get("minLength") or 0) and (
            not isinstance(pattern, str) or (len(pattern) < 200 and _matches(pattern, value))
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _in_range(value, schema)
    return True


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value[:200]) is not None
    except re.error:
        return True


def _in_range(value: float, schema: Mapping[str, Any]) -> bool:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return (
        (least is None or value >= least)
        and (most is None or value <= most)
        and (not isinstance(above, (int, float)) or isinstance(above, bool) or value > above)
        and (not isinstance(below, (int, float)) or isinstance(below, bool) or value < below)
    )


def _array(param: Param, wanted: Wanted) -> list[Any]:
    root = param.schema.get("$root") or {}
    item = resolved(param.schema.get("items") or {"type": "string"}, root)
    if item.get("type") == "object":
        value = _object_value(item, wanted, 1)
        return [[value]] if value else []
    inner = params_of(
        {
            "properties": {param.name.removesuffix("s"): {**item, "description": param.description}},
            "required": [param.name.removesuffix("s")],
        },
        root,
    )[0]
    if inner.kind in ("integer", "number"):
        return numbers_for(inner, wanted)
    if inner.kind == "enum":
        text = wanted.claims.text.lower()
        return (
            [found]
            if (found := [value for value in item.get("enum") or () if str(value).lower() in text])
            else []
        )
    values = (
        list_for(param, wanted)
        if inner.kind in ("text", "query", "body", "title", "code")
        else _FINDERS[inner.kind](inner, wanted)
    )
    return [values] if values else []


def _object(param: Param, wanted: Wanted) -> list[Any]:
    if not param.required and not any(stem(word) in param.stems for word in words_of(wanted.claims.text)):
        return []
    value = _object_value(param.schema, wanted, 1)
    return [value] if value or param.required else []


def _object_value(schema: Mapping[str, Any], wanted: Wanted, depth: int) -> dict[str, Any]:
    root = schema.get("$root") or {}
    if depth > MAX_NESTING:
        return {}
    filling = Filling()
    params = params_of(schema, root)
    for inner in sorted(params, key=_order):
        _fill(inner, wanted, filling)
    if filling.args or wanted.force:
        for inner in params:
            if inner.required and inner.name not in filling.args:
                filling.args[inner.name] = default_for(inner.schema)
    return filling.args


_FINDERS: dict[str, Finder] = {
    "enum": enum_for,
    "boolean": boolean_for,
    "integer": number_for,
    "number": number_for,
    "array": _array,
    "object": _object,
    "timezone": timezone_for,
    "email": email_for,
    "url": url_for,
    "phone": phone_for,
    "date": date_for,
    "time": time_for,
    "symbol": symbol_for,
    "code": code_for,
    "place": place_for,
    "place_to": place_to_for,
    "place_from": place_from_for,
    "currency_to": currency_for,
    "currency_from": currency_for,
    "language": language_for,
    "person": person_for,
    "title": title_for,
    "body": body_for,
    "query": query_for,
    "text": text_for,
    "expression": text_for,
    "unit_to": lambda param, wanted: [],
    "unit_from": lambda param, wanted: [],
}


_SEVERAL = frozenset(("timezone", "place", "symbol", "url", "person", "code"))


_TYPED = frozenset(_FINDERS) - {"text", "query", "body", "title", "boolean", "expression"}
