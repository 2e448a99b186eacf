"""Who asks: what they may do, and whose runs they see."""

from dataclasses import dataclass
from typing import Literal, get_args

from .allowances import Budget

Scope = Literal["run", "read", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
EVERY_SCOPE: frozenset[Scope] = frozenset(SCOPES)
ROLES: dict[str, frozenset[Scope]] = {
    "admin": EVERY_SCOPE,
    "member": frozenset({"run", "read"}),
    "viewer": frozenset({"read"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Sees the runs, threads and history of its `owner` and no others; with a token for one run that `run_id`
    alone, whoever's it is. `key_id` is that of a key in the database, `budget` the key's own; None for the
    usual one; `redact` names rules, with commas, that its runs are filtered by as well."""

    owner: str = ""
    team: str | None = None
    key_id: str | None = None
    scopes: frozenset[Scope] = EVERY_SCOPE
    run_id: str | None = None
    budget: Budget | None = None
    redact: str = ""

    def sees(self, owner: str, run_id: str) -> bool:
        return owner == self.owner if self.run_id is None else run_id == self.run_id


# Of a service that asks for no key. They share what is kept; keys are given by those who have one.
ANYONE = Caller(scopes=ROLES["member"] | {"metrics"})
