"""What one key or team has spent in the current day and month: in the database, and since then."""

from datetime import date

from ..rates import Spent
from .allowances import Period, beginning_of


class Tally:
    """`day` and `month` are what the database had `today`; `add` counts on. A period that begins, begins with
    nothing, since nothing is spent but through this process."""

    def __init__(self, today: date, day: Spent, month: Spent) -> None:
        self._today = today
        self._spent: dict[Period, Spent] = {"day": day, "month": month}

    def add(self, more: Spent, today: date) -> None:
        """Also less, where what was estimated is known."""
        self._go_on_to(today)
        for period, (usd, tokens) in self._spent.items():
            self._spent[period] = Spent(usd + more.usd, tokens + more.tokens)

    def spent(self, period: Period, today: date) -> Spent:
        """In the period that goes on."""
        self._go_on_to(today)
        return self._spent[period]

    def _go_on_to(self, today: date) -> None:
        if today == self._today:
            return
        for period in self._spent:
            if beginning_of(period, today) != beginning_of(period, self._today):
                self._spent[period] = Spent()
        self._today = today
