"""Splits a prompt into clauses, one request each, and tells requests from statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .words import stem

MAX_CLAUSES = 60
CLAUSE_AT_MOST = 1500  # characters: a longer one is a text that was pasted

Mood = Literal["question", "command", "statement", "fragment"]

_QUOTED = re.compile(
    r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|(?<![\w])'[^'\n]{1,300}'(?!\w)|`[^`\n]{0,500}`|"
    r"https?://\S+|\S+@\S+"
)
_DICTATED = re.compile(
    r"\b(?:saying|says?|repeat|echo|(?:message|body|text|content|subject)(?=\s?(?::|is\b|"
    r"of\b)))\b[^.!?\n]{0,1000}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bSt)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bNo)[.!?;]+(?=\s)|\n+"
)
_BOUNDARY = re.compile(
    r",?\s+(?:and|but|then|also|plus|or|as well as)\s+|[,;]\s+|\s+&\s+|\s+[-\u2013—]\s+", re.IGNORECASE
)
_SUBORDINATE = re.compile(r",?\s+(?:because|so that|since|before i|in case|while i)\b", re.IGNORECASE)
_CONNECTOR = re.compile(
    r"^(?:(?:and|but|then|also|plus|or|finally|next|after that|so|as well as)\b[\s,]*)+", re.IGNORECASE
)
_FILLER = re.compile(
    r"^(?:(?:please|pls|kindly|hey|hi|hello|ok|okay|so|well|now|oh|um|thanks|thank you|and|also|then|"
    r"but|just|quick question|"
    r"first|second|secondly|finally|next|can you|could you|would you|will you|can i|could i|may i|i "
    r"want you to|"
    r"i'd like you to|i need you to|go ahead and|let's|would you mind|are you able to|i'd love to|be "
    r"so kind as to|"
    r"i want to|i'd like to|i would like to|i need to|help me|i wish to|you can|you should|we need to|"
    r"we should|try to|"
    r"could we|can we|do me a favor and|tell me|let me know|maybe|actually|quickly|again)\b[\s,:!]*)+",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:please|can you|could you|would you|tell me|let me know|i want|i'd like|i would like|i need|"
    r"give me|show me)\b",
    re.IGNORECASE,
)
_MORE_OF_IT = re.compile(
    r"(?:show|return|list|give|give me|show me|limit)(?: it| me| the| only| up| to)* (?:top|first|\d)",
    re.IGNORECASE,
)
ASKING = frozenset(
    "what what's whats what're how how's when when's where where's who who's whose which why is are "
    "am was were can could do does "
    "did will would should shall has have may isn't aren't won't doesn't".split()
)
_WANTING = re.compile(
    r"^(?:i|we)(?:(?:'d| would)(?: really| just| also)? (?:like|love)|(?: really| just| also)? "
    r"(?:want|need|wonder|must know|have to know)|"
    r"(?: am| was|'m) (?:looking|wondering|curious|trying))\b",
    re.IGNORECASE,
)
_STATING = re.compile(
    r"^(?:i|i'm|i've|i'll|we|we're|we've|you|you're|he|she|it|it's|they|they're|my|our|his|her|their|"
    r"this|that's|there|there's|"
    r"nobody|everyone|someone|yesterday|today i|last|if|when i|because|since|although|thanks|thank|"
    r"sorry|nice|great|good|cool|"
    r"never mind|nevermind|lol|haha|wow|yes|no|nope|yeah|yep|sure|ok|okay|hello|hi|hey|bye|goodbye)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"^\S+(?: \S+){0,5} (?:is|are|was|were|has|had|have|went|said|says|likes?|loves?|takes?|took|"
    r"lives?|made|makes|flies|"
    r"will|can|cannot|can't|isn't|\w{3,}ed)\b",
    re.IGNORECASE,
)
# “Research shows …”: a word that could be a command, and is not.
_NOUN_THAT_ACTS = re.compile(
    r"\w+ (?:shows?|suggests?|says|is|was|are|were|has|had|found|finds|indicates?|proves?|tells|looks|"
    r"seems)\b",
    re.IGNORECASE,
)
COMMANDS = frozenset(
    stem(word)
    for word in "tell give show find get fetch compute calculate convert work figure search look "
    "send email book reserve set "
    "remind translate add subtract multiply divide research survey investigate run check make create "
    "delete remove write play "
    "turn open list summarise summarize explain describe say repeat echo evaluate solve determine "
    "change express sum use take "
    "let compare order buy call cancel schedule plan post read update start stop roll flip count "
    "draw generate lookup "
    "explore study examine analyse analyze dig report display print define define name suggest "
    "recommend invite notify "
    "message text ping query pull download upload save store enable disable lock unlock switch "
    "increase decrease reduce "
    "raise double halve triple square round express estimate track conduct do provide write compose "
    "return".split()
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the prompt, and what it does. `sentence` counts the sentences before it."""

    text: str
    mood: Mood
    sentence: int = 0

    @property
    def asks(self) -> bool:
        return self.mood != "statement"

    @property
    def core(self) -> str:
        """Without “please”, “can you”, “and then” at its start."""
        return without_filler(self.text)


