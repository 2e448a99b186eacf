"""Words as the offline model compares them: light stems, empty words, a few general synonyms."""

import re
from functools import lru_cache

# Verbs of two words, as one that the synonyms know.
_PHRASAL = (
    (
        re.compile(
            r"\b(?:look(?:ing)?|dig(?:ging)?|delve|dive) into\b|\bfind out (?:more )?about\b|\bdeep dive "
            r"(?:on|into)\b",
            re.IGNORECASE,
        ),
        "investigate",
    ),
    (re.compile(r"\blook(?:ing)? up\b", re.IGNORECASE), "lookup"),
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ions", "ion", "ers", "er", "ors", "or", "ed", "es", "s", "e")
_SHORTEST_STEM = 4

EMPTY = frozenset(
    "a an the this that these those of to in on at for from by with into onto about as is are was were be "
    "been am do "
    "does did can could would will shall should may might must i me my mine we us our you your he him his "
    "she her it "
    "its they them their and or but so if then than there here what which who whom whose when where why "
    "how please "
    "thanks hey hi hello ok okay well just now also too very really some any all each every no not don't "
    "let want "
    "need like know tell give show get make go have has had much many again more out up s m re ve ll d t one "
    "what's it's i'd i'm let's today's via per say says said think thought".split()
)
# Words that tool authors use for every tool: they tell no tool from another.
PLAIN_IN_NAMES = frozenset(
    "get fetch set run do make perform execute call use tool function fn api service data info information "
    "details "
    "current new handle process by for from of to in on at with and the a my is on off".split()
)

_GROUPS = (
    "weather forecast temperature rain rainy raining snow snowing snowy sunny sunshine umbrella hot cold "
    "warm windy "
    "wind humid humidity climate storm",
    "search find lookup seek query google browse retrieve discover",
    "email mail e-mail",
    "send message text notify post write forward",
    "book reserve reservation booking",
    "buy purchase order",
    "package parcel shipment delivery",
    "price cost quote worth expensive",
    "stock share ticker",
    "delete remove erase drop cancel",
    "create add make open register insert file raise",
    "meeting appointment event calendar",
    "schedule plan arrange event",
    "remind reminder alarm",
    "song music track tune",
    "news headline article",
    "route direction navigate",
    "distance far",
    "flight fly plane",
    "hotel room accommodation lodging",
    "user customer account profile",
    "doc document documentation manual",
    "light lamp bulb",
    "research survey investigate investigation study examine explore inquiry",
    "currency exchange dollar euro",
    "define definition meaning dictionary mean",
    "dice die roll",
    "word term",
    "calculate compute calculation math mathematics evaluate arithmetic",
    "convert conversion",
    "summarise summarize summary summarization",
    "count number many",
    "image picture photo drawing",
    "draw paint generate",
    "ticket issue bug",
    "phone telephone",
    "call ring dial phone",
    "update change modify edit",
    "start begin launch",
    "stop end halt",
    "holiday vacation",
    "random coin flip",
    "recipe cook dish",
    "film movie",
)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Lower case, without the commonest endings: `reservations`, `reserving` and `reserve` are one."""
    word = word.lower().replace("\u2019", "'").removesuffix("'s")
    if word.endswith("ies") and len(word) > _SHORTEST_STEM:
        return word[:-3] + "y"
    for suffix in _SUFFIXES:
        rest = word.removesuffix(suffix)
        if (
            rest != word
            and len(rest) >= (3 if suffix in ("s", "es", "e") else _SHORTEST_STEM)
            and rest[-1] != "s"
        ):
            return (
                rest[:-1] if len(rest) > _SHORTEST_STEM and rest[-1] == rest[-2] else rest.removesuffix("e")
            )
    return word


_SYNONYMS: dict[str, set[int]] = {}
for _number, _group in enumerate(_GROUPS):
    for _member in _group.split():
        _SYNONYMS.setdefault(stem(_member), set()).add(_number)


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    for pattern, verb in _PHRASAL:
        text = pattern.sub(verb, text)
    return [word.lower() for word in _WORD.findall(text)]


def words_of_name(name: str) -> list[str]:
    """`getWeather`, `get_weather` and `get-weather` are `get`, `weather`."""
    return [word for word in re.split(r"[\W_\d]+", _CAMEL.sub("_", name).lower()) if word]


def stems_of(text: str) -> list[str]:
    """The stems of the words that say something."""
    return [stem(word) for word in words_of(text) if word not in EMPTY]


def alike(a: str, b: str) -> float:
    """How nearly two stems mean the same: 1, a synonym's 0.8, or 0."""
    if a == b:
        return 1.0
    return 0.8 if _SYNONYMS.get(a, frozenset()) & _SYNONYMS.get(b, frozenset()) else 0.0
