"""What runs used is written beside them and summed, the same on both databases."""

from datetime import date
from typing import Any

import pytest
from anyio import fail_after

from service.access.budgets import Holder
from service.database import Database
from service.events import Event, Usage
from service.history.recovery import close_lost_runs
from service.history.tables import RUN_USAGE, RUNS
from service.history.usage import GROUPS, Question
from service.rates import Spent
from service.values import encode_json
from tests.history.test_recorder import Kept, keeping
from tests.wire.stories import done, ended, failed

EVERYTHING = Question(by=(), owner=None, since=None, until=None, limit=100)


@pytest.fixture
async def kept(database: Database) -> Any:
    async with keeping(database) as kept:
        yield kept


def used(message_id: str = "m1", *, model: str | None = "a", cost: float | None = 0.5) -> Usage:
    return Usage(
        t=1,
        message_id=message_id,
        model=model,
        input_tokens=3,
        output_tokens=2,
        total_tokens=5,
        cached_tokens=1,
        reasoning_tokens=0,
        cost_usd=cost,
    )


async def told(kept: Kept, number: int, *events: Event, ending: Event | None = None, **columns: Any) -> str:
    run_id = f"{number:026}"
    await kept.begin(run_id, **columns)
    await kept.tell(*events, run_id=run_id)
    await kept.end(ending or done(), run_id)
    return run_id


async def asked(kept: Kept, **fields: Any) -> list[Any]:
    question = Question(**{**{name: getattr(EVERYTHING, name) for name in Question.__slots__}, **fields})
    with fail_after(10):
        groups, total = await kept.history.usage(question)
    encode_json([groups, total])  # as the API does: PostgreSQL's own sums of large numbers are decimals
    return groups


async def test_calls_are_summed_by_each_group_and_by_several(kept: Kept) -> None:
    await told(kept, 1, ended(), used(), ended("m2"), used("m2", model="b"), owner="o", team="t", key_id="k")
    await told(kept, 2, ended(), used(cost=None), owner="o", team="t", key_id="l", chain="other")
    await told(kept, 3, ended(), used(), owner="p")
    counts = {name: [(each[name], each["runs"], each["calls"]) for each in await asked(kept, by=[name])]
              for name in GROUPS if name != "day"}  # fmt: skip
    for name in ("key", "team"):  # the databases put null at different ends
        counts[name].sort(key=lambda each: each[0] or "")
    assert counts == {
        "key": [(None, 1, 1), ("k", 1, 2), ("l", 1, 1)],
        "team": [(None, 1, 1), ("t", 2, 3)],
        "owner": [("o", 2, 3), ("p", 1, 1)],
        "model": [("a", 3, 3), ("b", 1, 1)],
        "chain": [("chat", 2, 3), ("other", 1, 1)],
    }
    (first, *_) = await asked(kept, by=["model", "chain"], owner="o")
    assert first == {
        "model": "a",
        "chain": "chat",
        "runs": 1,
        "unpriced_runs": 0,
        "calls": 1,
        "unpriced_calls": 0,
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "cached_tokens": 1,
        "cost_usd": 0.5,
    }


async def test_they_are_summed_from_a_day_to_another(kept: Kept) -> None:
    await told(kept, 1, ended(), used())
    (group,) = await asked(kept, by=["day"])
    day = date.fromisoformat(group["day"])
    assert len(await asked(kept, by=["day"], since=day, until=day)) == 1
    assert await asked(kept, by=["day"], since=date(2999, 1, 1)) == []
    assert await asked(kept, by=["day"], until=date(1999, 1, 1)) == []


async def test_a_call_that_tells_no_usage_is_counted_as_unpriced_until_it_does(kept: Kept) -> None:
    await kept.begin()
    await kept.tell(ended())
    (total,) = await asked(kept)
    assert (total["calls"], total["unpriced_calls"], total["unpriced_runs"]) == (1, 1, 1)
    await kept.tell(used())
    (total,) = await asked(kept)
    assert (total["calls"], total["unpriced_calls"], total["cost_usd"]) == (1, 0, 0.5)


async def test_what_failed_runs_used_is_in_their_rows(kept: Kept) -> None:
    run_id = await told(kept, 1, ended(), used(), ending=failed())
    (found,) = await kept.rows(RUNS, run_id)
    assert (found["status"], found["cost_usd"]) == ("failed", 0.5)
    assert '"total_tokens":5' in found["usage"]


async def test_what_lost_runs_used_is_in_their_rows(database: Database) -> None:
    async with keeping(database) as before:
        await before.begin()
        await before.tell(ended(), used())
    await close_lost_runs(database)
    async with keeping(database) as after:
        (found,) = await after.rows(RUNS)
        assert (found["status"], found["cost_usd"]) == ("failed", 0.5)
        assert len(await after.rows(RUN_USAGE)) == 1


async def test_what_was_spent_stays_when_its_run_is_deleted(kept: Kept) -> None:
    run_id = await told(kept, 1, ended(), used(), key_id="k")
    await kept.history.remove_run(run_id)
    (total,) = await asked(kept)
    assert total["cost_usd"] == 0.5


async def test_budgets_know_what_a_key_a_team_and_those_without_a_key_have_spent(kept: Kept) -> None:
    await told(kept, 1, ended(), used(), owner="o", team="t", key_id="k")
    await told(kept, 2, ended(), used(cost=None), owner="p", team="t", key_id="l")
    await told(kept, 3, ended(), used(), owner="o")
    (group,) = await asked(kept, by=["day"])
    day = date.fromisoformat(group["day"])
    spent = kept.history.spent
    assert await spent(Holder("key", "", "k"), day, day) == (Spent(0.5, 5), Spent(0.5, 5))
    assert await spent(Holder("team", "", "t"), day, day) == (Spent(0.5, 10), Spent(0.5, 10))
    assert await spent(Holder("key", "o", None), day, day) == (Spent(0.5, 5), Spent(0.5, 5))
    assert await spent(Holder("key", "", "x"), day, day) == (Spent(), Spent())
    later = date(2999, 1, 1)
    assert await spent(Holder("key", "", "k"), later, day) == (Spent(), Spent(0.5, 5))
    assert await spent(Holder("key", "", "k"), later, later) == (Spent(), Spent())


async def test_a_models_name_can_be_anything(kept: Kept) -> None:
    await told(kept, 1, ended(), used(model="x\0" * 1000), ended("m2"), used("m2", model=None))
    assert [each["model"] for each in await asked(kept, by=["model"])] == [None, "x" * 256]
