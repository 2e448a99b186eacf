"""What filters cost: the service with none and with REDACT=secrets, the rules alone, and on hostile text."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from service.redaction.hold_back import HoldBack
from service.redaction.rule import RuleSet
from service.redaction.rules import RULES, rules_named

from .differences import differences
from .processes import Cores
from .search import text_of_words
from .sizes import Sizes
from .systems import OURS
from .table import figure, markdown

FILTERED = replace(OURS, env=OURS.env | {"REDACT": "secrets"})
RULE_SETS = {
    "`secrets`": RuleSet(tuple(rules_named(["secrets"]))),
    "all rules": RuleSet(tuple(rules_named(RULES))),
}
PIECE = 4  # characters; about a token
HOSTILE = {
    "letters without an end": "a",
    "`@`": "@",
    "beginnings of keys": "sk-",
    "keys without an end": "sk-abcdefgh ",
    "JWTs without an end": "eyJabcdefgh.ab.",
    "`Bearer` without a key": "Bearer ",
    "beginnings of private keys": "-----BEGIN ",
    "private keys in private keys": "-----BEGIN PRIVATE KEY-----",
    "addresses with half a password": "://a:b ",
    "cards in cards": "41 ",
    "cards at each digit": "5-",
    "cards with a wrong digit": "4111 1111 1111 1112 ",
    "digits that may be anything": "123-45-678 ",
    "IBANs without an end": "DE89 ",
    "phone numbers without an end": "+1 2",
    "local parts without a host": "a." * 30,
    "hosts without an end": "a@b.",
    "addresses of groups": "a:a:a ",
}


def filtering(sizes: Sizes, cores: Cores) -> str:
    systems = {"no filter": OURS, "`REDACT=secrets`": FILTERED}
    served = differences("What filters cost", systems, sizes, cores)
    return "\n".join([served, _alone(sizes), _hostile(sizes)])


def _alone(sizes: Sizes) -> str:
    """Prose, of which a token is a word with its blank."""
    tokens = [f" {word}" for word in text_of_words(sizes.filtered_bytes // 6).split()]
    rows = [
        [name, figure(_cpu(rules, tokens, sizes.runs) / len(tokens) * 1e6)]
        for name, rules in RULE_SETS.items()
    ]
    return markdown("The rules alone, on words", ["", "CPU µs/token"], rows)


def _hostile(sizes: Sizes) -> str:
    """Time in proportion to the text: the figures of a row are alike."""
    parts = [sizes.filtered_bytes // 4, sizes.filtered_bytes // 2, sizes.filtered_bytes]
    rows = [
        [f"{text}, {how}", *(figure(_seconds_per_mb(unit, size, cut)) for size in parts)]
        for text, unit in HOSTILE.items()
        for how, cut in (("one piece", _whole), (f"{PIECE}-character pieces", _pieces))
    ]
    header = ["all rules on", *(f"CPU s/MB, {size / 1e6:g} MB" for size in parts)]
    return markdown("Hostile text", header, rows)


def _seconds_per_mb(unit: str, size: int, cut: Callable[[str], list[str]]) -> float:
    text = (unit * (size // len(unit) + 1))[:size]
    return _cpu(RULE_SETS["all rules"], cut(text), 1) / size * 1e6


def _whole(text: str) -> list[str]:
    return [text]


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _cpu(rules: RuleSet, pieces: Sequence[str], times: int) -> float:
    """Seconds, the median of so many times."""
    found: list[float] = []
    for _ in range(times):
        stream = HoldBack(rules)
        began = time.process_time()
        for piece in pieces:
            stream.feed(piece)
        stream.flush()
        found.append(time.process_time() - began)
    return median(found)
