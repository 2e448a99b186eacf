"""REDACT, REDACT_PATTERNS and a chain's REDACT: what they take, and why a service does not start."""

from pathlib import Path

import pytest

from service.errors import InvalidRequest, StartError
from service.redaction.custom_patterns import checked_pattern, parse_custom_patterns
from service.redaction.filtering import cleaned
from service.redaction.filters import Filters
from service.redaction.hold_back import HoldBack
from service.redaction.rule import TIME_OUTS, Rule, RuleSet


def shown_by(pattern: str, text: str) -> tuple[str, str]:
    """At once, and character by character."""
    rules = RuleSet((Rule(name="x", pattern=checked_pattern(pattern), replace=lambda _: "[x]"),))
    stream = HoldBack(rules)
    return cleaned(text, [rules]), "".join([*map(stream.feed, text), stream.flush()])


@pytest.mark.parametrize(
    ("pattern", "text", "shown"),
    [
        (r"E\d{6}", "E123456 and E12345", "[x] and E12345"),
        (r"\bE\d{6}\b", "E123456 xE123456 E1234567 E123456", "[x] xE123456 E1234567 [x]"),
        (r"key \b\w{4}\b", "key abcd, key abcde", "[x], key abcde"),
        (r"E\B\d{3}", "E123 E", "[x] E"),
        (r"(?i)project-\w+", "Project-X, PROJECT-y", "[x], [x]"),
        (r"x{2}$", "xx xx", "xx [x]"),
        (r"\Aid: \d+", "id: 12, id: 34", "[x], id: 34"),
        (r"[\b$]", "a$b", "a[x]b"),
        (r"(\w)\1\1", "aaa bbc", "[x] bbc"),
        (r"a.*b", "a-b a", "[x] a"),
    ],
)
def test_a_pattern_means_the_same_in_a_text_that_comes_in_pieces(pattern: str, text: str, shown: str) -> None:
    assert shown_by(pattern, text) == (shown, shown)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("{", "REDACT_PATTERNS: "),
        ("[1]", "'[1]' cannot be read"),
        ('{"a": 1}', "the pattern of 'a' is no text"),
        ('{"a": "("}', "the pattern of 'a' is no regular expression: missing )"),
        ('{"a": "x*"}', "the pattern of 'a' matches the empty text"),
        ('{"a": "x(?i)y"}', "has flags that are not at its beginning"),
        ('{"A b": "x"}', "a name is up to 32 of a-z, 0-9 and _, not 'A b'"),
        ('{"email": "x"}', "'email' is a rule that there is already"),
        ("no-such-file.json", "'no-such-file.json' cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_pattern_stops_the_start_with_one_sentence(given: str, why: str) -> None:
    with pytest.raises(StartError) as refused:
        Filters(patterns=given)
    assert why in refused.value.message and "\n" not in refused.value.message


def test_patterns_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "patterns.json").write_text(r'{"employee": "E\\d{6}"}')
    assert [*parse_custom_patterns(str(tmp_path / "patterns.json"), {})] == ["employee"]
    assert parse_custom_patterns(" ", {}) == {}


def test_a_rule_that_there_is_not_is_named_with_those_that_there_are() -> None:
    there_are = "there are secrets, email, card, iban, phone, ssn, ip, employee."
    with pytest.raises(StartError, match=f"REDACT: there is no rule 'emial'; {there_are}"):
        Filters(["emial"], r'{"employee": "E\\d{6}"}')
    with pytest.raises(InvalidRequest, match="There is no rule 'x'"):
        Filters().checked("email, x")
    assert Filters().checked(" email,phone , email") == "email,phone"


def test_nothing_on_is_no_filter_at_all() -> None:
    assert Filters().of_run() is None
    assert Filters().of_run((), ["email"]) is not None
    assert Filters(["ip"]).of_run() is not None


def test_a_pattern_of_ones_own_cannot_hang_the_service_and_lets_nothing_out() -> None:
    filters = Filters(patterns=r'{"slow": "(?:a|aa|a?a)+[!?]"}')
    filtered = filters.of_run()
    assert filtered is not None
    assert filtered.message("a" * 400 + "b") == "[redacted]"


def test_many_texts_that_take_too_long_cost_a_run_no_more_than_a_few_and_no_other_run_its_text() -> None:
    filters = Filters(patterns=r'{"slow": "(?:a|aa|a?a)+[!?]"}')
    first, second = filters.of_run(), filters.of_run()
    assert first is not None and second is not None
    hostile = "a" * 400 + "b"
    assert [first.message(hostile) for _ in range(TIME_OUTS)] == ["[redacted]"] * TIME_OUTS
    assert (first.message("well"), first.message(""), second.message("well")) == ("[redacted]", "", "well")
