"""Numbers for parameters: by the words beside them, or in their order."""

import re
from typing import Any

from .claims import Claims
from .schemas import Param
from .wanted import Wanted
from .words import alike, stem, words_of, words_of_name


def number_for(param: Param, wanted: Wanted) -> list[Any]:
    numbers = list(wanted.claims.numbers())
    best = max(numbers, key=lambda number: _nearness(param, wanted, number), default=None)
    lone = len(numbers) == 1 and param.name in ("count", "number", "quantity", "n", "times", "copies")
    if best is None or (_nearness(param, wanted, best) <= 0 and not param.required and not lone):
        return []
    if all(_nearness(param, wanted, number) <= 0 for number in numbers):
        best = numbers[0]
    text, start, end = best
    value = float(text)
    if param.kind == "integer" or param.schema.get("type") == "integer":
        if value != int(value):
            return []
        value = int(value)
    elif value == int(value) and abs(value) < 1e15:
        value = int(value)
    _take_with_noun(wanted.claims, start, end, param)
    return [value]


_COUNTED = {
    "people": "people persons guests party seats adults of",
    "person": "people persons guests",
    "guest": "people guests persons",
    "limit": "results result items entries top first documents docs articles limit hits pages most "
    "max maximum",
    "count": "times dice items results copies pieces top",
    "number": "times items",
    "amount": "dollars euros",
    "step": "steps rounds stages",
    "day": "days",
    "night": "nights",
    "hour": "hours",
    "minute": "minutes mins min",
    "year": "years",
    "quantity": "pieces items",
    "size": "people",
    "duration": "minutes hours",
    "side": "sided sides",
    "age": "years old",
    "kg": "kg kilos kilograms",
    "cm": "cm centimeters",
    "m": "m meters metres",
    "result": "results top first",
    "max": "results items most max maximum",
    "temperature": "degrees",
    "percent": "percent %",
    "seat": "people seats",
    "height": "tall high cm m",
    "weight": "kg kilos lbs pounds",
    "second": "seconds secs",
    "brightness": "percent %",
    "volume": "percent %",
    "price": "dollars euros bucks",
    "n": "results items top",
}


def _nearness(param: Param, wanted: Wanted, number: tuple[str, int, int]) -> float:
    """How well the words beside a number fit the parameter: its own name's, or what such a one counts."""
    _, start, end = number
    before = [stem(word) for word in words_of(wanted.claims.text[max(0, start - 40) : start])[-3:]]
    window = re.split(r"\d", wanted.claims.text[end : end + 30].lower())[0]
    after = [stem(word) for word in re.findall(r"[^\W\d_]+|%", window)[:2]]
    names = {stem(word) for word in words_of_name(param.name)}
    counted = {
        stem(word)
        for name in words_of_name(param.name)
        for word in _COUNTED.get(name.removesuffix("s"), "").split()
    }
    near = after[:1] + before[-1:]
    if names & set(near) or any(alike(name, word) == 1 for name in names for word in after):
        return 3
    if counted & set(after[:1]):
        return 2.5
    return 2 if (names | counted) & set(after + before[-2:]) else 0


def _take_with_noun(claims: Claims, start: int, end: int, param: Param) -> None:
    """“in 3 steps”, “top 5 results”: the words around the number go with it."""
    before = re.search(
        r"(?:\b(?:in|for|with|using|top|first|up to|limit(?:ed)? to|at most|limit|max(?:imum)?|the|"
        r"of)\s+){0,3}$",
        claims.text[:start],
    )
    names = {stem(word) for word in words_of_name(param.name)}
    after = re.match(r"[\s-]*([^\W\d_]+|%)", claims.text[end:])
    counted = {
        stem(word)
        for name in words_of_name(param.name)
        for word in _COUNTED.get(name.removesuffix("s"), "").split()
    }
    noun = after and stem(after[1]) in names | counted
    if noun or (before and before[0].strip() not in ("", "for", "in", "the", "of")):
        start = before.start() if before else start
    claims.mark(start, end + (after.end() if after and noun else 0))


def numbers_for(inner: Param, wanted: Wanted) -> list[Any]:
    values: list[Any] = []
    for text, start, end in list(wanted.claims.numbers()):
        value = float(text)
        if value == int(value) or inner.kind == "number":
            values.append(int(value) if value == int(value) else value)
            wanted.claims.mark(start, end)
    return [values] if values else []
