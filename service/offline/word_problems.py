"""Small stories with numbers: “3 boxes with 12 eggs each, how many eggs?” becomes 3 * 12."""

import re
from collections.abc import Sequence

from .clauses import Clause
from .expressions import Node, Number, Operation
from .numerals import tokens_of
from .quantities import in_figures

MAX_NUMBERS = 4

_ASKS = re.compile(
    r"\bhow (?:many|much|far|old|long)\b|\bwhat (?:do|will|would|should) (?:i|we|you|he|she|they) (?:pay|"
    r"owe|get)\b|\bwhat(?:'s| is) (?:the|my|our|her|his|their) (?:total|cost|bill|price|change)\b",
    re.IGNORECASE,
)
# The first row that fits the story's words decides.
_CUES = (
    ("/", re.compile(r"\b(?:split|share[sd]?|sharing|divid\w+|distribut\w+|equally|evenly)\b")),
    ("-", re.compile(r"\b(?:left|remain\w*|change (?:do|will|would)|left over)\b")),
    (
        "*",
        re.compile(
            r"\b(?:each|apiece|every|per|times as many|an hour|a (?:day|week|month|year|"
            r"piece|night|person|dozen)|cost \$?\d+)\b"
        ),
    ),
    (
        "*",
        re.compile(
            r"\b(?:boxes|bags|packs|rows|packets|cartons|trays|shelves|baskets) (?:of|with|"
            r"containing|that (?:hold|contain))\b"
        ),
    ),
    (
        "-",
        re.compile(
            r"\b(?:g[ai]ve[sn]? away|gives|gave|lo[st]es?|lost|eats?|ate|spends?|spent|"
            r"sells?|sold|fewer|younger)\b"
        ),
    ),
    (
        "+",
        re.compile(
            r"\b(?:total|altogether|in all|combined|together|more|another|buys?|bought|gets?|"
            r"got|finds?|found|receives?|older)\b"
        ),
    ),
)

_N = r"\$?(?P<{}>\d+(?:\.\d+)?)"
_PART, _WHOLE, _PERCENT = _N.format("part"), _N.format("whole"), r"(?:percent(?:age)?|%)"
_SHARES = tuple(
    (re.compile(pattern), hundredfold)
    for pattern, hundredfold in (
        (rf"\bwhat {_PERCENT} of {_WHOLE} (?:is|are) {_PART}", True),
        (rf"{_PART} (?:is|are|as) (?:what|which|how many|a|the) {_PERCENT} of {_WHOLE}", True),
        (rf"\bwhat {_PERCENT} (?:is|are) {_PART} (?:out )?of {_WHOLE}", True),
        (rf"{_PART} out of {_WHOLE} (?:as|in) (?:a )?{_PERCENT}", True),
        (
            rf"\b(?:how many times|how often) (?:does|do|will|can) {_WHOLE} (?:go|fit) in(?:to)? {_PART}",
            False,
        ),
    )
)
_ADDED = re.compile(
    r"(?P<a>\d+(?:\.\d+)?) (?:and|plus) (?P<b>\d+(?:\.\d+)?) (?:add up to|sum up to|sum to|amount to|make "
    r"together|come to|make)\b"
)
_REDUCED = re.compile(r"\b(?P<percent>\d+(?:\.\d+)?) ?(?:%|percent) (?:off|discount|reduction|cheaper)")


def share_asked(text: str) -> Node | None:
    """“20 is what percent of 80”, “how many times does 7 go into 63”, “what do 3 and 4 add up to”."""
    for pattern, hundredfold in _SHARES:
        if match := pattern.search(in_figures(text).lower()):
            share = Operation("/", Number(match["part"]), Number(match["whole"]))
            return Operation("*", share, Number("100")) if hundredfold else share
    if match := _ADDED.search(in_figures(text).lower()):
        return _chained("+", [match["a"], match["b"]])
    return None


def word_problem(clauses: Sequence[Clause]) -> Node | None:
    """The arithmetic of a story that ends in asking for a number, if it has two to four numbers."""
    asking = [index for index, clause in enumerate(clauses) if clause.asks and _ASKS.search(clause.text)]
    if not asking:
        return None
    story = " ".join(clause.text for clause in clauses[: asking[-1] + 1]).lower()
    if reduced := _REDUCED.search(story):
        return _reduced_price(story, reduced["percent"])
    numbers = [
        token.text
        for token in tokens_of(story)
        if token.kind == "number" and not _is_article(token.text, story)
    ]
    if not 2 <= len(numbers) <= MAX_NUMBERS:
        return None
    sign = next((sign for sign, cue in _CUES if cue.search(story)), None)
    return _chained(sign, numbers) if sign else None


def _reduced_price(story: str, share: str) -> Node | None:
    prices = [token.text for token in tokens_of(story) if token.kind == "number" and token.text != share]
    if len(prices) != 1:
        return None
    return Operation(
        "*", Number(prices[0]), Operation("-", Number("1"), Operation("/", Number(share), Number("100")))
    )


def _is_article(number: str, story: str) -> bool:
    return number == "1" and "1" not in story


def _chained(sign: str, numbers: list[str]) -> Node:
    if sign == "/":
        numbers = sorted(numbers, key=float, reverse=True)[:2]
    node: Node = Number(numbers[0])
    for number in numbers[1:]:
        node = Operation(sign, node, Number(number))
    return node
