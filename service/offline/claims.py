"""A text from which arguments are taken, each piece at most once: addresses, dates, numbers, names."""

import re
from collections.abc import Iterator

from .numerals import tokens_of

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_URL = re.compile(r"(?:https?://|www\.)[^\s\"'<>)]{1,2000}[^\s\"'<>).,;!?]")
_QUOTED = re.compile(
    r"\"([^\"\n]{1,2000})\"|“([^”\n]{1,2000})”|(?<!\w)'([^'\n]{1,500})'(?!\w)|\u2018([^\u2019\n]{1,"
    r"500})\u2019(?!\w)|"
    r"`([^`\n]{1,500})`"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE = re.compile(
    r"\b(?:\d{4}-\d{1,2}-\d{1,2}(?:T[\d:]{4,8}Z?)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? "
    rf"\d{{4}})?"
    rf"|(?:the day after )?tomorrow|today|tonight|yesterday|(?:next|this|last|on)? ?\b{_WEEKDAY}"
    r"|(?:next|this|last) (?:week|month|year|weekend)|in \d{1,3} (?:days?|weeks?|months?))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2} o'clock|noon|midnight"
    r"|in \d{1,3} (?:minutes?|hours?))",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<!\w)\+?\d[\d ().-]{6,18}\d(?!\w)")
_SYMBOL = re.compile(r"(?<![\w$])\$?([A-Z]{2,5}(?:[.-][A-Z]{1,4})?)\b")
_CODE = re.compile(r"(?<!\w)#?((?=[\w-]{0,30}\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+){0,4})\b")
_NAME_WORD = r"[A-Z][\w'\u2019.-]*"
_NAME = re.compile(
    rf"\b{_NAME_WORD}(?: (?:(?:de|da|del|la|le|el|al|der|den|van|von|of|the|and the|du|dos) "
    rf")?{_NAME_WORD}){{0,4}}"
)
_POSSESSIVE = re.compile(r"['\u2019]s$")
_NO_NAMES = frozenset(
    "i i'm i'd i've i'll what what's who how when where why which is are can could would will do does did "
    "please the a an "
    "my and or but if in on at to for from tell give show find get send email book reserve search look "
    "convert calculate compute "
    "remind translate set turn play create add make open delete remove schedule order buy call what'll "
    "let's hey hi hello "
    "today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday fetch read check run "
    "it it's this that "
    "also then now ok okay yes no there here we you write list help need want start stop january february "
    "march april june "
    "july august september october november december research survey investigate summarise summarize "
    "message text notify "
    "update change cancel any some".split()
)


class Claims:
    """`text` and the spans that were taken from it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._taken: list[tuple[int, int]] = []

    def take(self, pattern: re.Pattern[str], group: int | str = 0) -> str | None:
        """The first free match's group; what matched is taken."""
        for match in pattern.finditer(self.text):
            if match[group] and self._is_free(match.start(group), match.end(group)):
                self.mark(*match.span())
                return match[group].strip()
        return None

    def every(self, pattern: re.Pattern[str]) -> list[str]:
        """All free matches, taken: of each its first group that took part, else all of it."""
        found = []
        for match in pattern.finditer(self.text):
            group = match.lastindex or 0
            if self._is_free(match.start(group), match.end(group)):
                self.mark(*match.span())
                found.append(match[group].strip())
        return found

    def mark(self, start: int, end: int) -> None:
        self._taken.append((start, end))

    def emails(self) -> list[str]:
        return self.every(_EMAIL)

    def urls(self) -> list[str]:
        return self.every(_URL)

    def quoted(self) -> list[str]:
        return self.every(_QUOTED)

    def one_quoted(self, after: str = "", last: bool = False) -> list[str]:
        """One free quotation: the first that follows one of the words `after`, else the first or the last."""
        free = [match for match in _QUOTED.finditer(self.text) if self._is_free(*match.span())]
        named = [
            match
            for match in free
            if after
            and re.search(rf"\b(?:{after})\W*(?:\w+\W+)?$", self.text[: match.start()], re.IGNORECASE)
        ]
        chosen = (named or (free[::-1] if last else free))[:1]
        for match in chosen:
            self.mark(*match.span())
        return [match[match.lastindex or 0].strip() for match in chosen]

    def dates(self) -> list[str]:
        return [re.sub(r"^on ", "", date, flags=re.IGNORECASE) for date in self.every(_DATE)]

    def times(self) -> list[str]:
        return self.every(_TIME)

    def phones(self) -> list[str]:
        return self.every(_PHONE)

    def symbols(self) -> list[str]:
        return self.every(_SYMBOL)

    def codes(self) -> list[str]:
        return self.every(_CODE)

    def names(self) -> list[str]:
        """Words with capitals that are no verbs, days or questions: names of people, places and things."""
        found = []
        quoted = [match.span() for match in _QUOTED.finditer(self.text)]
        for match in _NAME.finditer(self.text):
            start, name = self._without_openers(match)
            if any(begin <= start < end for begin, end in quoted):
                continue
            if name and self._is_free(start, start + len(name)):
                self.mark(start, start + len(name))
                found.append(_POSSESSIVE.sub("", name.rstrip(".'")))
        return found

    def numbers(self) -> Iterator[tuple[str, int, int]]:
        """Numbers that are free, with where they stand."""
        for token in tokens_of(self.text):
            if token.kind == "number" and self._is_free(token.start, token.end):
                negative = (
                    token.start
                    and self.text[token.start - 1] == "-"
                    and not self.text[: token.start - 1][-1:].isalnum()
                )
                yield ("-" if negative else "") + token.text, token.start, token.end

    def rest(self, start: int = 0) -> str:
        """What was not taken, from a place on."""
        pieces, at = [], start
        for begin, end in sorted(self._taken):
            if begin >= at:
                pieces.append(self.text[at:begin])
            at = max(at, end)
        pieces.append(self.text[at:])
        return " ".join(" ".join(pieces).split())

    def _without_openers(self, match: re.Match[str]) -> tuple[int, str]:
        start, name = match.start(), match[0]
        while name:
            first, _, others = name.partition(" ")
            if first.lower().rstrip(".").replace("\u2019", "'") not in _NO_NAMES:
                return start, name
            start, name = start + len(first) + 1, others
        return start, ""

    def _is_free(self, start: int, end: int) -> bool:
        return not any(start < taken_end and taken_start < end for taken_start, taken_end in self._taken)
