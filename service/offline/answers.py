"""The answer without tools: it reacts to the prompt, and says where a demo model has no knowledge."""

import re
from collections.abc import Callable, Sequence

from .clauses import without_filler
from .extracts import LEAST_TO_SUMMARISE, Passage, quoted_from, summary_of
from .schemas import Tool
from .stories import joke, poem, story
from .words import EMPTY, words_of

HONEST = (
    "I am Chainstream's built-in offline demo model: I have no knowledge of the world, so I cannot answer "
    "that. "
    "Configure a real model, and the same chain will."
)
NOTE = "(Made up by Chainstream's offline demo model.)"
QUOTED_AT_MOST = 160
SAID_AT_MOST = 2000

_GREETING = re.compile(
    r"^(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings|howdy|yo)\b", re.IGNORECASE
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thx|cheers|much appreciated)\b", re.IGNORECASE)
_BYE = re.compile(r"^(?:bye|goodbye|see you|good night|farewell)\b", re.IGNORECASE)
_ABOUT_ME = re.compile(
    r"\bwho are you\b|\bwhat are you\b|\bwhat can you\b|\bwhat do you do\b|\byour name\b|\bhow are you\b|"
    r"\bwhat tools\b|"
    r"\bwhich tools\b|\bhelp me\??$|^help\b|\bcapabilities\b|\bare you (?:an? )?(?:ai|bot|human|real|"
    r"robot)\b|\bhow do you work\b",
    re.IGNORECASE,
)
_SAY = re.compile(
    r"^(?:say|repeat|echo|print)(?: after me| back| this| the (?:word|words|phrase|following|"
    r"sentence))*\s*:?\s+(.+)",
    re.IGNORECASE | re.DOTALL,
)
_TIMES = re.compile(
    r"^(.*?),? (\d{1,2}|once|twice|three|four|five|ten) times?[.!]?$", re.IGNORECASE | re.DOTALL
)
_STORY = re.compile(r"\b(?:story|stories|tale|fable|fairy ?tale|narrative)\b", re.IGNORECASE)
_POEM = re.compile(r"\b(?:poem|haiku|verse|song|limerick|rhyme|lyrics)\b", re.IGNORECASE)
_JOKE = re.compile(r"\b(?:joke|something funny|make me laugh|pun|riddle)\b", re.IGNORECASE)
_SUMMARY = re.compile(
    r"^\s*(?:please |can you |could you )?(?:summari[sz]e|sum up|give (?:me )?a summary|tl;?dr)[^:\n]{0,"
    r"80}[:\n]\s*(.{40,})",
    re.IGNORECASE | re.DOTALL,
)
_TRANSLATE = re.compile(r"\btranslat(?:e|ion)\b|\bhow do you say\b", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:list|ideas?|steps?|tips|suggestions|ways|reasons|examples|checklist|plan|bullet points|pros and "
    r"cons|names)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)
_SMALL = {
    word: number for number, word in enumerate("two three four five six seven eight nine ten".split(), 2)
}
_TIMES_WORDS = {"once": 1, "twice": 2} | _SMALL
_STEPS = (
    "Say in one sentence what {topic} should come to in the end.",
    "Write down what is there already, and what is missing.",
    "Pick the smallest part of {topic} that is of use on its own.",
    "Do that part first, and look at it the next day.",
    "Ask one person who has done it before.",
    "Set a date and a limit for what it may cost.",
    "Try it in a small circle before the large one.",
    "Note what worked and what surprised you.",
    "Leave out one thing that nobody would miss.",
    "Decide what comes next, or that it is done.",
)


def answer(prompt: str, tools: Sequence[Tool] = (), brief: bool = False) -> str:
    """Text for a prompt that no tool serves."""
    text = prompt.strip()
    if not text:
        return "Your message is empty. What would you like me to do?"
    written = _reaction(text, without_filler(text), tools)
    return _first_sentences(written, 2) if brief else written


def from_passages(question: str, passages: Sequence[Passage]) -> str:
    """What the passages say, in their own words."""
    found = quoted_from(passages, question)
    if found is None:
        return f"You ask: “{_quoted(question)}” None of the passages has its words. {HONEST}"
    return f"This is what they say of it:\n\n{found}\n\n{_EXTRACTED}"


def open_question(request: str) -> str:
    """For a request that stays open beside others that tools served."""
    return f"As for “{_quoted(request)}”: {HONEST}"


def _reaction(text: str, core: str, tools: Sequence[Tool]) -> str:
    for pattern, react in _REACTIONS:
        if match := pattern.search(core if pattern is _SAY else text):
            return react(text, match)
    if _ABOUT_ME.search(text):
        return _about_me(tools)
    if len(words_of(text)) <= 6 and (small := _small_talk(text, tools)):
        return small
    return _restated(text, tools)


def _small_talk(text: str, tools: Sequence[Tool]) -> str | None:
    if _THANKS.search(text):
        return "You are welcome! Is there anything else?"
    if _BYE.search(text):
        return "Goodbye, until next time!"
    if _GREETING.search(text):
        return f"Hello! I am Chainstream's offline demo model. {_offer(tools)}"
    return None


def _about_me(tools: Sequence[Tool]) -> str:
    return (
        "I am Chainstream's built-in offline demo model. I need no key and no network, and I have no "
        "knowledge of the world: "
        f"I show how chains and agents stream. {_offer(tools)} For real answers, configure a real model."
    )


def _offer(tools: Sequence[Tool]) -> str:
    if not tools:
        return "I can tell a made-up story, write a list, repeat or shorten a text."
    return f"I can use these tools: {', '.join(tool.name for tool in tools[:12])}. What shall I do?"


def _said(text: str, match: re.Match[str]) -> str:
    said = match[1].strip()
    times = _TIMES.match(said)
    if times:
        count = _TIMES_WORDS.get(times[2].lower()) or min(int(times[2]) if times[2].isdigit() else 1, 20)
        return " ".join([_unquoted(times[1])[: SAID_AT_MOST // 10]] * count)
    return _unquoted(said)[:SAID_AT_MOST]


def _unquoted(text: str) -> str:
    text = text.strip()
    quoted = re.match(r"[\"“'](.+?)[\"”'][.!?]?$", text, re.DOTALL)
    return quoted[1] if quoted else text


def _summary(text: str, match: re.Match[str]) -> str:
    given = match[1].strip()
    told = summary_of(given) if len(given) >= LEAST_TO_SUMMARISE else _first_sentences(given, 2)
    return f"In short, in its own words: {told}\n\n{_EXTRACTED}"


_EXTRACTED = "(Extracted by Chainstream's offline demo model, which does not understand the text.)"


def _first_sentences(text: str, count: int) -> str:
    found = re.findall(r"[^.!?\n]+[.!?]*\s*", text[:4000])
    return "".join(found[:count]).strip() or text


def _no_translation(text: str, match: re.Match[str]) -> str:
    return f"You want a translation: “{_quoted(text)}”. {HONEST}"


def _listed(text: str, match: re.Match[str]) -> str:
    number = _COUNT.search(text)
    count = min((_SMALL.get(number[1].lower()) or int(number[1]) if number else 5) or 5, len(_STEPS))
    topic = _topic(text)
    lines = [f"{index}. {step.format(topic=topic)}" for index, step in enumerate(_STEPS[:count], 1)]
    heading = (
        f"A list for {topic}, from Chainstream's offline demo model, which knows no more of it than "
        f"you have said:"
    )
    return "\n".join([heading, "", *lines])


def _topic(text: str) -> str:
    about = re.search(r"\b(?:about|for|of|to|on)\s+([^.!?\n]{3,80})", text)
    words = (
        about[1].strip()
        if about
        else " ".join(word for word in words_of(text) if word not in EMPTY and not _LIST.match(word))[:80]
    )
    return words or "this"


def _restated(text: str, tools: Sequence[Tool]) -> str:
    asks = text.rstrip().endswith("?") or (
        words_of(text)[:1] and words_of(text)[0] in ("what", "who", "why", "how", "when", "where", "which")
    )
    if asks:
        return f"You ask: “{_quoted(text)}” {HONEST}{_none_fits(tools)}"
    return (
        f"You say: “{_quoted(text)}” I have read it, but I am Chainstream's built-in offline demo model "
        f"and do not understand it as a "
        f"real model would; one can be configured. {_offer(tools)}"
    )


def _none_fits(tools: Sequence[Tool]) -> str:
    return f" None of my tools ({', '.join(tool.name for tool in tools[:12])}) fits it." if tools else ""


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED_AT_MOST else f"{line[:QUOTED_AT_MOST]}…"


_REACTIONS: tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], str]], ...] = (
    (_SUMMARY, _summary),
    (_SAY, _said),
    (_STORY, lambda text, match: f"{story(text)}\n\n{NOTE}"),
    (_POEM, lambda text, match: f"{poem(text)}\n\n{NOTE}"),
    (_JOKE, lambda text, match: f"{joke(text)}\n\n{NOTE}"),
    (_TRANSLATE, _no_translation),
    (
        re.compile(
            rf"(?:^|\b(?:give|write|make|need|suggest|show|name|some|what are|can you|create|want|with|a|"
            rf"me|of)\b[^.?!\n]{{0,60}}){_LIST.pattern}",
            re.IGNORECASE,
        ),
        _listed,
    ),
)
