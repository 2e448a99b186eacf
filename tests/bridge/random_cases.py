"""A generated case: a random chain, how it is driven and read, what goes wrong; a seed is always the same."""

import random
from dataclasses import dataclass
from typing import Literal, get_args

from tests.bridge.case_features import may_outlive
from tests.bridge.random_chains import Part, RandomChains
from tests.bridge.sabotage import CALLBACKS, TRANSCRIPT

Reader = Literal["quick", "slow", "late"]


@dataclass(frozen=True)
class FaultAt:
    """What goes wrong: at the `nth` call of a callback or method, or at the nth entry of the ledger."""

    kind: Literal["sabotage", "poison", "cancel"]
    place: str
    nth: int

    @property
    def feature(self) -> str:
        match self.kind:
            case "sabotage":
                return f"fault at {self.place}"
            case "poison":
                return f"bridge fails in {self.place}"
            case "cancel":
                return "cancelled"


@dataclass(frozen=True)
class Case:
    """`closed`: whoever awaits the chain closes the handler; else the iteration has to end by itself."""

    chain: Part
    closed: bool
    reader: Reader
    queue_limit: int
    fault: FaultAt | None


def case_of(seed: int) -> Case:
    """The case of a seed."""
    rng = random.Random(seed)
    fault = _fault(rng)
    about_errors = fault is not None and ("error" in fault.place or "fail" in fault.place)
    failures = 0.5 if about_errors else rng.choice((0.0, 0.0, 0.1, 0.3))
    about_retrievers = fault is not None and ("retriever" in fault.place or "sources" in fault.place)
    chain = RandomChains(rng, failures, retrievers=20 if about_retrievers else 1).chain()
    alone = fault is None and not may_outlive(chain) and rng.random() < 0.5
    reader = rng.choices(get_args(Reader), (5, 4, 1))[0]
    queue_limit = rng.choice((1, 2, 8)) if reader == "slow" else 1024
    return Case(chain, not alone, reader, queue_limit, fault)


def _fault(rng: random.Random) -> FaultAt | None:
    kind = rng.choices((None, "sabotage", "poison", "cancel"), (5, 2, 1, 1))[0]
    if kind == "cancel":
        return FaultAt("cancel", "", rng.randint(0, 20))
    if kind is None:
        return None
    place = rng.choice(CALLBACKS if kind == "sabotage" else TRANSCRIPT)
    # `kind` is one of the two left.
    return FaultAt(kind, place, rng.choice(_nths(place)))  # type: ignore[arg-type]


def _nths(place: str) -> tuple[int, ...]:
    """At which of its calls a place fails: what few chains have, they have seldom twice."""
    if any(word in place for word in ("error", "fail", "retriever", "sources")):
        return (1,)
    return (1, 1, 2) if any(word in place for word in ("tool", "custom", "step")) else (1, 1, 2, 3, 5)
