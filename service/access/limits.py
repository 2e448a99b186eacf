"""How much callers may ask for: requests and tokens in a sliding window, and streams that are open at once.

A team has `TEAM_SHARE` times what one of its keys has. Nothing here knows of HTTP, or of where it is counted.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Literal

from limits import RateLimitItemPerSecond
from limits.aio.storage import SlidingWindowCounterSupport

from ..errors import Overloaded
from .caller import Caller
from .counts import Counts, OwnCounts
from .open_streams import Place
from .parties import Party, shares_of

Kind = Literal["start", "read"]

READS_PER_START = 10  # a page reads much more often than it starts a run
STREAMS_RETRY_AFTER = 5  # seconds; nobody knows when a stream ends
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    def times(self, factor: int) -> "Rate":
        return self if factor == 1 else Rate(self.requests * factor, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPolicy:
    """`rate` is that of starts, or None; `routes` have their own; 0 is no bound of tokens or streams."""

    rate: Rate | None
    routes: Mapping[str, Rate]
    tokens_per_minute: int
    streams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a party stands with a limit: what is left of it, and the seconds until there is more."""

    name: str
    rate: Rate
    remaining: int
    reset: int


class CallerLimits:
    """All that is counted of all callers."""

    def __init__(self, policy: LimitPolicy, counts: OwnCounts | None = None) -> None:
        self._policy = policy
        self._own = counts or OwnCounts()
        self._counts: Counts = self._own

    @asynccontextmanager
    async def shared(self, redis_url: str) -> AsyncIterator[None]:
        """Count with all others that have the same Redis, for as long as it is open; empty: alone."""
        if not redis_url:
            yield
            return
        from .shared_counts import open_shared_counts  # here: Redis's client is slow to import

        async with open_shared_counts(redis_url, self._own) as self._counts:
            try:
                yield
            finally:
                self._counts = self._own

    async def admit(self, kind: Kind, route: str, caller: Caller, address: str) -> Standing | None:
        """Count a request; how the party stands that has least left, or None where nothing is limited.

        Raises RateLimited.
        """
        if self._policy.rate is None:
            return None
        name, rate = self._rate_of(kind, route, self._policy.rate)
        shares = list(shares_of(caller, address))
        tokens = self._tokens if kind == "start" and self._policy.tokens_per_minute else None

        async def admitted(windows: SlidingWindowCounterSupport) -> Standing:
            if tokens is not None:
                for party, share in shares:
                    await _check(windows, "tokens", tokens.times(share), party)
            standings = [await _hit(windows, name, rate.times(share), party) for party, share in shares]
            return min(standings, key=lambda standing: standing.remaining)

        return await self._counts.within(admitted)

    async def reach(self) -> None:
        """Raises Away where what is to count for all replicas does not answer."""
        await self._counts.reach()

    def spend(self, caller: Caller, address: str, tokens: int) -> None:
        """Count the tokens of a run that has ended."""
        if self._policy.tokens_per_minute and self._policy.rate and tokens:
            for party, share in shares_of(caller, address):
                self._counts.spend(_key(self._tokens.times(share), "tokens", party), MINUTE, tokens)

    async def open_stream(self, party: Party) -> Place | None:
        """Count a stream, until `close_stream`, if there is a bound.

        Raises Overloaded where the party has too many.
        """
        bound = self._policy.streams
        if not bound:
            return None
        if place := await self._counts.open(party, bound):
            return place
        message = (
            f"{bound} streams are open for this {party[0]} (MAX_STREAMS_PER_KEY):"
            " close one, or wait for its end."
        )
        raise Overloaded("too_many_streams", message, retry_after=STREAMS_RETRY_AFTER)

    def close_stream(self, place: Place) -> None:
        self._counts.close(place)

    @property
    def _tokens(self) -> Rate:
        return Rate(self._policy.tokens_per_minute, MINUTE)

    def _rate_of(self, kind: Kind, route: str, rate: Rate) -> tuple[str, Rate]:
        if own := self._policy.routes.get(route):
            return route, own
        return ("starts", rate) if kind == "start" else ("reads", rate.times(READS_PER_START))


class RateLimited(Overloaded):
    """Over a limit; `standing` says which, and for how long."""

    def __init__(self, standing: Standing, party: Party) -> None:
        rate = standing.rate
        message = (
            f"This {party[0]} has had its {rate.requests} {_counted(standing.name)} in {rate.seconds} s:"
            f" come back in {standing.reset} s."
        )
        super().__init__("rate_limited", message, retry_after=standing.reset)
        self.standing = standing


def seconds_until_free(rate: Rate, before: int, left: float, now: int, ends: float) -> int:
    """Whole seconds until the window has room for one more, at least 1.

    The window before counts for the share of it that the sliding one still covers, `left` of its seconds; the
    one of now counts in full until it `ends`, and from then on by its share.
    """
    if now >= rate.requests:
        return floor(ends + rate.seconds * (1 - rate.requests / now)) + 1
    if before * left / rate.seconds + now >= rate.requests:
        return floor(left - (rate.requests - now) * rate.seconds / before) + 1
    return max(floor(ends), 0) + 1


def routes_with_rates(texts: Sequence[str]) -> dict[str, Rate]:
    """Of `/path=requests/seconds`, as the settings have checked them."""
    parts = (text.rpartition("=") for text in texts)
    return {path: Rate(*map(int, rate.split("/"))) for path, _, rate in parts}


async def _hit(windows: SlidingWindowCounterSupport, name: str, rate: Rate, party: Party) -> Standing:
    counted = await windows.acquire_sliding_window_entry(_key(rate, name, party), rate.requests, rate.seconds)
    standing = await _standing(windows, name, rate, party)
    if not counted:
        raise RateLimited(standing, party)
    return standing


async def _check(windows: SlidingWindowCounterSupport, name: str, rate: Rate, party: Party) -> None:
    standing = await _standing(windows, name, rate, party)
    if not standing.remaining:
        raise RateLimited(standing, party)


async def _standing(windows: SlidingWindowCounterSupport, name: str, rate: Rate, party: Party) -> Standing:
    before, left, now, ends = await windows.get_sliding_window(_key(rate, name, party), rate.seconds)
    remaining = max(0, rate.requests - floor(before * left / rate.seconds + now))
    reset = seconds_until_free(rate, before, left, now, ends - rate.seconds)
    return Standing(name=name, rate=rate, remaining=remaining, reset=reset)


def _counted(name: str) -> str:
    named = {"tokens": "tokens", "starts": "requests that start something", "reads": "requests"}
    return named.get(name, f"requests of {name}")


@lru_cache(maxsize=4096)
def _key(rate: Rate, name: str, party: Party) -> str:
    return _item(rate).key_for(name, *party)


@lru_cache(maxsize=1024)
def _item(rate: Rate) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.requests, rate.seconds)
