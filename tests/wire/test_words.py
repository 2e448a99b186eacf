"""`?smooth=word`: tokens joined to whole words, but no event split, so that every id is a place to go on."""

from collections.abc import Sequence
from random import Random

import pytest

from service.event_log.base import START, Cursor, Record
from service.wire.base import TextualFormat
from service.wire.plain import ProxyFormat
from service.wire.text import TextFormat
from service.wire.tokens import TokensFormat
from service.wire.words import HELD_CHARS, WordEncoder
from tests.wire.connections import Browser, Finished
from tests.wire.parsers import browser
from tests.wire.random_logs import RUN_ID, random_log
from tests.wire.stories import RUN, cancelled, done, encoded, ended, logged, token, tool_start

TEXTUAL: list[type[TextualFormat]] = [TextFormat, TokensFormat, ProxyFormat]


def words(records: Sequence[Record], cursor: Cursor = START) -> list[tuple[str, str]]:
    """The texts of the frames of `tokens`, each with the number of its event."""
    encoder = WordEncoder(TokensFormat(), RUN, cursor)
    messages = browser([encoder.encode(records) + encoder.flush()])
    return [(m.data, m.last_event_id.removeprefix("run.1.")) for m in messages if m.event == "message"]


def test_a_frame_is_whole_words_and_has_the_id_of_its_last_token() -> None:
    records = logged(token("Hel"), token("lo wor"), token("ld, "), token("a"), token("gain"), token("\n"))
    assert words(records) == [("Hello world, ", "3"), ("again", "5"), ("\n", "6")]


def test_a_token_that_begins_with_a_space_ends_the_word_before() -> None:
    records = logged(token("Hel"), token("lo"), token(" wor"), token("ld"), token(" "))
    assert words(records) == [("Hello", "2"), (" world", "4"), (" ", "5")]


@pytest.mark.parametrize("event", [tool_start(), ended(), done(), cancelled()], ids=lambda event: event.type)
def test_a_word_that_goes_on_is_told_before_anything_else(event: object) -> None:
    encoder = WordEncoder(TokensFormat(), RUN, START)
    assert encoder.encode(logged(token("Hel"))) == b""
    assert encoder.holds
    # Any event, by its id.
    (held, *_) = browser([encoder.encode(logged(token("Hel"), event)[1:])])  # type: ignore[arg-type]
    assert (held.data, held.last_event_id, encoder.holds) == ("Hel", "run.1.1", False)


def test_a_word_that_takes_too_long_is_told_as_far_as_it_came() -> None:
    encoder = WordEncoder(TextFormat(), RUN, START)
    records = logged(token("Hel"), token("lo "))
    assert (encoder.encode(records[:1]), encoder.flush(), encoder.flush()) == (b"", b"Hel", b"")
    assert encoder.encode(records[1:]) == b"lo "


def test_a_text_without_a_space_is_not_held_without_end() -> None:
    encoder = WordEncoder(TextFormat(), RUN, START)
    told = encoder.encode(logged(*[token("xxxx")] * HELD_CHARS))
    assert len(told) >= 3 * HELD_CHARS


def test_joined_tokens_never_look_like_a_marker() -> None:
    records = logged(token("[DO"), token("NE]"), token(" "), token("[ERR"), token("OR] x"), token(" [DONE]"))
    texts = [text for text, _ in words(records)]
    assert "".join(texts) == "[DONE] [ERROR] x [DONE]"
    assert not [text for text in texts if text == "[DONE]" or text.startswith("[ERROR]")]


def test_a_reader_of_a_cursor_within_a_word_gets_its_rest_and_no_more() -> None:
    records = logged(token("Hel"), token("l"), token("o "), token("you"))
    assert words(records, Cursor(1)) == [("lo ", "3"), ("you", "4")]


def test_what_waits_for_its_turn_keeps_its_parts() -> None:
    records = logged(token("a"), token("b", "m2"), token("c", "m2"), ended("m1"), token("d", "m2"))
    assert words(records) == [("a", "1"), ("b", "4.1"), ("c", "4"), ("d", "5")]


@pytest.mark.parametrize("format_", TEXTUAL)
@pytest.mark.parametrize("seed", range(50))
def test_the_text_is_the_same_as_without(format_: type[TextualFormat], seed: int) -> None:
    random = Random(seed)
    records = random_log(random, 40).records
    name = {TextFormat: "text", TokensFormat: "tokens", ProxyFormat: "llm-proxy"}[format_]
    encoder = WordEncoder(format_(), RUN, START)
    parts = []
    for record in records:
        parts.append(encoder.encode([record]))
        if random.random() < 0.2:
            parts.append(encoder.flush())
    smooth, plain = b"".join([*parts, encoder.flush()]), encoded(name, records)
    if format_ is TextFormat:
        assert smooth == plain
    else:
        assert _story(smooth) == _story(plain)


def _story(body: bytes) -> list[tuple[str, str]]:
    """The named events, and between them the text as a whole."""
    story: list[tuple[str, str]] = []
    for message in browser([body]):
        if story and message.event == story[-1][0] == "message":
            story[-1] = ("message", story[-1][1] + message.data)
        else:
            story.append((message.event, message.data))
    return story


@pytest.mark.parametrize("seed", range(10))
async def test_cuts_anywhere_repeat_and_lose_nothing(seed: int) -> None:
    random = Random(seed)
    served = await Finished.of(random_log(random, 60).records)
    whole = await served.body("tokens", "")
    assert whole is not None
    client = Browser()
    for _ in range(400):
        body = await served.body("tokens", client.last_event_id or f"{RUN_ID}.0.0", in_words=True)
        if body is None:
            break
        client.read(body[: random.randint(40, 400)])
    said = "".join(message.data for message in client.got if message.event == "message")
    uncut = "".join(message.data for message in browser([whole]) if message.event == "message")
    assert said == uncut
