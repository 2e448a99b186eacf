"""Pure: how much a key or a team may use up in a day or a month, and when that begins anew."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from ..rates import Spent

Unit = Literal["USD", "tokens"]
Period = Literal["day", "month"]

_ALLOWANCE = re.compile(r"(\d+(?:\.\d+)?)\s*(USD|tokens)\s*/\s*(day|month)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """Days and months are UTC's. As text it is one that `parse_budget` reads."""

    amount: float
    unit: Unit
    period: Period

    def __str__(self) -> str:
        amount = f"{self.amount:.9f}".rstrip("0").rstrip(".")
        return f"{amount} {self.unit}/{self.period}"

    def of(self, spent: Spent) -> float:
        """What of it is used."""
        return spent.usd if self.unit == "USD" else spent.tokens


Budget = tuple[Allowance, ...]


def parse_budget(text: str) -> Budget:
    """`5 USD/day, 100 USD/month, 1000000 tokens/day`; empty for no bound. Raises ValueError."""
    return tuple(_parse(part) for part in text.split(",") if part.strip())


def _parse(text: str) -> Allowance:
    found = _ALLOWANCE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no budget: one is 5 USD/day, or 1000000 tokens/month")
    amount, unit, period = found.groups()
    (unit,) = [each for each in get_args(Unit) if each == unit]
    (period,) = [each for each in get_args(Period) if each == period]
    return Allowance(float(amount), unit, period)


def beginning_of(period: Period, today: date) -> date:
    return today if period == "day" else today.replace(day=1)


def end_of(period: Period, today: date) -> date:
    """The first day of the next one."""
    if period == "day":
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
