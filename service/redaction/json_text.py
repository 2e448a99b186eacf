r"""JSON as a model writes it, in pieces: each of its strings is a text of its own, keys and numbers too.

What is looked at is what a reader gets: `"a\u0040b.org"` is an address. What comes out is JSON if what came
in was. A number with a match becomes a string. Where it can be no JSON any more, it is a text like any other.
"""

import re
from collections.abc import Callable
from typing import Final

from .filtering import TextStream
from .hold_back import BOUND
from .patterns import compiled

_STRUCTURE: Final = re.compile(r'["{}\[\]:,]')
_STRING_BREAK: Final = re.compile(r'["\\]')
_LITERAL: Final = compiled(
    r"\s*+(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+|true|false|null)?\s*+"
)
_ESCAPE: Final = compiled(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPELLED: Final = {
    **{chr(code): f"\\u{code:04x}" for code in [*range(32), 127, *range(0xD800, 0xE000)]},
    **{character: f"\\{name}" for name, character in _SHORT.items()},
    '"': '\\"',
    "\\": "\\\\",
}
_TO_SPELL: Final = re.compile(r'[\x00-\x1f\x7f"\\\ud800-\udfff]')


class JsonText:
    """`text` makes a stream for each string. `feed` and `flush` raise Blocked as those do."""

    def __init__(self, text: Callable[[], TextStream]) -> None:
        self._new_text = text
        self._string: TextStream | None = None  # while in one
        self._bare = ""  # a number or word outside of strings, until its end
        self._escape = ""  # one that is not whole yet
        self._no_json: TextStream | None = None

    def feed(self, piece: str) -> str:
        """What is decided with this piece, as it is to be shown."""
        shown: list[str] = []
        at = 0
        while at < len(piece):
            if self._no_json is not None:
                shown.append(self._no_json.feed(piece[at:]))
                break
            take = self._outside if self._string is None else self._inside
            at = take(piece, at, shown)
        return "".join(shown)

    def flush(self) -> str:
        """The rest, at the text's end."""
        if self._string is not None:
            rest = spelled(self._string.feed(self._escape) + self._string.flush())
        elif self._no_json is not None:
            rest = self._no_json.flush()
        else:
            rest = self._literal()
        return rest

    def _outside(self, piece: str, at: int, shown: list[str]) -> int:
        found = _STRUCTURE.search(piece, at)
        end = found.start() if found else len(piece)
        self._bare += piece[at:end]
        if not _LITERAL.fullmatch(self._bare, partial=True) or len(self._bare) > BOUND:
            self._no_json = self._new_text()
            shown.append(self._no_json.feed(self._bare))
            return end
        if found is None:
            return end
        shown.append(self._literal() + found[0])
        if found[0] == '"':
            self._string = self._new_text()
        return found.end()

    def _literal(self) -> str:
        """The number or word that ends here, with the blanks around it."""
        bare, self._bare = self._bare, ""
        if not bare.strip():
            return bare
        text = self._new_text()
        shown = text.feed(bare) + text.flush()
        return bare if shown == bare else f'"{spelled(shown.strip())}"'

    def _inside(self, piece: str, at: int, shown: list[str]) -> int:
        string = self._string
        if string is None:
            return at
        if self._escape:
            return self._escaped(string, piece, at, shown)
        found = _STRING_BREAK.search(piece, at)
        end = found.start() if found else len(piece)
        if end > at:
            shown.append(spelled(string.feed(piece[at:end])))
        if found is None:
            return end
        if found[0] == "\\":
            self._escape = "\\"
        else:
            shown.append(spelled(string.flush()) + '"')
            self._string = None
        return found.end()

    def _escaped(self, string: TextStream, piece: str, at: int, shown: list[str]) -> int:
        """One more character of an escape; what turns out to be none stands for itself."""
        self._escape += piece[at]
        found = _ESCAPE.fullmatch(self._escape, partial=True)
        if found is not None and found.partial:
            return at + 1
        escape, self._escape = self._escape, ""
        if found is None:  # the character may end the string
            shown.append(spelled(string.feed(escape[:-1])))
            return at
        shown.append(spelled(string.feed(_meant(escape))))
        return at + 1


def _meant(escape: str) -> str:
    kind = escape[1]
    return chr(int(escape[2:], 16)) if kind == "u" else _SHORT.get(kind, kind)


def spelled(text: str) -> str:
    """As it stands in a JSON string."""
    if not _TO_SPELL.search(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _TO_SPELL.sub(lambda found: _SPELLED[found[0]], joined)
