"""Bound tools as the offline model understands them: what each parameter seems to hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .words import PLAIN_IN_NAMES, stem, stems_of, words_of_name

MAX_NESTING = 6

# The first row that has the parameter's name wins; then the first whose pattern is in its description.
_BY_NAME = (
    ("expression", "expression expr formula equation math arithmetic"),
    ("timezone", "timezone tz zone"),
    ("unit_to", "to_unit target_unit unit_to into_unit to_units output_unit dest_unit destination_unit"),
    ("unit_from", "from_unit source_unit unit_from from_units input_unit unit units base_unit"),
    ("currency_to", "to_currency target_currency quote_currency currency_to"),
    ("currency_from", "from_currency base_currency source_currency currency"),
    ("language", "language lang target_language target_lang to_language to_lang"),
    ("email", "email recipient recipients mail cc bcc"),
    ("url", "url uri link website webpage href"),
    ("phone", "phone telephone mobile"),
    ("title", "subject title headline heading"),
    ("place_to", "destination to_city to_place arrival"),
    ("place_from", "origin from_city from_place departure"),
    ("place", "city location place country town region address state venue restaurant hotel airport"),
    ("date", "date day deadline due checkin checkout"),
    ("time", "time hour when start end at"),
    ("symbol", "symbol ticker stock"),
    ("code", "id number code reference key sku"),
    ("body", "body message content text note comment description details"),
    (
        "person",
        "person name user username contact attendee attendees guest guests employee author artist customer "
        "assignee",
    ),
    ("query", "query q search keywords keyword question topic subject term terms theme"),
)
_BY_WORDS = (
    ("expression", r"expression|formula|arithmetic"),
    ("timezone", r"time ?zone|\biana\b"),
    ("unit_to", r"units? (?:to convert )?(?:in)?to\b|target unit|unit of the result"),
    ("unit_from", r"unit (?:to convert )?from|source unit|unit of the (?:value|quantity|number)|\bunit\b"),
    ("currency_to", r"(?:target|to) currency|currency (?:to convert )?to\b"),
    ("currency_from", r"currency"),
    ("language", r"\blanguage\b"),
    ("email", r"e-?mail"),
    ("url", r"\burl\b|web ?(?:page|site|address)"),
    ("phone", r"phone"),
    ("symbol", r"\bticker\b|stock symbol"),
    ("place_to", r"destination"),
    ("place_from", r"\borigin\b|departure"),
    ("place", r"\bcity\b|\bplace\b|\blocation\b|\bcountry\b|\btown\b|\brestaurant\b"),
    ("date", r"\bdate\b"),
    ("time", r"\btime\b"),
    ("person", r"\bperson\b|\bname of the (?:user|person|customer|employee)\b|\bwho\b"),
    ("query", r"\bsearch\b|\bquery\b|\btopic\b|\bwhat to\b|\bkeywords?\b"),
)
_TYPES = ("enum", "boolean", "integer", "number", "array", "object")


@dataclass(frozen=True, eq=False)
class Param:
    """A parameter; `schema` with its references followed, `kind` what it seems to hold."""

    name: str
    schema: Mapping[str, Any]
    required: bool
    kind: str

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(map(stem, words_of_name(self.name)))


@dataclass(frozen=True, eq=False)
class Tool:
    """A bound tool, in the order of its parameters."""

    name: str
    description: str
    params: tuple[Param, ...]

    @cached_property
    def name_stems(self) -> list[str]:
        """The words of the name that tell it from other tools; all, where each is a plain one."""
        words = words_of_name(self.name)
        return [stem(word) for word in words if word not in PLAIN_IN_NAMES] or [stem(word) for word in words]

    @cached_property
    def description_stems(self) -> frozenset[str]:
        return frozenset(stems_of(self.description))

    @cached_property
    def words(self) -> str:
        """Name and first sentence, in lower case."""
        first_sentence = re.split(r"\.\s|\n\n", self.description, maxsplit=1)[0]
        return f"{' '.join(words_of_name(self.name))}: {first_sentence}".lower()

    @property
    def required(self) -> list[Param]:
        return [param for param in self.params if param.required]

    def having(self, *kinds: str) -> list[Param]:
        return [param for param in self.params if param.kind in kinds]


def tool_of(definition: Mapping[str, Any]) -> Tool:
    """From the form of OpenAI: {"type": "function", "function": {"name", "description", "parameters"}}."""
    function = definition.get("function") or {}
    parameters = function.get("parameters") or {}
    name = str(function.get("name") or "tool")
    return Tool(name, str(function.get("description") or ""), params_of(parameters, parameters))


def params_of(schema: Mapping[str, Any], root: Mapping[str, Any]) -> tuple[Param, ...]:
    """The parameters of an object's schema."""
    required = schema.get("required") or ()
    properties = schema.get("properties") or {}
    return tuple(
        _param(str(name), resolved(part, root), name in required)
        for name, part in properties.items()
        if isinstance(part, Mapping)
    )


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = MAX_NESTING) -> dict[str, Any]:
    """With `$ref` followed, `allOf` merged, and of `anyOf` the first choice that is not null."""
    plain = dict(schema)
    if depth and isinstance(plain.get("$ref"), str):
        plain = {**resolved(_referred(plain.pop("$ref"), root), root, depth - 1), **plain}
    for part in plain.pop("allOf", None) or ():
        if depth and isinstance(part, Mapping):
            plain = {**resolved(part, root, depth - 1), **plain}
    choices = [part for part in plain.get("anyOf") or plain.get("oneOf") or () if isinstance(part, Mapping)]
    chosen = next((part for part in choices if part.get("type") != "null"), None)
    if depth and chosen is not None:
        rest = {key: value for key, value in plain.items() if key not in ("anyOf", "oneOf")}
        plain = {**resolved(chosen, root, depth - 1), **rest}
    return _with_one_type(plain) | {"$root": root}


def _referred(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _with_one_type(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, list):
        schema["type"] = next((each for each in kind if each != "null"), "null")
    elif kind is None and "properties" in schema:
        schema["type"] = "object"
    return schema


def _param(name: str, schema: dict[str, Any], required: bool) -> Param:
    return Param(name, schema, required, _kind(name, schema))


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "enum"
    kind = str(schema.get("type") or "string")
    if kind in _TYPES:
        return kind
    if (form := schema.get("format")) in ("date", "date-time", "time", "email", "uri", "uuid"):
        return {"date-time": "date", "uri": "url", "uuid": "code"}.get(str(form), str(form))
    return _string_kind(name, str(schema.get("description") or ""))


def _string_kind(name: str, description: str) -> str:
    words = words_of_name(name)
    joined = "_".join(words)
    if joined in ("to", "from"):
        return _direction(joined, description.lower())
    for kind, names in _BY_NAME:
        if joined in names.split():
            return kind
    said = description.lower()
    for kind, pattern in _BY_WORDS:
        if re.search(pattern, said):
            return kind
    for kind, names in _BY_NAME:
        if set(words) & set(names.split()):
            return kind
    return "text"


def _direction(name: str, description: str) -> str:
    if re.search(r"\bunit", description):
        return f"unit_{name}"
    if re.search(r"currency", description):
        return f"currency_{name}"
    if re.search(r"mail|recipient|address", description) or (name == "to" and not description):
        return "email"
    return f"place_{name}"
