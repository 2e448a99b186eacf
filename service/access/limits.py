"""How much callers may ask for: requests and tokens in a sliding window, and streams that are open at once.

Whoever shows a key, or has an owner's name, is counted by that; all others by the address that they come
from. A team has `TEAM_SHARE` times what one of its keys has. Nothing here knows of HTTP.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Literal

from limits import RateLimitItemPerSecond
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from ..errors import Overloaded
from .caller import Caller
from .window_counts import WindowCounts

Kind = Literal["start", "read"]

READS_PER_START = 10  # a page reads much more often than it starts a run
TEAM_SHARE = 10
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


Party = tuple[str, str]  # what it is, and which one


def party_of(caller: Caller, address: str) -> Party:
    """Who a request counts for."""
    if who := caller.key_id or caller.owner:
        return "key", who
    return "address", address


class CallerLimits:
    """All that is counted of all callers."""

    def __init__(self, policy: LimitPolicy, counts: WindowCounts | None = None) -> None:
        self._policy = policy
        self._counts = counts or WindowCounts()
        self._limiter = SlidingWindowCounterRateLimiter(self._counts)
        self._streams: Counter[Party] = Counter()

    async def admit(self, kind: Kind, route: str, caller: Caller, address: str) -> Standing | None:
        """Count a request; how the party stands that has least left, or None where nothing is limited.

        Raises RateLimited.
        """
        if self._policy.rate is None:
            return None
        if kind == "start":
            await self._check_tokens(caller, address)
        name, rate = self._rate_of(kind, route, self._policy.rate)
        standings = [
            await self._hit(name, rate.times(share), party) for party, share in _parties(caller, address)
        ]
        return min(standings, key=lambda standing: standing.remaining)

    def spend(self, caller: Caller, address: str, tokens: int) -> None:
        """Count the tokens of a run that has ended."""
        if self._policy.tokens_per_minute and self._policy.rate and tokens:
            for party, share in _parties(caller, address):
                self._counts.add(_key(self._tokens.times(share), "tokens", party), MINUTE, tokens)

    def open_stream(self, party: Party) -> None:
        """Count a stream, until `close_stream`. Raises Overloaded where the party has too many."""
        bound = self._policy.streams
        if bound and self._streams[party] >= bound:
            message = (
                f"{bound} streams are open for this {party[0]} (MAX_STREAMS_PER_KEY):"
                " close one, or wait for its end."
            )
            raise Overloaded("too_many_streams", message, retry_after=STREAMS_RETRY_AFTER)
        self._streams[party] += 1

    def close_stream(self, party: Party) -> None:
        self._streams[party] -= 1
        if not self._streams[party]:
            del self._streams[party]

    @property
    def _tokens(self) -> Rate:
        return Rate(self._policy.tokens_per_minute, MINUTE)

    def _rate_of(self, kind: Kind, route: str, rate: Rate) -> tuple[str, Rate]:
        if own := self._policy.routes.get(route):
            return route, own
        return ("starts", rate) if kind == "start" else ("reads", rate.times(READS_PER_START))

    async def _hit(self, name: str, rate: Rate, party: Party) -> Standing:
        counted = await self._limiter.hit(_item(rate), name, *party)
        standing = await self._standing(name, rate, party)
        if not counted:
            raise RateLimited(standing, party)
        return standing

    async def _check_tokens(self, caller: Caller, address: str) -> None:
        if not self._policy.tokens_per_minute:
            return
        for party, share in _parties(caller, address):
            standing = await self._standing("tokens", self._tokens.times(share), party)
            if not standing.remaining:
                raise RateLimited(standing, party)

    async def _standing(self, name: str, rate: Rate, party: Party) -> Standing:
        key = _key(rate, name, party)
        before, left, now, ends = await self._counts.get_sliding_window(key, rate.seconds)
        remaining = max(0, rate.requests - floor(before * left / rate.seconds + now))
        reset = seconds_until_free(rate, before, left, now, ends - rate.seconds)
        return Standing(name=name, rate=rate, remaining=remaining, reset=reset)


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
    return floor(ends) + 1


def routes_with_rates(texts: Sequence[str]) -> dict[str, Rate]:
    """Of `/path=requests/seconds`, as the settings have checked them."""
    parts = (text.rpartition("=") for text in texts)
    return {path: Rate(*map(int, rate.split("/"))) for path, _, rate in parts}


def _parties(caller: Caller, address: str) -> Iterator[tuple[Party, int]]:
    """With their shares of a limit."""
    yield party_of(caller, address), 1
    if caller.team:
        yield ("team", caller.team), TEAM_SHARE


def _counted(name: str) -> str:
    named = {"tokens": "tokens", "starts": "requests that start something", "reads": "requests"}
    return named.get(name, f"requests of {name}")


@lru_cache(maxsize=4096)
def _key(rate: Rate, name: str, party: Party) -> str:
    return _item(rate).key_for(name, *party)


@lru_cache(maxsize=1024)
def _item(rate: Rate) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.requests, rate.seconds)
