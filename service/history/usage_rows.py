"""What one run used, by the day of the call and the model: the rows that budgets and GET /usage sum up.

Whatever is known of a call is in its `usage` event. A call that ends without one is counted as unpriced,
under no model, until its event comes after all: entries are taken in pieces.
"""

from datetime import datetime
from typing import Any

Row = dict[str, Any]

LONGEST_MODEL = 256
SUMMED = ("input_tokens", "output_tokens", "total_tokens", "cached_tokens")
COUNTED = ("calls", "unpriced_calls", *SUMMED, "cost_usd")

_Key = tuple[str, str]  # day, model


class UsageRows:
    """Of one run; each row to be taken whenever it has changed."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._rows: dict[_Key, Row] = {}
        self._changed: dict[_Key, Row] = {}
        self._taken: set[_Key] = set()
        self._silent: dict[str, Row] = {}  # the rows of calls that have told no usage yet

    def end_call(self, data: Row, at: datetime) -> None:
        """Of a `message_end` that is no error."""
        row = self._silent[data["message_id"]] = self._row(at, "")
        row["calls"] += 1
        row["unpriced_calls"] += 1

    def use(self, data: Row, at: datetime) -> None:
        """Of a `usage`."""
        if silent := self._silent.pop(data["message_id"], None):
            silent["calls"] -= 1
            silent["unpriced_calls"] -= 1
            self._changed[silent["day"], ""] = silent
        row = self._row(at, data["model"] or "")
        row["calls"] += 1
        for name in SUMMED:
            row[name] += data[name]
        if data["cost_usd"] is None:
            row["unpriced_calls"] += 1
        else:
            row["cost_usd"] += data["cost_usd"]

    def take(self) -> list[Row]:
        """Those that changed since the last time, but for those that have never counted anything."""
        changed, self._changed = self._changed, {}
        told = {key: dict(row) for key, row in changed.items() if row["calls"] or key in self._taken}
        self._taken |= told.keys()
        return list(told.values())

    def _row(self, at: datetime, model: str) -> Row:
        key = at.date().isoformat(), model.replace("\0", "")[:LONGEST_MODEL]
        new = {"run_id": self._run_id, "day": key[0], "model": key[1], **dict.fromkeys(COUNTED, 0)}
        row = self._changed[key] = self._rows.setdefault(key, new)
        return row
