"""A story, a poem or a joke about what the prompt names, put together from pieces."""

import hashlib
import re
from collections.abc import Sequence

from .words import EMPTY, words_of

_ABOUT = re.compile(r"\b(?:about|of|on|involving|with|featuring|starring)\s+(.{3,120})", re.IGNORECASE)
_KINDS = frozenset(
    "story stories tale poem haiku joke song limerick short long little bedtime funny verse rhyme "
    "write compose brief nice sad "
    "happy words sentences paragraphs".split()
)
_PLACES = (
    "a valley where the fog came in every evening",
    "a town at the end of the last railway line",
    "a harbour full of patched sails",
    "a house with more stairs than rooms",
    "an orchard on the dark side of a hill",
)
_WANTS = (
    "to find out who rang the bell at night",
    "to bring back a promise that had been lent and lost",
    "to learn what the old map did not show",
    "to carry a lantern across the river before the ice broke",
    "to mend what nobody else would touch",
)
_COMPANIONS = (
    "a clockmaker who had stopped counting",
    "a goose of firm opinions",
    "a child with a pocket full of keys",
    "a retired ferryman",
    "a librarian who whispered even outdoors",
)
_TROUBLES = (
    "the bridge was gone and the water was loud",
    "the only door had no handle on this side",
    "everyone they asked remembered it differently",
    "the road turned back on itself three times",
    "the light went out just where the path divided",
)
_TURNS = (
    "listened instead of hurrying",
    "gave away the one thing that had seemed worth keeping",
    "laughed, and the echo showed the way",
    "asked the question that everybody had been avoiding",
    "sat down and waited for the moon",
)
_ENDS = (
    "In the morning nothing looked different, and everything was",
    "People still tell it, and each of them adds a step",
    "The bell has rung on time ever since",
    "What they brought home fitted into one hand, and it was enough",
    "From then on the door was never locked again",
)
_JOKES = (
    "Why did {a} bring a ladder to work? The expectations were rather high.",
    "{A} walks into a library and asks for something short. “Take the queue,” says the librarian.",
    "What does {a} do on a day off? The same, but without the meetings.",
)
_LINES = (
    "{A} waits where the daylight thins",
    "a small wind turns the page and grins",
    "no hurry in the evening's hands",
    "the river keeps what it understands",
    "and {b} goes by on quiet feet",
    "till {a} and the morning meet",
)


def story(prompt: str) -> str:
    """Four paragraphs of some 120 words, about the nouns of the prompt."""
    hero, other = _subjects(prompt)
    pick = _Choice(prompt)
    name = _without_article(hero)
    return "\n\n".join(
        (
            f"There was once {hero}, who lived in {pick.of(_PLACES)}. Most days were like the one "
            f"before, until the {name} "
            f"decided {pick.of(_WANTS)}.",
            f"It was no journey to make alone. At the crossroads stood {pick.of(_COMPANIONS)}, who "
            f"knew something about "
            f"{other} and asked for no reward but company. So they went on together, and talked to "
            f"keep the cold away.",
            f"On the third day {pick.of(_TROUBLES)}. The {name} tried to be clever, and then tried to "
            f"be strong, and neither "
            f"helped. In the end the {name} {pick.of(_TURNS)}, and that was what had been missing all along.",
            f"They came home by a different road. {pick.of(_ENDS)}.",
        )
    )


def poem(prompt: str) -> str:
    hero, other = _subjects(prompt)
    return "\n".join(_filled(line, hero, other) for line in _LINES)


def joke(prompt: str) -> str:
    hero, other = _subjects(prompt)
    return _filled(_Choice(prompt).of(_JOKES), hero, other)


class _Choice:
    """Picks by a hash of the prompt: no chance, and yet each prompt its own."""

    def __init__(self, prompt: str) -> None:
        self._digest = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
        self._at = 0

    def of(self, pieces: Sequence[str]) -> str:
        self._at += 1
        return pieces[self._digest[self._at % len(self._digest)] % len(pieces)]


def _subjects(prompt: str) -> tuple[str, str]:
    """Whom it is about, and what else, from the words of the prompt."""
    about = _ABOUT.search(prompt)
    text = re.split(r"[.!?;\n]", about[1] if about else "")[0]
    parts = re.split(r"\s*,\s*|\s+(?:and|with|who|that|in|from|at)\s+", text.strip())
    named = [part for part in parts if any(word not in EMPTY | _KINDS for word in words_of(part))]
    hero = (
        _with_article(named[0])
        if named
        else _Choice(prompt).of(("a mapmaker", "a lighthouse keeper", "a young baker"))
    )
    return hero, re.sub(r"^(?:a|an) ", "the ", named[1]) if len(named) > 1 else "the way"


def _with_article(noun: str) -> str:
    noun = " ".join(noun.split()[:6]).strip(" \"'“”")
    if (
        re.match(r"(?:an?|the|my|our|your|his|her|two|three|some|one)\b", noun, re.IGNORECASE)
        or noun[:1].isupper()
    ):
        return noun
    return noun if noun.endswith("s") else f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _without_article(noun: str) -> str:
    return re.sub(r"^(?:an?|the|my|our|your|his|her) ", "", noun, flags=re.IGNORECASE)


def _filled(line: str, hero: str, other: str) -> str:
    return line.format(a=hero, b=other, A=hero[:1].upper() + hero[1:])
