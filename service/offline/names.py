"""Names for parameters: places, people, addresses, dates, languages, currencies, and values of a list."""

import re
from typing import Any

from .schemas import Param
from .wanted import Wanted, named_after
from .wordings import text_for
from .words import EMPTY, stem, words_of, words_of_name
from .zones import places_in

_LANGUAGES = (
    "english french german spanish italian portuguese dutch russian chinese mandarin japanese korean "
    "arabic hindi turkish "
    "polish swedish norwegian danish finnish greek hebrew latin czech hungarian ukrainian vietnamese thai "
    "indonesian"
)


_LANGUAGE = re.compile(rf"\b({_LANGUAGES.replace(' ', '|')})\b", re.IGNORECASE)


_CURRENCIES = {
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "pounds": "GBP",
    "pound": "GBP",
    "sterling": "GBP",
    "yen": "JPY",
    "yuan": "CNY",
    "rupees": "INR",
    "rupee": "INR",
    "francs": "CHF",
    "franc": "CHF",
}


_CURRENCY = re.compile(
    rf"\b({'|'.join(_CURRENCIES)}|usd|eur|gbp|jpy|cny|inr|chf|cad|aud|nzd|sek|nok|dkk|pln|brl|mxn|krw|btc|"
    rf"eth)\b",
    re.IGNORECASE,
)


_HEAD_OF_LOWER_PLACE = re.compile(
    r"\b(?:in|at|near|around|for|to|from|of)\s+((?:(?!and\b|or\b)[a-z]{3,}\s?){1,2})", re.IGNORECASE
)


_NO_PLACE = frozenset(
    "tomorrow today tonight now the this next general advance total people person two one a moment time "
    "minutes hours days "
    "morning evening afternoon night week month year weekend celsius fahrenheit degrees detail short order "
    "me us my your please".split()
)


def enum_for(param: Param, wanted: Wanted) -> list[Any]:
    values = [param.schema["const"]] if "const" in param.schema else list(param.schema.get("enum") or ())
    if "const" in param.schema and param.required:
        return values
    lowered = wanted.claims.text.lower()
    found = []
    for value in values:
        words = " ".join(words_of_name(str(value))) or str(value).lower()
        at = re.search(rf"(?<!\w){re.escape(words)}(?!\w)", re.sub(r"[_-]", " ", lowered))
        if at and value is not None and len(str(value)) > 1:
            found.append((at.start(), at.end(), value))
    if not found:
        stems = set(map(stem, words_of(lowered)))
        return [value for value in values if stem(str(value)) in stems and len(str(value)) > 1][:1]
    start, end, value = max(found, key=lambda item: len(str(item[2])))
    wanted.claims.mark(start, end)
    return [value]


def boolean_for(param: Param, wanted: Wanted) -> list[Any]:
    words = words_of(wanted.claims.text)
    stems = list(map(stem, words))
    for name in param.stems - {"is", "be", "has", "includ", "us", "enabl"}:
        if name in stems:
            before = words[max(0, stems.index(name) - 3) : stems.index(name)]
            wanted.claims.take(re.compile(rf"\b{re.escape(words[stems.index(name)])}\b", re.IGNORECASE))
            return [not {"not", "no", "don't", "without", "isn't", "never", "non"} & set(before)]
    if {"on", "off"} & set(words) and (param.stems & {"on", "state", "enabl", "pow", "power", "activ"}):
        return ["off" not in words]
    if param.name in ("on", "enabled", "enable", "active") and param.required:
        return [True]
    return [False] if param.required and "default" not in param.schema else []


def timezone_for(param: Param, wanted: Wanted) -> list[Any]:
    places = places_in(wanted.claims.text)
    for place in places:
        wanted.claims.mark(place.start, place.end)
    return [place.zone for place in places]


def place_to_for(param: Param, wanted: Wanted) -> list[Any]:
    return named_after(param, wanted, "to", "into", "towards")


def place_from_for(param: Param, wanted: Wanted) -> list[Any]:
    return named_after(param, wanted, "from", "leaving", "departing")


