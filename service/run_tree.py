"""The tree of LangChain runs that a handler sees: where each one is, and what is below a chain."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Tool:
    tool_call_id: str
    name: str
    given: Any
    started: int


@dataclass(frozen=True, slots=True)
class Step:
    step: str
    name: str
    parent: str | None
    started: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens: the innermost step and tool, the graph's node that it is directly in, and
    whether what models write there is the answer."""

    step: str | None = None
    tool: Tool | None = None
    node: str | None = None
    answers: bool = True


class RunTree:
    """Keyed by LangChain's run ids; roots are in the place `top`. Not thread-safe."""

    def __init__(self, top: Place) -> None:
        self._top = top
        self._places: dict[UUID, Place] = {}
        self._parents: dict[UUID, UUID | None] = {}
        self._roots: set[UUID] = set()
        self._given_up: set[UUID] = set()

    def enter(self, run_id: UUID, parent: UUID | None) -> Place | None:
        """A LangChain run began; the place it is in, or None where it is of a chain that was given up.

        One whose parent is not known here is a root: the handler may be inside of a bigger chain.
        """
        if parent in self._given_up:
            self._given_up.add(run_id)
            return None
        if parent is None or parent not in self._places:
            self._roots.add(run_id)
        place = self._places.get(parent, self._top) if parent else self._top
        self._places[run_id] = replace(place, node=None) if place.node else place
        self._parents[run_id] = parent
        return place

    def parent_within(self, around: UUID, named: UUID | None) -> UUID | None:
        """The parent of what begins inside of the run `around`, and names another as its parent: `around`,
        where that is a tool and the other its caller."""
        place = self._places.get(around)
        if place is None or place.tool is None or self._parents[around] != named:
            return named
        caller = self._places.get(named) if named else None
        return named if caller and caller.tool is place.tool else around

    def leave(self, run_id: UUID) -> bool:
        """A LangChain run is over; whether it was the last root.

        Its place is kept for what it may have left running, until no root is left.
        """
        if run_id not in self._roots:
            return False
        self._roots.remove(run_id)
        if self._roots:
            return False
        self._places, self._parents = {}, {}
        return True

    def place_of(self, run_id: UUID) -> Place:
        return self._places.get(run_id, self._top)

    def put(self, run_id: UUID, place: Place) -> None:
        """What the run calls is in this place."""
        self._places[run_id] = place

    def is_root(self, run_id: UUID) -> bool:
        return run_id in self._roots

    def below(self, run_id: UUID) -> list[UUID]:
        """The runs below this one, the last begun first."""
        return [
            inner for inner in reversed(self._parents) if inner != run_id and self._is_below(inner, run_id)
        ]

    def give_up(self, runs: Iterable[UUID]) -> None:
        """What is begun below these runs is not to be told any more."""
        self._given_up.update(runs)

    def clear(self) -> None:
        self._places, self._parents = {}, {}

    def _is_below(self, inner: UUID, outer: UUID) -> bool:
        at: UUID | None = inner
        while at is not None and at != outer:
            at = self._parents.get(at)
        return at == outer
