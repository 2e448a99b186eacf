"""Whether a clause asks for the time or the date now, where, and the calls of a bound tool that tells it."""

import re
from collections.abc import Sequence
from typing import Any

from .claims import Claims
from .clauses import Clause
from .schemas import Param, Tool
from .zones import Place, places_in

_NOW = r"(?: right now| now| currently| today| at the moment| exactly| just now| like)*"
_WHERE_OR_END = (
    r"(?=\s*(?:$|[?.!,;:)]|(?:in|at|for|over|on|across|around)\b|here\b|there\b|please\b|pls\b|"
    r"now\b|right\b|thanks\b|and\b|currently\b|today\b|as\b|by\b|where\b|everywhere\b))"
)
_OF_TODAY = (
    r"(?:time|hour|date|day|year|month|weekday|day of (?:the )?week|time and date|date and time|"
    r"day and date|time zone|timezone)"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:what|which)(?:'s|s|'re| is| was| are)?(?: the)?(?: current| local| exact| right| present| "
        rf"actual| precise)* {_OF_TODAY}s?"
        rf"(?: of (?:the )?(?:day|week|month))?(?: and date| and day)?(?: is it| it is| it's| is today| "
        rf"today is| is| do we have| will it be| would it be)?{_NOW}{_WHERE_OR_END}",
        rf"\b(?:current|local|exact|present|actual|precise|accurate)(?: local)? (?:time|date|hour|"
        rf"day)s?(?: and (?:date|time|day))?{_NOW}{_WHERE_OR_END}",
        rf"\b(?:tell|give|show|get|know|check|find|need|want|see|have|got|say|fetch|display|lookup|up|read|"
        rf"report)\b(?: \w+){{0,3}}? the"
        rf" (?:time|date|hour|date and time|time and date|clock)s?{_NOW}{_WHERE_OR_END}",
        rf"^(?:the )?(?:time|date|clock|date and time|time and date|hour|times|day)(?: "
        rf"zone)?{_NOW}(?=\s*(?:$|[?:,-]|please\b|(?:in|at|for)\b))",
        r"\b(?:what|which) (?:time|day|date|hour|year|month|weekday)(?: of \w+(?: \w+)?)? (?:is it|it is|"
        r"it's|will it be|would it be|do we have)\b",
        r"\btoday'?s date\b|\bwhat(?:'s| is) today\b|\bwhat day is (?:it|today)\b|\bdate (?:is it "
        r")?today\b|\bhow late is it\b",
        r"\bis (?:it|today)(?: already| still| currently| now| actually)? (?:late|early|morning|afternoon|"
        r"evening|night|night ?time|day ?time|midnight|noon|"
        r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|the weekend|past|after|before)\b",
        r"\bthe (?:time|date|hour)(?: \w+ly)? (?:is )?(?:in|at|for|over in) (?=\S)|\bclocks?\b.{0,"
        r"20}\b(?:in|of|for|at|say|show|read)\b",
    )
)
_WITH_PLACE = re.compile(r"\btime (?:difference|zones?)\b|\btimezones?\b", re.IGNORECASE)
_AFTER_PLACE = re.compile(
    r"^(?:['\u2019]s)? (?:current |local )?(?:time|date|clock)s?\b(?! (?:zone )?(?:is|was|to|for|of)\b)",
    re.IGNORECASE,
)
_OTHER_TIME = re.compile(
    r"\b(?:best|first|last|good|great|long|hard|nice|next|this|that|every|each|any|some|much|more|no|free|"
    r"full|part|enough|travel|"
    r"opening|departure|arrival|flight|lead|response|loading|run|reading|cooking|delivery|wedding|birth|"
    r"due|release|closing) (?:time|date|day)s?\b"
    r"|\btime (?:complexity|travel|machine|management|series|dilation|limit|out|off|to|flies|when|do|does|"
    r"did|was|of)\b"
    r"|\b(?:meeting|train|game|match|film|movie|store|shop|flight|concert|sunset|sunrise)s?\b|\bremind\b|"
    r"\bschedule\b"
    r"|\bhow (?:long|many|often)\b|\bwhat is (?:a )?(?:time|time ?zones?|date|day|clock)\?*$|\bhistory\b|"
    r"\bexplain\b|\bdefin",
    re.IGNORECASE,
)
_BACK = re.compile(r"\b(?:there|their)\b", re.IGNORECASE)


def clock_tool(tools: Sequence[Tool]) -> Tool | None:
    """The tool that tells the time: its words say so, and all it needs is a place or nothing."""
    for tool in tools:
        says = re.search(
            r"\b(?:current|now|clock|today|local)\b.*\b(?:time|date)\b|\b(?:time|date)\b.*\b(?:now|current|"
            r"clock|time ?zone|in a (?:city|place))\b|\bclock\b|^(?:get )?(?:time|date|datetime|now)\b",
            tool.words,
        )
        simple = (
            all(param.kind in ("timezone", "place", "text", "enum") for param in tool.required)
            and len(tool.required) < 2
        )
        if (
            says
            and simple
            and not re.search(
                r"\b(?:schedul|remind|weather|convert|flight|event|calendar|alarm|stock|news)", tool.words
            )
        ):
            return tool
    return None


def asks_for_time(clause: Clause) -> bool:
    """Whether the clause wants to know what time, day or date it is."""
    if not clause.asks:
        return False
    text = clause.text.replace("\u2019", "'")
    if _OTHER_TIME.search(text):
        return False
    core = clause.core.replace("\u2019", "'")
    if _WITH_PLACE.search(text) and places_in(text):
        return True
    return any(each.search(text) or each.search(core) for each in _PATTERNS) or _names_place_first(text)


def clock_calls(tool: Tool, clause: Clause, earlier: Sequence[Clause]) -> list[dict[str, Any]]:
    """The arguments of each call: one for each place that the clause names."""
    where = _where_param(tool)
    if where is None:
        return [{}]
    places: list[Any] = [_named(where, place) for place in places_in(clause.text)] or _unknown_places(
        clause.core
    )
    if not places and _BACK.search(clause.text):
        places = [_named(where, place) for other in earlier for place in places_in(other.text)][-1:]
    if not places and where.required:
        places = ["UTC"]
    unique = list(dict.fromkeys(places))
    return [{where.name: place} for place in unique] or [{}]


def _where_param(tool: Tool) -> Param | None:
    return next(iter(tool.having("timezone") or tool.having("place", "text", "enum")), None)


def _named(param: Param, place: Place) -> Any:
    name = re.sub(r"['\u2019]s$", "", place.name)
    for value in param.schema.get("enum") or ():
        if str(value).lower() in (place.zone.lower(), name.lower()):
            return value
    return place.zone if param.kind in ("timezone", "text") else name


def _unknown_places(text: str) -> list[str]:
    """A name after “in” that is in no table: the tool will say whether it knows it."""
    match = re.search(
        (
            r"\b(?:in|at|for) ((?:[A-Z][\w'\u2019-]+ ?)+(?:(?:,|and) (?:[A-Z][\w'\u2019-]+ "
            r"?)+)*)"
        ),
        text,
    )
    return Claims(match[1]).names() if match else []


def _names_place_first(text: str) -> bool:
    return any(
        _AFTER_PLACE.match(text[place.end :])
        or (place.name.lower().endswith("'s") and _AFTER_PLACE.match(text[place.end :]))
        for place in places_in(text)
    )
