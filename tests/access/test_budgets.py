"""Budgets: what they take, when they begin anew, and that all runs of a key count on one tally."""

import asyncio
import gc
from collections import Counter
from datetime import date

import pytest

from service.access import budgets as module
from service.access.allowances import Allowance, Budget, beginning_of, end_of, parse_budget
from service.access.budgets import Bounds, Budgets, Holder, Meter
from service.access.caller import ANYONE, Caller
from service.errors import BudgetExhausted
from service.rates import Spent


class Clock:
    """A day that a test sets."""

    def __init__(self, today: date = date(2026, 1, 30)) -> None:
        self.today = today

    def __call__(self) -> date:
        return self.today


class Ledger:
    """What the database has, and how often each holder was asked for."""

    def __init__(self, day: Spent = Spent(), month: Spent = Spent()) -> None:  # noqa: B008 - constants
        self.asked: Counter[Holder] = Counter()
        self.own: dict[str, Budget] = {}
        self._spent = day, month

    async def __call__(self, holder: Holder, day: date, month: date) -> tuple[Spent, Spent]:
        self.asked[holder] += 1
        await asyncio.sleep(0)
        return self._spent

    async def budget_of_key(self, key_id: str) -> Budget | None:
        return self.own.get(key_id)


def budgeting(bounds: Bounds, ledger: Ledger, today: Clock | None = None) -> Budgets:
    return Budgets(bounds, ledger, ledger.budget_of_key, today)


async def metered(budgets: Budgets, caller: Caller = ANYONE) -> Meter:
    meter = await budgets.admit(caller)
    assert meter is not None
    return meter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("5 USD/day", (Allowance(5, "USD", "day"),)),
        (
            " 0.25 USD / month, 1000000 tokens/day ",
            (Allowance(0.25, "USD", "month"), Allowance(1e6, "tokens", "day")),
        ),
    ],
)
def test_a_budget_is_read_as_it_is_written(text: str, expected: object) -> None:
    assert parse_budget(text) == expected


