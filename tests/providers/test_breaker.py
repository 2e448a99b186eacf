"""A provider's circuit breaker: its states, and who is asked meanwhile."""

import pytest
from langchain_core.language_models import FakeListChatModel

from service.errors import RunFailed
from service.providers.attempts import Attempts, Candidate, attempts_at
from service.providers.breaker import Breakers, BreakerState


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(clock: Clock) -> Breakers:
    return Breakers(failures=3, seconds=10, clock=clock)


def state(breakers: Breakers) -> tuple[BreakerState, bool]:
    """The one provider's, and whether it may be asked before others."""
    return breakers.of("a").state, breakers.of("a").admits


def fail(breakers: Breakers, times: int = 1) -> None:
    for _ in range(times):
        breakers.of("a").ask()
        breakers.of("a").fail()


def test_it_opens_after_so_many_failures_in_a_row(breakers: Breakers) -> None:
    fail(breakers, 2)
    assert state(breakers) == ("closed", True)
    breakers.of("a").answer()
    fail(breakers, 2)
    assert state(breakers) == ("closed", True)
    fail(breakers)
    assert state(breakers) == ("open", False)


def test_after_its_time_one_call_probes_and_the_others_wait_for_what_becomes_of_it(
    breakers: Breakers, clock: Clock
) -> None:
    fail(breakers, 3)
    clock.now = 9.9
    assert state(breakers) == ("open", False)
    clock.now = 10
    assert state(breakers) == ("open", True)
    assert breakers.of("a").ask()
    assert state(breakers) == ("probing", False)


def test_a_probe_that_is_answered_closes_it(breakers: Breakers, clock: Clock) -> None:
    fail(breakers, 3)
    clock.now = 10
    breakers.of("a").ask()
    breakers.of("a").answer()
    assert state(breakers) == ("closed", True)
    fail(breakers, 2)
    assert state(breakers) == ("closed", True)


def test_a_probe_that_fails_opens_it_for_as_long_again(breakers: Breakers, clock: Clock) -> None:
    fail(breakers, 3)
    clock.now = 10
    fail(breakers)
    clock.now = 19.9
    assert state(breakers) == ("open", False)
    clock.now = 20
    assert state(breakers) == ("open", True)


def test_a_probe_that_told_nothing_makes_way_for_another(breakers: Breakers, clock: Clock) -> None:
    fail(breakers, 3)
    clock.now = 10
    breakers.of("a").ask()
    breakers.of("a").leave()
    assert state(breakers) == ("open", True)


def test_a_call_that_was_begun_before_it_opened_closes_it_with_its_answer(breakers: Breakers) -> None:
    assert not breakers.of("a").ask()
    fail(breakers, 3)
    breakers.of("a").answer()
    assert state(breakers) == ("closed", True)


def test_each_provider_has_its_own(breakers: Breakers) -> None:
    fail(breakers, 3)
    breakers.of("b").answer()
    assert breakers.states == {"a": "open", "b": "closed"}


@pytest.mark.parametrize("how", ["open", "probed"])
def test_a_provider_that_is_passed_over_by_the_time_it_is_due_is_asked_last(
    breakers: Breakers, clock: Clock, how: str
) -> None:
    model = FakeListChatModel(responses=["x"])
    order = [Candidate(f"{provider}:x", model) for provider in ("first", "a", "last")]
    if how == "probed":
        fail(breakers, 3)
        clock.now = 10
    asked = []
    for attempt in attempts_at(order, breakers, Attempts(), None):
        asked.append(attempt.candidate.provider)
        with attempt.judged():
            if asked == ["first"] and how == "open":  # meanwhile another run has asked the second one
                fail(breakers, 3)
            elif asked == ["first"]:
                breakers.of("a").ask()
            if len(asked) < 3:
                raise RunFailed("provider_error", "It failed.", fault="provider")
    assert asked == ["first", "last", "a"]
