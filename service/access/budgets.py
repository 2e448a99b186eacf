"""Budgets: what a run, a key and a team may spend. What is used up refuses runs, and ends those that go on.

A run is metered while its tokens come, in dollars as far as prices are known and in tokens. What all runs of
a key or team spend is one tally in memory, which each of them adds to at once. So together they overshoot by
what each of their model calls in flight writes until it is looked at again, by its input, which providers
tell at a call's end alone, and by what they count more than its pieces; by no more. The database is asked at
a tally's beginning: this process alone writes there.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

from ..errors import BudgetExhausted, SpentBudget
from ..rates import Spent
from .allowances import Allowance, Budget, beginning_of, end_of
from .caller import Caller
from .tally import Tally

logger = logging.getLogger(__name__)

TALLIES_KEPT = 10_000  # of keys and teams none of whose runs goes on; over it the least recently used goes


class Holder(NamedTuple):
    """Whose budget it is: a team, a key, or without a name all callers of an owner who have no key."""

    kind: Literal["key", "team"]
    owner: str
    name: str | None


SpentSince = Callable[[Holder, date, date], Awaitable[tuple[Spent, Spent]]]
BudgetOfKey = Callable[[str], Awaitable[Budget | None]]
BudgetOfTeam = Callable[[str], Budget | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of one run; 0 for none. A key's own budget is in its Caller, and counts instead of `per_key`."""

    run_usd: float = 0.0
    run_tokens: int = 0
    per_key: Budget = ()
    per_team: Budget = ()


class Meter:
    """Of one run, which has spent `before` already when it is made."""

    def __init__(
        self, bounds: Bounds, shares: "list[_Share]", before: Spent, today: Callable[[], date]
    ) -> None:
        self._bounds = bounds
        self._today = today
        self._shares = shares
        self._spent = before

    def take(self, spent: Spent) -> bool:
        """What the run has spent in all, so far; returns whether it may go on."""
        more = Spent(spent.usd - self._spent.usd, spent.tokens - self._spent.tokens)
        self._spent = spent
        if not self._shares:
            return not self._is_over_its_own()
        today = self._today()
        for share in self._shares:
            share.tally.add(more, today)
        return not (self._is_over_its_own() or any(share.over(today) for share in self._shares))

    def check(self) -> None:
        """Raises BudgetExhausted where nothing is left for a new run."""
        today = self._today()
        for share in self._shares:
            if allowance := share.over(today):
                raise share.exhausted(allowance, today)

    def _is_over_its_own(self) -> bool:
        bounds, (usd, tokens) = self._bounds, self._spent
        return 0 < bounds.run_usd <= usd or 0 < bounds.run_tokens <= tokens


class Budgets:
    """Makes a meter for each run that has a bound. `spent_since` asks the database, from a day on and from a
    month's beginning on, `budget_of_key` for the own budget of a key by its id, `budget_of_team` knows that
    of a team; `today` is UTC's."""

    def __init__(
        self,
        bounds: Bounds,
        spent_since: SpentSince,
        budget_of_key: BudgetOfKey,
        today: Callable[[], date] | None = None,
        budget_of_team: BudgetOfTeam = lambda team: None,
    ) -> None:
        self._bounds = bounds
        self._spent_since = spent_since
        self._budget_of_key = budget_of_key
        self._budget_of_team = budget_of_team
        self._today = today or _today
        self._live: WeakValueDictionary[Holder, Tally] = WeakValueDictionary()
        self._kept: OrderedDict[Holder, Tally] = OrderedDict()
        self._opening = asyncio.Lock()

    async def admit(self, caller: Caller) -> Meter | None:
        """For a run that is to begin. Raises BudgetExhausted, and what `spent_since` raises."""
        meter = await self._meter(caller, Spent())
        if meter is not None:
            meter.check()
        return meter

    async def readmit(self, caller: Caller, before: Spent) -> Meter | None:
        """For a run that goes on after a restart; of its caller only the names are known."""
        budget = None if caller.key_id is None else await self._budget_of_key(caller.key_id)
        return await self._meter(replace(caller, budget=budget), before)

    async def _meter(self, caller: Caller, before: Spent) -> Meter | None:
        """None where nothing bounds the run."""
        shares = [
            _Share(holder, budget, await self._tally(holder))
            for holder, budget in self._budgets_of(caller)
            if budget
        ]
        if not (shares or self._bounds.run_usd or self._bounds.run_tokens):
            return None
        return Meter(self._bounds, shares, before, self._today)

    def _budgets_of(self, caller: Caller) -> Iterator[tuple[Holder, Budget]]:
        own = self._bounds.per_key if caller.budget is None else caller.budget
        yield Holder("key", caller.owner if caller.key_id is None else "", caller.key_id), own
        if caller.team is not None:
            of_team = self._budget_of_team(caller.team)
            yield Holder("team", "", caller.team), self._bounds.per_team if of_team is None else of_team

    async def _tally(self, holder: Holder) -> Tally:
        async with self._opening:
            tally = self._live.get(holder) or await self._open(holder)
        self._live[holder] = self._kept[holder] = tally
        self._kept.move_to_end(holder)
        while len(self._kept) > TALLIES_KEPT:
            self._kept.popitem(last=False)  # it lives on while a run of it does
        return tally

    async def _open(self, holder: Holder) -> Tally:
        today = self._today()
        day, month = await self._spent_since(holder, today, beginning_of("month", today))
        return Tally(today, day, month)


@dataclass(frozen=True, slots=True)
class _Share:
    """A run's part in a key's or team's budget."""

    holder: Holder
    budget: Budget
    tally: Tally

    def over(self, today: date) -> Allowance | None:
        """What is used up of it."""
        for allowance in self.budget:
            if allowance.of(self.tally.spent(allowance.period, today)) >= allowance.amount:
                return allowance
        return None

    def exhausted(self, allowance: Allowance, today: date) -> BudgetExhausted:
        used = allowance.of(self.tally.spent(allowance.period, today))
        resets = f"{end_of(allowance.period, today).isoformat()}T00:00:00Z"
        whose = self.holder.kind
        message = f"The budget of this {whose} is {allowance}, and {used:.6g} {allowance.unit} are used"
        budget = SpentBudget(
            limit=allowance.amount,
            used=used,
            unit=allowance.unit,
            period=allowance.period,
            holder=whose,
            resets_at=resets,
        )
        text = f"{message}: it begins anew at {resets}."
        return BudgetExhausted("budget_exhausted", text, budget)


def _today() -> date:
    return datetime.now(UTC).date()
