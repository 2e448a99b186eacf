"""A passage with the words that were found, as HTML that is safe to show. Pure.

The databases mark words by START and END, which no text has that people write. Where one has them the marks
are off, and that is all: everything but our own `<mark>` is escaped.
"""

from html import escape

from .search_query import searched_text

START, END = "\x02", "\x03"


def as_html(marked: str) -> str:
    """A marked passage with `<mark>` around each word that was found, and nothing else that is HTML."""
    before, *found = marked.split(START)
    parts = [escape(before.replace(END, ""))]
    for piece in found:
        word, _, rest = piece.partition(END)
        parts.append(f"<mark>{escape(word)}</mark>{escape(rest.replace(END, ''))}")
    return "".join(parts)


def as_written(marked: str, text: str) -> str:
    """A marked passage of `searched_text(text)`, with the words as `text` has them.

    Where the passage is not found (Python and PostgreSQL may know different versions of Unicode) it stays.
    """
    passage = marked.replace(START, "").replace(END, "")
    searched, places = _searched_with_places(text)
    begin = searched.find(passage)
    if not passage or begin < 0:
        return marked
    end = begin + len(passage)
    parts, at = ["…" if begin else ""], begin
    for character in marked:
        if character in (START, END):
            parts.append(character)
        else:
            parts.append(text[places[at] : places[at + 1]])
            at += 1
    return "".join([*parts, "…" if end < len(searched) else ""])


def _searched_with_places(text: str) -> tuple[str, range | list[int]]:
    """The searched text, and where in `text` each of its characters comes from, and its end."""
    searched = searched_text(text)
    if len(searched) == len(text):
        return searched, range(len(text) + 1)
    pieces: list[str] = []
    places: list[int] = []
    for start, end in _clusters(text):
        piece = searched_text(text[start:end])
        pieces.append(piece)
        places += [start] * len(piece)
    return "".join(pieces), [*places, len(text)]


def _clusters(text: str) -> list[tuple[int, int]]:
    """Letters with the combining marks that follow them."""
    starts = [place for place, letter in enumerate(text) if not "\u0300" <= letter <= "\u036f"]
    if not starts or starts[0]:
        starts.insert(0, 0)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))
