"""Thousands of random chains, each compared with what its models and tools noted themselves."""

import pytest

from tests.amounts import CASES
from tests.bridge.cases import Report, run_cases, run_here
from tests.bridge.random_cases import case_of


@pytest.fixture(scope="module")
def report() -> Report:
    return run_cases(CASES)


def test_nothing_is_lost_repeated_reordered_or_hanging(report: Report) -> None:
    assert not report.failures, report.verdict()


def test_every_kind_of_chain_and_fault_was_among_the_cases(report: Report) -> None:
    assert report.missing == [], report.table()


def test_a_seed_is_always_the_same_case() -> None:
    assert [case_of(seed) for seed in range(50)] == [case_of(seed) for seed in range(50)]
    assert len({str(case_of(seed)) for seed in range(50)}) == 50


def test_a_failure_names_its_seed_and_how_to_run_it_alone() -> None:
    report = run_here(range(3))
    report.failures[7] = ["lost: something"]
    assert "python -m tests.bridge.cases --seed 7" in report.verdict()
    assert "lost: something" in report.table()