@pytest.mark.parametrize("text", ["5", "5 EUR/day", "-5 USD/day", "5 USD/week", "USD/day", "5 USD/day; 1"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no budget"):
        parse_budget(text)


def test_days_and_months_begin_and_end() -> None:
    for today, end in ((date(2026, 1, 31), date(2026, 2, 1)), (date(2028, 2, 29), date(2028, 3, 1))):
        assert (beginning_of("day", today), end_of("day", today)) == (today, end)
        assert (beginning_of("month", today), end_of("month", today)) == (today.replace(day=1), end)
    assert end_of("month", date(2026, 12, 1)) == date(2027, 1, 1)


async def test_without_bounds_there_is_no_meter_and_nobody_asks_the_database() -> None:
    ledger = Ledger()
    assert await budgeting(Bounds(), ledger).admit(ANYONE) is None
    assert await budgeting(Bounds(per_team=parse_budget("1 USD/day")), ledger).admit(ANYONE) is None
    assert await budgeting(Bounds(run_tokens=1), ledger).admit(ANYONE) is not None
    assert not ledger.asked


@pytest.mark.parametrize(
    ("bounds", "within", "over"),
    [
        (Bounds(run_usd=1.5), Spent(1.4999, 10**9), Spent(1.5, 0)),
        (Bounds(run_tokens=10), Spent(1e6, 9), Spent(0, 10)),
        (Bounds(per_key=parse_budget("2 USD/day")), Spent(1.9, 0), Spent(2.1, 0)),
        (Bounds(per_key=parse_budget("100 USD/day, 7 tokens/month")), Spent(1.9, 6), Spent(1.9, 7)),
    ],
)
async def test_a_run_may_go_on_below_its_bound_and_not_at_it(
    bounds: Bounds, within: Spent, over: Spent
) -> None:
    meter = await metered(budgeting(bounds, Ledger()))
    assert meter.take(within)
    assert not meter.take(over)


async def test_the_runs_of_a_key_spend_from_one_budget_and_those_of_another_from_theirs() -> None:
    budgets = budgeting(Bounds(per_key=parse_budget("10 tokens/day")), Ledger())
    key, other = Caller(owner="a", key_id="1"), Caller(owner="a", key_id="2")
    first, second, third = [await metered(budgets, caller) for caller in (key, key, other)]
    assert first.take(Spent(0, 6)) and first.take(Spent(0, 5))
    assert not second.take(Spent(0, 5))
    assert not first.take(Spent(0, 5))
    assert third.take(Spent(0, 9))
    with pytest.raises(BudgetExhausted):
        await budgets.admit(key)
    await budgets.admit(other)


async def test_the_keys_of_a_team_spend_from_one_budget() -> None:
    budgets = budgeting(Bounds(per_team=parse_budget("10 tokens/day")), Ledger())
    callers = [Caller(owner=name, team="t", key_id=name) for name in "ab"]
    first, second = [await metered(budgets, caller) for caller in callers]
    assert first.take(Spent(0, 5))
    assert not second.take(Spent(0, 5))


async def test_a_keys_own_budget_counts_instead_of_the_usual_one() -> None:
    budgets = budgeting(Bounds(per_key=parse_budget("10 tokens/day")), Ledger())
    more = Caller(key_id="1", budget=parse_budget("20 tokens/day"))
    assert (await metered(budgets, more)).take(Spent(0, 19))
    assert await budgets.admit(Caller(key_id="2", budget=())) is None


async def test_who_has_nothing_left_is_told_what_is_used_and_when_it_begins_anew() -> None:
    ledger = Ledger(day=Spent(1.0, 5), month=Spent(3.5, 70))
    budgets = budgeting(Bounds(per_key=parse_budget("2 USD/day, 3 USD/month")), ledger, Clock())
    with pytest.raises(BudgetExhausted, match=r"3 USD/month, and 3\.5 USD are used") as refused:
        await budgets.admit(ANYONE)
    assert refused.value.budget == {
        "limit": 3.0,
        "used": 3.5,
        "unit": "USD",
        "period": "month",
        "holder": "key",
        "resets_at": "2026-02-01T00:00:00Z",
    }


async def test_a_new_day_and_a_new_month_begin_with_nothing_spent_also_for_runs_that_go_on() -> None:
    clock = Clock()
    bounds = Bounds(per_key=parse_budget("10 tokens/day, 15 tokens/month"))
    budgets = budgeting(bounds, Ledger(), clock)
    meter = await metered(budgets)
    assert not meter.take(Spent(0, 12))
    clock.today = date(2026, 1, 31)
    assert meter.take(Spent(0, 14))
    assert not meter.take(Spent(0, 15))  # the month's
    clock.today = date(2026, 2, 1)
    assert meter.take(Spent(0, 24))
    assert not meter.take(Spent(0, 25))


async def test_a_run_that_was_taken_over_does_not_count_twice_what_the_database_has() -> None:
    bounds = Bounds(run_tokens=30, per_key=parse_budget("25 tokens/day"))
    budgets = budgeting(bounds, Ledger(day=Spent(0, 20), month=Spent(0, 20)))
    meter = await budgets.readmit(ANYONE, Spent(0, 15))
    assert meter is not None and meter.take(Spent(0, 19))
    assert not meter.take(Spent(0, 20))


async def test_a_run_that_was_taken_over_has_its_keys_own_budget() -> None:
    ledger = Ledger()
    ledger.own["1"] = parse_budget("20 tokens/day")
    meter = await budgeting(Bounds(per_key=parse_budget("10 tokens/day")), ledger).readmit(
        Caller(key_id="1"), Spent()
    )
    assert meter is not None and meter.take(Spent(0, 19))
    assert not meter.take(Spent(0, 20))


async def test_many_at_once_ask_the_database_once() -> None:
    ledger = Ledger()
    budgets = budgeting(Bounds(per_key=parse_budget("1 USD/day")), ledger)
    await asyncio.gather(*[budgets.admit(Caller(key_id=str(number % 3))) for number in range(90)])
    assert sorted(ledger.asked.values()) == [1, 1, 1]


async def test_tallies_are_bounded_and_those_of_runs_that_go_on_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TALLIES_KEPT", 5)
    ledger = Ledger()
    budgets = budgeting(Bounds(per_key=parse_budget("10 tokens/day")), ledger)
    going_on = await metered(budgets, Caller(key_id="mine"))
    going_on.take(Spent(0, 7))
    for number in range(20):
        await budgets.admit(Caller(key_id=str(number)))
    gc.collect()
    assert len(budgets._live) == 6
    again = await metered(budgets, Caller(key_id="mine"))
    assert not again.take(Spent(0, 3))
    assert ledger.asked[Holder("key", "", "mine")] == 1
