"""A text in pieces: what is shown does not depend on where it was cut, and comes as early as it can."""

import random
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.filtering import HOSTILE
from service.redaction.hold_back import BOUND, CONTEXT, TIMED_OUT, HoldBack
from service.redaction.rule import Blocked, Looks, Rule, RuleSet
from service.redaction.rules import RULES, rules_named
from tests.amounts import SPLITS
from tests.redaction.plain import PlainHoldBack
from tests.redaction.samples import EVERY_RULE, MADE, SECRETS, some, split, text_with, whole


def shown_by(pieces: list[str], rules: RuleSet = EVERY_RULE) -> list[str]:
    """After each piece, and after the end."""
    stream = HoldBack(rules)
    return [*(stream.feed(piece) for piece in pieces), stream.flush()]


def hostile_text(chance: random.Random) -> str:
    """Beginnings of matches, and characters of which they are made."""
    units = [chance.choice([*HOSTILE.values()]) * chance.randint(1, 9) for _ in range(chance.randint(1, 3))]
    alphabet = chance.choice(["0123456789 -", "4.", "DENO890 -a", "a1.-@ :", "0-9 .:+()/"])
    units.append(some(chance, alphabet, 40))
    return "".join(chance.sample(units, len(units)))[:600]


def test_what_is_shown_is_the_same_wherever_a_text_was_cut_and_has_no_secret() -> None:
    for seed in range(SPLITS):
        chance = random.Random(seed)
        text, hidden = text_with(chance)
        said = "".join(shown_by(split(chance, text)))
        assert said == whole(text), seed
        assert [each for each in hidden if each in said] == [], seed


def test_each_place_is_shown_with_the_very_piece_that_decides_it() -> None:
    for seed in range(SPLITS):
        chance = random.Random(seed)
        pieces = split(chance, text_with(chance)[0] if seed % 2 else hostile_text(chance))
        plain = PlainHoldBack(EVERY_RULE)
        assert shown_by(pieces) == [*map(plain.feed, pieces), plain.flush()], seed


@pytest.mark.parametrize("name", MADE)
def test_each_kind_is_hidden_whole_wherever_it_is_cut(name: str) -> None:
    rules = RuleSet(tuple(rules_named([name])))
    chance = random.Random(name)
    for make in MADE[name]:
        for _ in range(20):
            hidden = make(chance)
            cut = chance.randint(1, len(hidden) - 1)
            said = "".join(shown_by(["It is ", hidden[:cut], hidden[cut:], ", and so on"], rules))
            assert said.startswith(("It is [", "It is tel:[", "It is postgresql://[")) and said.endswith(
                ", and so on"
            ), hidden
            assert not any(
                hidden[at : at + 12] in said for at in range(len(hidden) - 11) if "db." not in hidden
            )


def test_no_beginning_of_a_match_is_ever_shown() -> None:
    secret = "sk-" + "a1B2" * 20
    stream = HoldBack(SECRETS)
    assert "".join(stream.feed(each) for each in f"key={secret}") == "key="
    assert stream.feed(" ") == "[secret] "


@pytest.mark.parametrize("text", ["hello", " risk-averse", "task_", " hello, wor", "1 2 3", "C:\\", "mask"])
def test_nothing_is_held_where_no_match_can_begin(text: str) -> None:
    assert HoldBack(SECRETS).feed(text) == text


@pytest.mark.parametrize(
    ("text", "held"), [("a s", "s"), ("a sk", "sk"), ("x ey", "ey"), ("-----BEG", "-----BEG")]
)
def test_only_what_may_be_a_match_is_held_and_let_go_as_soon_as_it_is_none(text: str, held: str) -> None:
    stream = HoldBack(SECRETS)
    assert stream.feed(text) == text.removesuffix(held)
    assert stream.feed("?") == f"{held}?"


def test_a_longer_match_is_waited_for_while_a_shorter_one_is_complete() -> None:
    rules = RuleSet(tuple(rules_named(["email"])))
    assert shown_by(["a@b.example", ".org", " x"], rules) == ["", "", "[email] ", "x"]


def test_at_the_bound_a_match_is_replaced_and_what_belongs_to_it_swallowed() -> None:
    chance = random.Random(1)
    key = "sk-" + some(chance, "abcdef0123456789", 5_000)
    for size in (1, 7, BOUND - 1, BOUND, BOUND + 1, 9_000):
        pieces = [key[at : at + size] for at in range(0, len(key), size)]
        stream = HoldBack(SECRETS)
        released = ["".join(stream.feed(piece) for piece in pieces), stream.feed(" after"), stream.flush()]
        assert released == ["[secret]", " after", ""], size