def place_for(param: Param, wanted: Wanted) -> list[Any]:
    if param.stems & {"restaurant", "hotel", "venu", "airport"} and (
        named := named_after(param, wanted, "at", "in", "from")
    ):
        return named
    found = [(place.start, place.name) for place in places_in(wanted.claims.text)]
    for start, name in found:
        wanted.claims.mark(start, start + len(name))
    names = [re.sub(r"['\u2019]s$", "", name) for _, name in found] + wanted.claims.names()
    return names or _lower_place(wanted)


def _lower_place(wanted: Wanted) -> list[Any]:
    for match in _HEAD_OF_LOWER_PLACE.finditer(wanted.claims.text):
        words = [
            word
            for word in match[1].split()
            if word.lower() not in _NO_PLACE | EMPTY and stem(word) not in wanted.said
        ]
        if words and words[0] == match[1].split()[0]:
            wanted.claims.mark(*match.span())
            return [" ".join(words)]
    return []


def email_for(param: Param, wanted: Wanted) -> list[Any]:
    return wanted.claims.emails() or _recipient(param, wanted)


def _recipient(param: Param, wanted: Wanted) -> list[Any]:
    """“to Alice” where no address is given, unless the schema wants an address."""
    if not param.required or param.schema.get("format") == "email":
        return []
    to = re.compile(
        r"\bto\s+((?:my |the )?[a-z]+)\b|\b(?:mail|message|text|notify|ping|tell)\s+([A-Z]\w+)", re.IGNORECASE
    )
    return named_after(param, wanted, "to", "[Ee]mail", "[Tt]ext", "[Mm]essage", "[Nn]otify") or [
        found for found in [wanted.claims.take(to, 1)] if found
    ]


def date_for(param: Param, wanted: Wanted) -> list[Any]:
    dates = wanted.claims.dates()
    if param.schema.get("format") in ("date", "date-time"):
        dates = [date for date in dates if re.match(r"\d{4}-\d\d-\d\d", date)]
    both = param.schema.get("format") == "date-time" or re.search(r"time", param.name)
    times = wanted.claims.times() if (both or not dates) and "time" in param.description.lower() else []
    return [f"{dates[0]} {times[0]}"] if dates and times else dates or times


def time_for(param: Param, wanted: Wanted) -> list[Any]:
    times = wanted.claims.times()
    if param.stems & {"start", "when", "end"} or "date" in param.description.lower():
        dates = wanted.claims.dates()
        return (
            [" ".join([*dates[:1], *(["at"] if dates and times else []), *times[:1]])]
            if dates or times
            else []
        )
    return times


def url_for(param: Param, wanted: Wanted) -> list[Any]:
    return wanted.claims.urls()


def phone_for(param: Param, wanted: Wanted) -> list[Any]:
    return wanted.claims.phones()


def symbol_for(param: Param, wanted: Wanted) -> list[Any]:
    return wanted.claims.symbols() or wanted.claims.names()


def code_for(param: Param, wanted: Wanted) -> list[Any]:
    return wanted.claims.codes() or text_for(param, wanted)


def currency_for(param: Param, wanted: Wanted) -> list[Any]:
    found = list(_CURRENCY.finditer(wanted.claims.text))
    if not found:
        return []
    match = found[-1] if param.kind == "currency_to" else found[0]
    return [_CURRENCIES.get(match[1].lower(), match[1].upper())]


def language_for(param: Param, wanted: Wanted) -> list[Any]:
    matches = list(_LANGUAGE.finditer(wanted.claims.text))
    if not matches:
        return []
    match = matches[-1]
    preposition = re.search(r"\b(?:to|into|in)\s+$", wanted.claims.text[: match.start()])
    wanted.claims.mark(preposition.start() if preposition else match.start(), match.end())
    return [match[1].capitalize()]


def person_for(param: Param, wanted: Wanted) -> list[Any]:
    by = named_after(param, wanted, "by") if param.stems & {"artist", "auth", "author"} else []
    return by or wanted.claims.names() or (text_for(param, wanted) if param.required else [])
