"""Who a request counts for, and which share of a limit they have."""

from collections.abc import Iterator

from .caller import Caller

Party = tuple[str, str]  # what it is, and which one

TEAM_SHARE = 10


def party_of(caller: Caller, address: str) -> Party:
    """Whoever shows a key, or has an owner's name, is counted by that; all others by their address."""
    if who := caller.key_id or caller.owner:
        return "key", who
    return "address", address


def shares_of(caller: Caller, address: str) -> Iterator[tuple[Party, int]]:
    """Each party, with its share of a limit."""
    yield party_of(caller, address), 1
    if caller.team:
        yield ("team", caller.team), TEAM_SHARE
