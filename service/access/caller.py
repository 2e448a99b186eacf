"""Who asks: what they may do, and whose runs they see."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["run", "read", "admin"]
EVERY_SCOPE: frozenset[Scope] = frozenset({"run", "read", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Sees the runs, threads and history of its `owner` and no others, and with a token for one run that
    `run_id` alone. `key_id` is that of a key in the database."""

    owner: str = ""
    team: str | None = None
    key_id: str | None = None
    scopes: frozenset[Scope] = EVERY_SCOPE
    run_id: str | None = None

    def sees(self, owner: str, run_id: str) -> bool:
        return owner == self.owner and self.run_id in (None, run_id)


ANYONE = Caller()  # of a service that asks for no key, or knows one for all: they share what is kept