def clauses_of(
    prompt: str, verbs: frozenset[str] = frozenset(), nouns: frozenset[str] = frozenset()
) -> list[Clause]:
    """The clauses in order. `verbs` and `nouns` are stems of tool names, which begin requests too."""
    clauses = []
    for number, sentence in enumerate(_sentences(prompt)):
        for piece in _pieces(sentence, verbs, nouns):
            text = _SUBORDINATE.split(piece, maxsplit=1)[0].strip(" ,;:\n\t-\u2013—")
            if re.search(r"\w", text):
                clauses.append(Clause(_bounded(text), _mood(text, verbs), number))
    return clauses[:MAX_CLAUSES]


def _bounded(text: str) -> str:
    """Of a long clause its start and its end: what is asked stands in one of them."""
    half = CLAUSE_AT_MOST // 2
    return text if len(text) <= CLAUSE_AT_MOST else f"{text[:half]} … {text[-half:]}"


def without_filler(text: str) -> str:
    plain = _CONNECTOR.sub("", text.strip())
    core = _FILLER.sub("", plain)
    return core or plain


def masked(text: str) -> str:
    """The text, as long as before, with quotations and addresses blotted out, so that nothing splits them."""
    text = _QUOTED.sub(lambda match: "x" * len(match[0]), text)
    return _DICTATED.sub(
        lambda match: re.sub(r"\b(?:and|then|but|or)\b|[,:;]", lambda word: "x" * len(word[0]), match[0]),
        text,
    )


def _sentences(prompt: str) -> Iterator[str]:
    mask, start = masked(prompt), 0
    for match in _SENTENCE_END.finditer(mask):
        yield prompt[start : match.end()]
        start = match.end()
    yield prompt[start:]


def _pieces(sentence: str, verbs: frozenset[str], nouns: frozenset[str]) -> Iterator[str]:
    mask, start = masked(sentence), 0
    for match in _BOUNDARY.finditer(mask):
        if _begins_request(mask[match.end() :], match[0], verbs, nouns):
            yield sentence[start : match.start()]
            start = match.start() if "then" in match[0] or "and" in match[0] else match.end()
    yield sentence[start:]


def _begins_request(rest: str, connector: str, verbs: frozenset[str], nouns: frozenset[str]) -> bool:
    words = re.findall(r"[\w'\u2019]+", without_filler(rest[:80]))[:4]
    if not words:
        return False
    first = words[0].lower().replace("\u2019", "'")
    if _MORE_OF_IT.match(rest):
        return False
    if (
        _POLITE.match(rest)
        or rest[:5].lower().startswith(("then ", "also "))
        or first in ASKING
        or _WANTING.match(rest)
    ):
        return True
    if "then" in connector or stem(first) in COMMANDS or stem(first) in verbs:
        return first not in ("sum", "square", "double") or "," not in connector
    determined = first in ("the", "my", "some", "an", "a", "current", "latest", "today's", "also")
    return determined and any(stem(word) in nouns for word in words[1:3])


def _mood(text: str, verbs: frozenset[str]) -> Mood:
    core = without_filler(text)
    words = re.findall(r"[\w'\u2019]+", core)
    first = words[0].lower().replace("\u2019", "'") if words else ""
    if _WANTING.match(text) or _WANTING.match(core):
        return "command"
    if first not in ASKING and not text.endswith("?") and _NOUN_THAT_ACTS.match(core):
        return "statement"
    if stem(first) in COMMANDS - {"do"} or stem(first) in verbs:
        return "command"
    if first == "do" and not re.match(
        r"do (?:i|you|we|they|people|the|not|cats|most)\b", core, re.IGNORECASE
    ):
        return "command"
    if first in ASKING or first.split("'")[0] in ASKING or text.rstrip(" \"'").endswith("?"):
        return "question"
    if _STATING.match(core):
        return "statement"
    return "statement" if _FINITE.match(core) else "fragment"