def test_a_long_private_key_goes_to_its_last_line_and_the_text_after_it_stays() -> None:
    body = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" for _ in range(60))
    text = f"Here:\n-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\nKeep it safe."
    assert "".join(shown_by(list(text))) == whole(text) == "Here:\n[secret]\nKeep it safe."


def test_no_more_than_the_bound_is_ever_held() -> None:
    chance = random.Random(2)
    hostile = ["-----BEGIN PRIVATE KEY-----", "eyJ", "a", "sk-", "://u:", "@", "4111 ", "\n", "::", "+1 "]
    for _ in range(10):
        stream = HoldBack(EVERY_RULE)
        fed = shown = 0
        for _ in range(100):
            piece = chance.choice(hostile) * chance.randint(1, 40)
            fed += len(piece)
            shown += len(stream.feed(piece))
            assert len(stream._text) - stream._at < BOUND and stream._at <= CONTEXT


def test_a_rule_sees_what_is_before_its_match_though_that_was_shown_long_ago() -> None:
    rules = RuleSet((Rule(name="x", pattern=r"(?<=id: )\d{3}(?!\d)", replace=lambda _: "[x]"),))
    assert "".join(shown_by(list("id: 123, no 456, id: 789"), rules)) == "id: [x], no 456, id: [x]"


def test_of_rules_that_match_at_one_place_the_first_counts_and_one_that_checks_may_pass() -> None:
    first = Rule(name="a", pattern=r"\d{4}", replace=lambda _: "[a]", check=lambda text: 4 * (text == "1111"))
    second = Rule(name="b", pattern=r"\d{4}", replace=lambda _: "[b]")
    assert "".join(shown_by(list("1111 2222"), RuleSet((first, second)))) == "[a] [b]"


def test_a_pattern_that_takes_too_long_shows_nothing_more_of_the_text() -> None:
    rules = RuleSet((Rule(name="x", pattern=r"(?:a|aa|a?a)+$", replace=lambda _: "[x]"),), seconds=0.001)
    stream = HoldBack(rules)
    said = stream.feed("a" * 200 + "!") + stream.feed(" more") + stream.flush()
    assert said == TIMED_OUT


def test_what_was_before_a_block_is_told_with_it() -> None:
    def refuse(text: str) -> str:
        raise Blocked("no")

    stream = HoldBack(RuleSet((Rule(name="x", pattern="bad", replace=refuse),)))
    with pytest.raises(Blocked) as blocked:
        stream.feed("a" * 1000 + " bad, then")
    assert (blocked.value.message, blocked.value.shown) == ("no", "a" * 1000 + " ")
    assert stream.feed("more") + stream.flush() == ""


class Counted:
    """A pattern that counts the characters it is given to look at."""

    def __init__(self, pattern: object) -> None:
        self._pattern, self.characters = pattern, 0

    def __getattr__(self, name: str) -> object:
        look = getattr(self._pattern, name)

        def counted(text: str, pos: int = 0, **how: object) -> object:
            self.characters += len(text) - pos
            return look(text, pos, **how)

        return counted


@pytest.mark.parametrize("unit", [*HOSTILE.values(), "4", "eyJ", "dead:beef:", "a@a@", "(55) ", "-", "://a:"])
@pytest.mark.parametrize("size", [4, 5_000])
def test_hostile_text_is_looked_at_in_proportion_to_its_length(unit: str, size: int) -> None:
    assert set(RULES) == {"secrets", "email", "card", "iban", "phone", "ssn", "ip"}

    def looked_at(count: int) -> int:
        counted: list[Counted] = []

        def counting(pattern: object) -> Any:
            counted.append(Counted(pattern))
            return counted[-1]

        rules = RuleSet(tuple(replace(rule) for rule in rules_named(RULES)))
        object.__setattr__(rules, "_beginning", counting(rules._beginning))
        for rule in rules.rules:
            rule.__dict__["beginning"] = counting(rule.beginning)
            for name in ("looks", "swallowing"):
                looks = getattr(rule, name)
                rule.__dict__[name] = Looks(counting(looks.whole), counting(looks.open))
        text = (unit * count)[:count]
        shown_by([text[at : at + size] for at in range(0, count, size)], rules)
        return sum(each.characters for each in counted)

    few, many = looked_at(5_000), looked_at(20_000)
    assert many <= 4.2 * few + BOUND * BOUND
