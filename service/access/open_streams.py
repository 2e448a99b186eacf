"""The streams that each party has open in this process."""

from itertools import count
from typing import NamedTuple

from .parties import Party


class Place(NamedTuple):
    """What an open stream takes of its party's bound."""

    party: Party
    number: int


class OpenStreams:
    """Nothing here waits, so that no other stream comes between looking and taking."""

    def __init__(self) -> None:
        self._places: dict[Party, set[Place]] = {}
        self._numbers = count(1)

    def place_for(self, party: Party) -> Place:
        """A new one, which nobody has taken yet."""
        return Place(party, next(self._numbers))

    def has_room(self, party: Party, bound: int) -> bool:
        return len(self._places.get(party, ())) < bound

    def take(self, place: Place) -> None:
        self._places.setdefault(place.party, set()).add(place)

    def free(self, place: Place) -> None:
        places = self._places[place.party]
        places.discard(place)
        if not places:
            del self._places[place.party]

    def taken(self) -> dict[Party, tuple[Place, ...]]:
        """As they are now."""
        return {party: tuple(places) for party, places in self._places.items()}
