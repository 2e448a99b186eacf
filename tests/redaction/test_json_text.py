"""Arguments of a call as a model writes them: what a reader gets is looked at, and it stays JSON."""

import json
import random
from typing import Any

import pytest

from service.redaction.filtering import text_stream
from service.redaction.json_text import JsonText
from tests.amounts import SPLITS
from tests.redaction.samples import EVERY_RULE, split, text_with, whole


def shown_by(pieces: list[str]) -> str:
    """Of each piece, then the end."""
    text = JsonText(lambda: text_stream([EVERY_RULE]))
    return "".join([*(text.feed(piece) for piece in pieces), text.flush()])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('{"to": "a@b.example", "n": 1}', {"to": "[email]", "n": 1}),
        (r'{"to": "a\u0040b.example"}', {"to": "[email]"}),
        (r'{"to": "\u0061@b\u002eexample \ud83d\ude00"}', {"to": "[email] \U0001f600"}),
        ('{"a@b.example": 1}', {"[email]": 1}),
        (
            '{"card": 4111111111111111, "n": [1, -2.5e3, true, null]}',
            {"card": "[card]", "n": [1, -2500.0, True, None]},
        ),
        ("[4111111111111111]", ["[card]"]),
        ("4111111111111111", "[card]"),
        (r'{"s": "x \"a@b.example\" \\ \/ \n y"}', {"s": 'x "[email]" \\ / \n y'}),
        (r'["sk-abcdefghijklmnop", "qrstuvwxyz0123456789"]', ["sk-abcdefghijklmnop", "qrstuvwxyz0123456789"]),
        (r'{"k": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n."}', {"k": "[secret]\n."}),
        ('  {"a" : "b" }  ', {"a": "b"}),
        ('""', ""),
        ("", None),
    ],
)
def test_strings_keys_and_numbers_are_looked_at_as_a_reader_gets_them(written: str, value: Any) -> None:
    for pieces in ([written], list(written)):
        said = shown_by(pieces)
        assert (json.loads(said) if said else None) == value


@pytest.mark.parametrize(
    "written",
    [
        '{"a": "b\\n", "c": [1, 2.5, null, {"d": "\\\\"}]}',
        "[]",
        ' { "x" : -0.5e-7 } ',
        '"\\ud83d"',
        "no JSON, at all: {",
    ],
)
def test_what_no_rule_matches_stays_as_it_was_written(written: str) -> None:
    assert shown_by([written]) == shown_by(list(written)) == written


def _reached(value: Any) -> Any:
    """The value by the rules, as a reader of it would apply them."""
    match value:
        case str():
            return whole(value)
        case list():
            return [_reached(item) for item in value]
        case dict():
            return {whole(key): _reached(item) for key, item in value.items()}
    return value


def test_any_json_with_secrets_comes_out_as_json_without_them_wherever_it_was_cut() -> None:
    for seed in range(SPLITS):
        chance = random.Random(seed)
        text, hidden = text_with(chance)
        value = {
            "q": text,
            "deep": [{text[:9]: text}, chance.random(), None, True],
            "last": chance.randint(0, 9),
        }
        written = json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1]))
        written = "".join(
            f"\\u{ord(each):04x}" if each in "@k" and chance.random() < 0.2 else each for each in written
        )
        said = shown_by(split(chance, written))
        assert json.loads(said) == _reached(value), seed
        assert [each for each in hidden if each in said or json.dumps(each)[1:-1] in said] == [], seed


def test_what_is_no_json_is_a_text_like_any_other() -> None:
    for written in (
        "mail a@b.example now",
        '{"a": a@b.example}',
        "4111 1111 1111 1111",
        '["x", sk-' + "a1" * 20 + "]",
    ):
        for pieces in ([written], list(written)):
            said = shown_by(pieces)
            assert "[" in said and not any(each in said for each in ("a@b", "4111", "a1a1a1")), said


def test_an_escape_that_is_none_stands_for_itself() -> None:
    assert shown_by(list(r'"\x \u12 \q"')) == r'"\\x \\u12 \\q"'


def test_a_string_is_shown_as_far_as_it_is_decided() -> None:
    text = JsonText(lambda: text_stream([EVERY_RULE]))
    assert text.feed('{"say": "two words') == '{"say": "two '
    assert text.feed('", "n": 12') == 'words", "n":'
    assert text.feed("}") == " 12}"
