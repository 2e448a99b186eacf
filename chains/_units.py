"""The tool that converts between physical units, by pint.

Pint's own parser evaluates expressions, so it never sees what a person wrote: a unit's name has to pass a
strict pattern first, and the number goes another way.
"""

import math
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from langchain_core.tools import StructuredTool, ToolException

if TYPE_CHECKING:
    import pint

MAX_NAME = 40

_WORD = r"[A-Za-zµμΩ]{1,24}"
_POWER = r"(?: ?(?:\^|\*\*)? ?[23])?"
_UNIT = re.compile(rf"{_WORD}(?:[ _-]{_WORD}){{0,3}}{_POWER}(?: ?/ ?{_WORD}(?:[ _]{_WORD})?{_POWER})?")
_CURRENCIES = frozenset(
    "usd eur gbp jpy chf cny inr aud cad krw brl mxn sek nok dkk pln dollar euro pound_sterling sterling yen "
    "yuan rupee franc peso won ruble krona bitcoin btc eth cent".split()
)
_PEOPLES_NAMES = {
    "c": "degC",
    "f": "degF",
    "k": "kelvin",
    "celcius": "degC",
    "centigrade": "degC",
    "kmh": "km/hour",
    "kph": "km/hour",
    "kmph": "km/hour",
    "kwh": "kWh",
    "kb": "kilobyte",
    "mb": "megabyte",
    "gb": "gigabyte",
    "tb": "terabyte",
    "lbs": "pound",
    "sqft": "square foot",
    "sqm": "square meter",
    "fl_oz": "fluid_ounce",
    "tonne": "metric_ton",
    "tonnes": "metric_ton",
    "kilo": "kilogram",
    "kilos": "kilogram",
}


def convert(value: float, from_unit: str, to_unit: str) -> str:
    """Convert a quantity from one physical unit of measurement to another: length, mass, temperature, volume,
    area, speed, time, data, energy, pressure.

    Args:
        value: The number to convert, in from_unit.
        from_unit: The unit to convert from, for example "miles", "celsius", "km/h" or "square feet".
        to_unit: The unit to convert to.
    """
    if not math.isfinite(value):
        raise ToolException("Not converted: the value must be a finite number.")
    source, target = _unit(from_unit), _unit(to_unit)
    number = _converted(value, source, target, f"{from_unit} to {to_unit}")
    return f"{value:.10g} {from_unit.strip()} = {number:.10g} {to_unit.strip()}"


def _converted(value: float, source: "pint.Unit", target: "pint.Unit", what: str) -> float:
    import pint

    try:
        return float(_registry().Quantity(value, source).to(target).magnitude)
    except pint.DimensionalityError as error:
        raise ToolException(f"Not converted: {what} are units of different kinds ({error}).") from error
    except (pint.errors.PintError, ArithmeticError, ValueError) as error:
        raise ToolException(f"Not converted: there is no way from {what}.") from error


def _unit(name: str) -> "pint.Unit":
    text = _tidy(name)
    if len(name) > MAX_NAME or not _UNIT.fullmatch(text):
        raise ToolException(f"Not converted: {name[:MAX_NAME]!r} is not the name of a unit.")
    if text.lower().replace(" ", "_").removesuffix("s") in _CURRENCIES:
        raise ToolException(
            f"Not converted: {text!r} is a currency; its rate changes, and this tool has none."
        )
    for spelling in _spellings(text):
        if unit := _known(spelling):
            return unit
    raise ToolException(f"Not converted: there is no unit {text!r}.")


def _tidy(name: str) -> str:
    text = name[: MAX_NAME + 1].replace("²", "2").replace("³", "3").replace("°", " ").replace("º", " ")
    text = re.sub(r"^(?:degrees?|deg)\b[ _]*(?=\w)", "", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r"^sq\b\.? ?", "square ", text)
    text = re.sub(r"^us (?=\w)", "", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r" (?:per|an?) ", "/", text)
    return re.sub(r"(?<=[A-Za-z])(?=[23](?:/|$))", "**", text)


def _spellings(text: str) -> list[str]:
    """As pint may know it: its own spelling first, since `Mm` and `mm` are not the same."""
    joined = re.sub(r"(?<!square)(?<!cubic)[ -](?=[A-Za-z])", "_", text)
    named = _PEOPLES_NAMES.get(joined.lower())
    return [named] if named else [joined, joined.lower(), joined.lower().removesuffix("s")]


@lru_cache(maxsize=256)
def _known(spelling: str) -> "pint.Unit | None":
    import pint

    try:
        return _registry().parse_units(spelling)
    except (pint.errors.PintError, ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None  # pint has no single error for a name that it does not know


@cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint  # here, since it takes longer to import than the service takes to start

    return pint.UnitRegistry()


convert_units = StructuredTool.from_function(
    func=convert, name="convert_units", parse_docstring=True, handle_tool_error=True
)
