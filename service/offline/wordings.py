"""Texts for parameters: titles, bodies, topics, lists, and what a clause says apart from its wish."""

import re
from typing import Any

from .schemas import Param
from .wanted import Wanted, trimmed
from .words import EMPTY, alike, stem, words_of

_BODY = re.compile(
    r"\b(?:saying|that says|telling (?:him|her|them|us|me)|(?:with )?(?:the )?(?:body|message|text|content|"
    r"note)(?: is| of|:| saying)?"
    r"|to say|says)[: ]+(?:that )?(.{1,2000})$",
    re.IGNORECASE | re.DOTALL,
)


_TITLE = re.compile(
    r"\b(?:subject|titled?|called|named|entitled|headline)(?: is| of|:)? ?(.{1,200}?)(?= and (?:body|"
    r"message|text|saying)| saying|"
    r" with | in | on | at | for |[,.;]|$)",
    re.IGNORECASE,
)


_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning|re:|on the subject of|that|to) (.{1,300})$", re.IGNORECASE
)


_ABOUT_UNTIL_BODY = re.compile(
    r"\b(?:about|regarding|concerning|re:) (.{1,200}?)(?=,? (?:saying|that says|telling|with body|and "
    r"say)\b|$)",
    re.IGNORECASE,
)


_TOPIC = re.compile(
    r"\b(?:about|regarding|concerning|for|on|into|of|whether|how|containing|matching|named|called|to|"
    r"around|with|using)\b:? (.{1,500})$",
    re.IGNORECASE,
)


def title_for(param: Param, wanted: Wanted) -> list[Any]:
    if found := wanted.claims.one_quoted("subject|titled?|called|named|entitled"):
        return found
    if found_title := wanted.claims.take(_TITLE, 1):
        return [found_title]
    if not param.required:
        return []
    about = wanted.claims.take(_ABOUT_UNTIL_BODY, 1)
    return [trimmed(about)] if about else text_for(param, wanted)


def body_for(param: Param, wanted: Wanted) -> list[Any]:
    if quoted := wanted.claims.one_quoted("body|message|text|content|saying|says", last=True):
        return quoted
    if found := wanted.claims.take(_BODY, 1):
        return [trimmed(found)]
    about = wanted.claims.take(_ABOUT, 1) if param.required else None
    return [trimmed(about)] if about else text_for(param, wanted)


def query_for(param: Param, wanted: Wanted) -> list[Any]:
    if not param.required and not wanted.solo and not _ABOUT.search(wanted.claims.text):
        return []
    if len(quoted := wanted.claims.quoted()) == 1:
        return quoted
    return quoted or text_for(param, wanted, must=True)


def text_for(param: Param, wanted: Wanted, must: bool = False) -> list[Any]:
    """What is left of the clause: after the words that chose the tool, or after “for”, “about”, “on”."""
    if quoted := wanted.claims.one_quoted():
        return quoted
    if not (param.required or must):
        return []
    rest = trimmed(wanted.claims.rest())
    if dictated := re.match(r"[^:]{2,60}: +(\S.*)$", rest, re.DOTALL):
        return [trimmed(dictated[1])]
    start = _end_of_said(rest, wanted.said)
    topic = _TOPIC.match(rest[start:].lstrip(" ,:"))
    content = topic[1] if topic else rest[start:]
    text = trimmed(content)
    return [text] if wanted.force or _says_something(text, wanted.said) else []


def _says_something(text: str, said: frozenset[str]) -> bool:
    return any(word not in EMPTY and stem(word) not in said for word in words_of(text)) or bool(
        re.search(r"\d", text)
    )


def _end_of_said(rest: str, said: frozenset[str]) -> int:
    """Where the words that ask for the tool end, at the start of the text."""
    end, begun = 0, False
    for match in re.finditer(r"[\w'\u2019-]+", rest):
        word = match[0].lower()
        names_tool = any(alike(stem(word), each) for each in said)
        if not (names_tool or word in _ASKING_WORDS or (word in EMPTY and not begun)):
            break
        begun = begun or names_tool
        end = match.end() if begun or word in _ASKING_WORDS else end
    return end


_ASKING_WORDS = frozenset(
    "please can you could would will i want to need like me us the a an some my do run make perform "
    "conduct tell give show find get "
    "what's what is are of for let's let go ahead and start slow quick short brief detailed little search "
    "look up out into have who "
    "how then also now there any information info on about using use with kindly thorough deep full "
    "in-depth dive new another more".split()
)


def list_for(param: Param, wanted: Wanted) -> list[str]:
    """“with tags red, green and blue”, “add milk, eggs and bread to …”, or what is quoted."""
    name = re.escape(param.name.removesuffix("s"))
    named = re.compile(
        rf"\b{name}(?:s|es)?(?: are| of|:)?:? ([\w-]+(?:(?:, | and |, and )[\w-]+){{0,20}})", re.IGNORECASE
    )
    text = wanted.claims.take(named, 1)
    if text is None and not param.required:
        return []
    if text is None and (quoted := wanted.claims.quoted()):
        return quoted
    if text is None:
        rest = trimmed(wanted.claims.rest())
        text = re.split(
            r"\b(?:to|on|in|into|onto|for) (?:the|my|our)\b", rest[_end_of_said(rest, wanted.said) :]
        )[0]
    return [part.strip() for part in re.split(r",? and |, ", text) if part.strip()]
