"""Tokens of arithmetic in text: numbers in figures and in words, operators, brackets and other words."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[$€£]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)*)"
    r"|(?P<sign>\*\*|//|[-+*/^\u00d7·÷\u2212\u2013=()!,%√²³])"
    r"|(?P<other>\S)"
)
LARGEST_GROUP = 10**6  # before a scale: “hundred hundred hundred …” is no number
MOST_DIGITS = 200

_CROSS = re.compile(r"(?<=\d)[xX](?=\d)")  # 6x7
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
SMALL = {word: number for number, word in enumerate(_SMALL.split())}
TENS = {
    word: 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
ORDINALS = {
    word: number
    for number, word in enumerate(
        "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 2
    )
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, word, sign or other; `text` in lower case, of a number its plain digits."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text; numbers in words are number tokens already."""
    text = _CROSS.sub("*", text)
    return _with_words_read([_token(match) for match in _TOKEN.finditer(text)])


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or "other"
    if kind == "number" and len(match[0]) > MOST_DIGITS:
        kind = "other"  # no number that anything could calculate with as a float
    text = match[0].lower().replace("\u2019", "'")
    if kind == "number":
        text = text.lstrip("$€£").replace(",", "")
        text = f"0{text}" if text.startswith(".") else text
    return Token(kind, text, match.start(), match.end())


def _with_words_read(tokens: list[Token]) -> list[Token]:
    read: list[Token] = []
    index = 0
    while index < len(tokens):
        token, index = _number_at(tokens, index)
        read.append(token)
    return read


def _number_at(tokens: list[Token], start: int) -> tuple[Token, int]:
    """The number in words that begins here, or the token itself; and where to go on."""
    first = tokens[start]
    if first.kind == "number":
        return _scaled(tokens, start)
    article = first.text in ("a", "an") and start + 1 < len(tokens) and tokens[start + 1].text in SCALES
    if not (article or first.text in SMALL or first.text in TENS):
        return first, start + 1
    total, group, index = 0, 1 if article else 0, start + 1 if article else start
    while index < len(tokens):
        step = _next_part(tokens, index, group)
        if step is None:
            break
        word, index = step
        total, group = _extended(total, group, word)
    text = str(total + group)
    if index + 1 < len(tokens) and tokens[index].text == "point" and tokens[index + 1].text in SMALL:
        text, index = f"{text}.{SMALL[tokens[index + 1].text]}", index + 2
    return Token("number", text, first.start, tokens[index - 1].end), index


def _scaled(tokens: list[Token], start: int) -> tuple[Token, int]:
    """`1.5 million`, `2 dozen`: figures with a scale in words."""
    token = tokens[start]
    follower = tokens[start + 1].text if start + 1 < len(tokens) else ""
    if follower not in SCALES:
        return token, start + 1
    digits, _, decimals = token.text.partition(".")
    scale = SCALES[follower]
    value = int(digits + decimals) * scale
    whole, rest = divmod(value, 10 ** len(decimals))
    text = str(whole) if not rest else f"{whole}.{str(rest).rjust(len(decimals), '0')}"
    return Token("number", text, token.start, tokens[start + 1].end), start + 2


def _next_part(tokens: list[Token], index: int, group: int) -> tuple[str, int] | None:
    """The next word of a number, over a hyphen, or over `and` after a hundred."""
    text = tokens[index].text
    if text in ("-", "and") and index + 1 < len(tokens):
        joined = tokens[index + 1].text
        after_hundred = text == "and" and group >= 100 and group % 100 == 0
        hyphen = (
            text == "-"
            and group % 100 >= 20
            and group % 10 == 0
            and tokens[index].end == tokens[index + 1].start
        )
        if (after_hundred and (joined in SMALL or joined in TENS)) or (hyphen and joined in SMALL):
            return joined, index + 2
        return None
    return (text, index + 1) if _fits(text, group) else None


def _fits(word: str, group: int) -> bool:
    if word in SCALES:
        return 0 < group < LARGEST_GROUP
    if word in TENS:
        return group % 100 == 0
    return word in SMALL and (
        group % 100 == 0 or (group % 10 == 0 and group % 100 >= 20 and SMALL[word] < 10)
    )


def _extended(total: int, group: int, word: str) -> tuple[int, int]:
    if word in SMALL or word in TENS:
        return total, group + SMALL.get(word, 0) + TENS.get(word, 0)
    if word in ("hundred", "dozen"):
        return total, group * SCALES[word]
    return total + group * SCALES[word], 0
