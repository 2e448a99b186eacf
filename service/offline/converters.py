"""Which conversions of units a prompt wants, and the calls of a bound tool that does them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .clauses import Clause
from .quantities import Conversion, Quantity, conversions_in, quantities_in
from .schemas import Param, Tool
from .words import words_of_name

_SHORT = {
    "km": "kilometer",
    "kms": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "mi": "mile",
    "ft": "foot",
    "feet": "foot",
    "in": "inch",
    "inches": "inch",
    "yd": "yard",
    "kg": "kilogram",
    "kgs": "kilogram",
    "kilo": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "c": "celsius",
    "f": "fahrenheit",
    "k": "kelvin",
    "centigrade": "celsius",
    "l": "liter",
    "ml": "milliliter",
    "gal": "gallon",
    "h": "hour",
    "hr": "hour",
    "min": "minute",
    "s": "second",
    "sec": "second",
    "mph": "miles per hour",
    "kph": "km/h",
    "usd": "dollar",
    "eur": "euro",
}


@dataclass(frozen=True, slots=True)
class Wish:
    clause: int
    conversion: Conversion


def conversions_wanted(clauses: Sequence[Clause]) -> list[Wish]:
    """What the clauses ask for; “that” in one means the quantity of an earlier one."""
    wishes: list[Wish] = []
    before: Quantity | None = None
    for index, clause in enumerate(clauses):
        if clause.asks:
            wishes += (Wish(index, conversion) for conversion in conversions_in(clause.core, before))
        before = next(iter(quantities_in(clause.text)[-1:]), before)
    return wishes


def conversion_call(tools: Sequence[Tool], conversion: Conversion) -> tuple[Tool, dict[str, Any]] | None:
    """The first tool that fits, and its arguments."""
    for tool in tools:
        args = _arguments(tool, conversion) if _is_for(tool, conversion) else None
        if args is not None:
            return tool, args
    return None


def _is_for(tool: Tool, conversion: Conversion) -> bool:
    """Money is not a unit of measurement: a tool for it says so, and one for units is none for money."""
    text = f"{tool.name} {tool.description}".lower()
    for_money = (
        re.search(r"(?<!no )(?<!not )\b(?:currenc\w+|exchange|money)", text.replace("_", " ")) is not None
    )
    return for_money == (conversion.kinds == {"currency"})


def _arguments(tool: Tool, conversion: Conversion) -> dict[str, Any] | None:
    targets = tool.having("unit_to", "currency_to") or _enums(tool, "to", "target")
    sources = tool.having("unit_from", "currency_from") or _enums(tool, "from", "source")
    values = tool.having("integer", "number") or [
        param for param in tool.params if param.name in ("value", "amount", "quantity")
    ]
    if not values:
        return None
    if not targets:
        return (
            {values[0].name: conversion.value}
            if _named_for(tool, conversion) and len(tool.required) == 1
            else None
        )
    chosen = {values[0]: conversion.value, targets[0]: _unit_for(targets[0], conversion.target)}
    chosen |= {
        source: _unit_for(source, conversion.source) for source in sources[:1] if source is not targets[0]
    }
    if None in chosen.values() or any(param not in chosen for param in tool.required):
        return None
    return {param.name: _typed(param, chosen[param]) for param in tool.params if param in chosen}


def _enums(tool: Tool, *words: str) -> list[Param]:
    return [param for param in tool.having("enum") if set(words) & set(words_of_name(param.name))]


def _typed(param: Param, value: Any) -> Any:
    return str(value) if param.schema.get("type") == "string" and not isinstance(value, str) else value


def _unit_for(param: Param, unit: str) -> Any:
    """The unit as the parameter takes it: one of its values, where it lists them."""
    values = param.schema.get("enum")
    if values:
        return next((value for value in values if _same(str(value), unit)), None)
    if param.kind.startswith("currency"):
        return _CODES.get(_SHORT.get(unit.lower(), unit.lower()).removesuffix("s"), unit.upper())
    return unit


_CODES = {
    "dollar": "USD",
    "$": "USD",
    "euro": "EUR",
    "€": "EUR",
    "pound": "GBP",
    "£": "GBP",
    "yen": "JPY",
    "franc": "CHF",
    "rupee": "INR",
}


def _same(a: str, b: str) -> bool:
    return _plain(a) == _plain(b)


def _plain(unit: str) -> str:
    name = re.sub(r"^(?:degrees?|deg|°)[ _]?", "", unit.lower().replace("_", " "))
    name = _SHORT.get(name, name)
    return (
        _SHORT.get(name.removesuffix("s"), name.removesuffix("s"))
        .replace("metre", "meter")
        .replace("litre", "liter")
    )


def _named_for(tool: Tool, conversion: Conversion) -> bool:
    """`celsius_to_fahrenheit(value)` has its units in its name."""
    words = words_of_name(tool.name)
    if "to" not in words[1:-1]:
        return False
    at = words.index("to", 1)
    return _same(words[at - 1], conversion.source) and _same(words[at + 1], conversion.target)
