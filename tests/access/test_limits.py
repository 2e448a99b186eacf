"""Limits by a clock that the tests turn: what a window lets through, when it has room, who is counted."""

import random
from dataclasses import dataclass

import pytest

from service.access.caller import ANYONE, Caller
from service.access.counts import OwnCounts
from service.access.limits import (
    READS_PER_START,
    CallerLimits,
    Kind,
    LimitPolicy,
    Rate,
    RateLimited,
    Standing,
    routes_with_rates,
)
from service.access.parties import TEAM_SHARE, party_of
from service.access.window_counts import WindowCounts
from service.errors import Overloaded
from tests.amounts import BYPASSES

HERE, THERE = "192.0.2.1", "192.0.2.2"


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """Limits with a clock, and what they let through."""

    def __init__(self, rate: Rate | None, *, tokens: int = 0, streams: int = 0, **routes: Rate) -> None:
        self.clock = Clock()
        own = {f"/{name}": each for name, each in routes.items()}
        policy = LimitPolicy(rate=rate, routes=own, tokens_per_minute=tokens, streams=streams)
        self.limits = CallerLimits(policy, OwnCounts(WindowCounts(self.clock)))

    async def asked(
        self, kind: Kind = "start", route: str = "/x", caller: Caller = ANYONE, address: str = HERE
    ) -> Standing | RateLimited | None:
        try:
            return await self.limits.admit(kind, route, caller, address)
        except RateLimited as refused:
            return refused

    async def let_through(self, times: int, **request: object) -> int:
        # As `asked` takes them.
        answers = [await self.asked(**request) for _ in range(times)]  # type: ignore[arg-type]
        return sum(not isinstance(answer, RateLimited) for answer in answers)


async def test_so_many_are_let_through_and_no_more() -> None:
    counted = Counted(Rate(5, 60))
    assert await counted.let_through(20) == 5


async def test_the_window_slides_so_that_its_edge_lets_nobody_have_twice_as_much() -> None:
    counted = Counted(Rate(60, 60))
    counted.clock.now = 60 * 1000 + 59
    assert await counted.let_through(100) == 60
    counted.clock.now += 2
    assert await counted.let_through(100) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_however_one_asks_no_sliding_window_counts_more_than_the_limit(seed: int) -> None:
    chance = random.Random(seed)
    rate = Rate(chance.randint(1, 40), chance.randint(1, 90))
    counted, taken = Counted(rate), dict[int, int]()
    for _ in range(BYPASSES):
        counted.clock.now += chance.choice([0, 0, 0, 0.01, 0.5, rate.seconds / 3])
        if not isinstance(await counted.asked(), RateLimited):
            window = int(counted.clock.now // rate.seconds)
            taken[window] = taken.get(window, 0) + 1
            left = 1 - counted.clock.now % rate.seconds / rate.seconds
            assert int(taken.get(window - 1, 0) * left) + taken[window] <= rate.requests


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_comes_back_when_told_is_let_in_and_a_second_earlier_is_not(seed: int) -> None:
    chance = random.Random(seed)
    counted = Counted(Rate(chance.randint(1, 10), chance.randint(2, 60)))
    for _ in range(60):
        counted.clock.now += chance.uniform(0, 3)
        answer = await counted.asked()
        if isinstance(answer, RateLimited):
            assert answer.retry_after == answer.standing.reset >= 1
            counted.clock.now += answer.retry_after - 1
            assert isinstance(await counted.asked(), RateLimited)
            counted.clock.now += 1
            assert not isinstance(await counted.asked(), RateLimited)


async def test_what_is_left_is_told_and_how_long_the_limit_lasts() -> None:
    counted = Counted(Rate(3, 60))
    told = [await counted.asked() for _ in range(4)]
    assert [each.remaining for each in told if isinstance(each, Standing)] == [2, 1, 0]
    assert isinstance(told[3], RateLimited) and "3 requests that start something in 60 s" in told[3].message


async def test_reads_have_more_room_and_take_none_from_starts() -> None:
    counted = Counted(Rate(5, 60))
    assert await counted.let_through(100, kind="read") == 5 * READS_PER_START
    assert await counted.let_through(100) == 5


async def test_a_route_may_have_a_limit_of_its_own() -> None:
    counted = Counted(Rate(5, 60), wide=Rate(50, 60))
    assert await counted.let_through(100, route="/wide") == 50
    assert await counted.let_through(100) == 5


def test_the_setting_of_routes_names_each_with_its_rate() -> None:
    assert routes_with_rates(["/a=5/60", "/b/{c}=7/1"]) == {"/a": Rate(5, 60), "/b/{c}": Rate(7, 1)}


async def test_without_a_key_addresses_are_counted_apart_and_with_one_the_address_does_not_matter() -> None:
    counted = Counted(Rate(5, 60))
    assert await counted.let_through(10, address=HERE) == 5
    assert await counted.let_through(10, address=THERE) == 5
    one = Caller(owner="ann", key_id="k1")
    assert await counted.let_through(10, caller=one, address=HERE) == 5
    assert await counted.let_through(10, caller=one, address=THERE) == 0
    assert await counted.let_through(10, caller=Caller(owner="bob")) == 5


async def test_the_keys_of_a_team_share_what_it_has() -> None:
    counted = Counted(Rate(5, 60))
    keys = [Caller(owner=f"o{n}", key_id=f"k{n}", team="blue") for n in range(3 * TEAM_SHARE)]
    assert sum([await counted.let_through(10, caller=key) for key in keys]) == 5 * TEAM_SHARE
    assert await counted.let_through(10, caller=Caller(owner="x", key_id="kx", team="red")) == 5


async def test_tokens_of_runs_that_ended_keep_the_next_from_starting_until_their_minute_is_over() -> None:
    counted = Counted(Rate(100, 60), tokens=1000)
    counted.limits.spend(ANYONE, HERE, 999)
    assert await counted.let_through(1) == 1
    counted.limits.spend(ANYONE, HERE, 5000)
    refused = await counted.asked()
    assert isinstance(refused, RateLimited) and "1000 tokens in 60 s" in refused.message
    assert await counted.let_through(1, kind="read") == 1
    assert await counted.let_through(1, address=THERE) == 1
    counted.clock.now += refused.retry_after
    assert await counted.let_through(1) == 1


async def test_switched_off_nothing_is_counted() -> None:
    counted = Counted(None, tokens=1)
    counted.limits.spend(ANYONE, HERE, 100)
    assert await counted.let_through(1000) == 1000
    assert await counted.asked() is None


async def test_at_the_bound_whoever_asked_longest_ago_is_forgotten() -> None:
    counts = WindowCounts(Clock(), most=2)
    assert [await counts.acquire_sliding_window_entry(key, 1, 60) for key in "abac"] == [1, 1, 0, 1]
    assert [await counts.acquire_sliding_window_entry(key, 1, 60) for key in "ca"] == [0, 1]


async def test_streams_over_the_bound_are_refused_until_one_is_closed() -> None:
    limits = Counted(None, streams=2).limits
    mine, another = party_of(ANYONE, HERE), party_of(ANYONE, THERE)
    await limits.open_stream(mine)
    place = await limits.open_stream(mine)
    assert place
    with pytest.raises(Overloaded) as refused:
        await limits.open_stream(mine)
    assert refused.value.code == "too_many_streams" and "MAX_STREAMS_PER_KEY" in refused.value.message
    await limits.open_stream(another)
    limits.close_stream(place)
    await limits.open_stream(mine)
