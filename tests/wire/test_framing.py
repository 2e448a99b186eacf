"""A few thousand cases of tests/wire/framing.py; all of them with `python -m tests.wire.framing`."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.wire import FORMATS
from tests.wire import framing
from tests.wire.checks import CHECKS
from tests.wire.framing import FEATURES, PLAIN, SSE, check, run

CASES = 3_000


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    at_most=st.integers(0, 24),
    sse=st.sampled_from(SSE),
    plain=st.sampled_from(PLAIN),
)
def test_whatever_a_run_tells_is_read_as_it_was_told(seed: int, at_most: int, sse: str, plain: str) -> None:
    check(Random(seed), sse, plain, at_most)


def test_so_are_some_thousand_seeded_cases_which_hold_every_feature() -> None:
    occurred = run(0, CASES, seed=1)
    assert [name for name in (*FORMATS, *FEATURES) if not occurred[name]] == []


def test_every_format_has_its_check() -> None:
    assert CHECKS.keys() == FORMATS.keys()


def test_a_case_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(random: Random, sse: str, plain: str) -> None:
        raise ValueError("as it should")

    monkeypatch.setattr(framing, "check", fails)
    with pytest.raises(AssertionError, match=r"--seed 5 --first 7"):
        run(7, 1, seed=5)


def test_the_table_has_a_row_for_each_format_and_feature(capsys: pytest.CaptureFixture[str]) -> None:
    framing.main(["--cases", "8", "--jobs", "1"])
    printed = capsys.readouterr().out
    assert printed.startswith("| 8 cases, 0 failed,")
    assert printed.count("\n") == 2 + len(FORMATS) + len(FEATURES)
    assert f"| events | {-(-8 // len(SSE))} |\n" in printed
