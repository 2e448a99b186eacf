"""Any value at all, as hypothesis finds them."""

from collections import deque
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from service.values import TextJoiner, clean_text, encode_json, to_json
from tests.bridge.odd_values import Color, Cracked, Hostile, Item, Level, Mute, Open, Pair, Shape, Word

SEPARATORS = ("\x85", "\u2028", "\u2029", "\n", "\r")
any_text = st.text(st.characters(exclude_categories=()), max_size=20)
leaves: st.SearchStrategy[Any] = st.one_of(
    *(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        any_text,
        st.binary(max_size=9),
        st.complex_numbers(),
    ),
    *(st.decimals(), st.fractions(), st.dates(), st.datetimes(), st.times(), st.timedeltas(), st.uuids()),
    *(st.builds(Mute), st.builds(Hostile), st.builds(Cracked, st.integers())),
    st.sampled_from([Color.RED, Level.HIGH, Word.YES, ..., Shape, range(3)]),
)
hashable = st.one_of(st.none(), st.integers(), any_text, st.tuples(st.integers(), any_text), st.builds(Mute))
any_value = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashable, inner, max_size=4),
        st.sets(hashable, max_size=4),
        st.frozensets(hashable, max_size=4),
        st.builds(Shape, any_text, inner),
        st.builds(Pair, inner, inner),
        st.builds(lambda text, price: Item.model_construct(name=text, price=price), any_text, inner),
        st.builds(lambda more: Open.model_construct(name="x", more=more), inner),
        st.builds(lambda content: AIMessage.model_construct(content=content), inner),
        st.lists(inner, max_size=4).map(deque),
    ),
    max_leaves=20,
)
plain_json = st.recursive(
    st.one_of(
        *(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        st.text(max_size=20),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)
many = settings(max_examples=500, deadline=None)


@many
@given(any_value)
def test_any_value_becomes_one_line_of_json(value: Any) -> None:
    line = encode_json(to_json(value))
    text = line.decode()
    assert not any(separator in text for separator in SEPARATORS)
    assert orjson.loads(line) == to_json(value)


@many
@given(plain_json)
def test_plain_json_stays_what_it_is(value: Any) -> None:
    assert to_json(value) == value
    assert orjson.loads(encode_json(value)) == value


@many
@given(any_text)
def test_text_is_made_fit_for_utf8_and_else_unchanged(text: str) -> None:
    clean = clean_text(text)
    assert clean.encode().decode() == clean
    assert clean_text(clean) == clean
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert clean == text


def utf16(text: str) -> str:
    """The text with each character beyond the BMP as two surrogates, as some providers' pieces have it."""
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))


@many
@given(any_text, st.lists(st.integers(0, 40)))
def test_text_joins_to_the_same_wherever_it_was_cut(text: str, cuts: list[int]) -> None:
    whole = utf16(text)
    at = [0, *sorted(cuts), len(whole)]
    joiner = TextJoiner()
    pieces = [joiner.feed(whole[start:end]) for start, end in pairwise(at)]
    assert "".join([*pieces, joiner.flush()]) == clean_text(text)
    assert all(piece.encode() or not piece for piece in pieces)
