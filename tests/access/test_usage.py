"""GET /usage tells each owner their own, and those with the scope `admin` everybody's."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.access.secured import SHARED, Secured, code_of, secured


@pytest.fixture(scope="module")
def used() -> Iterator[tuple[Secured, dict[str, Any]]]:
    """What Ann of the team red used by two keys, and Bob by one, each a run of the built-in model."""
    with secured() as service:
        keys = {
            "phone": service.give(owner="ann", team="red"),
            "laptop": service.give(owner="ann", team="red"),
            "bob": service.give(owner="bob"),
        }
        for key in keys.values():
            service.run(key["key"], "Say one word.", chain="chat")
        yield service, keys


def asked(service: Secured, key: str, query: str) -> dict[str, Any]:
    answer = service.ask("GET", f"/usage?{query}", key)
    assert answer.status == 200, answer.text
    told: dict[str, Any] = orjson.loads(answer.body)
    return told


def test_each_owner_sees_what_all_their_keys_used_and_nothing_else(
    used: tuple[Secured, dict[str, Any]],
) -> None:
    service, keys = used
    of_ann = asked(service, keys["phone"]["key"], "by=key")
    assert {item["key"] for item in of_ann["items"]} == {keys[name]["key_id"] for name in ("phone", "laptop")}
    assert of_ann["total"]["runs"] == 2
    assert asked(service, keys["bob"]["key"], "by=owner&owner=bob")["total"]["runs"] == 1


@pytest.mark.parametrize("query", ["all=1", "owner=bob", "owner="])
def test_nobody_without_the_scope_admin_sees_what_others_used(
    used: tuple[Secured, dict[str, Any]], query: str
) -> None:
    service, keys = used
    answer = service.ask("GET", f"/usage?{query}", keys["phone"]["key"])
    assert (answer.status, code_of(answer)) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("by=owner&all=1", {"ann": 2, "bob": 1}),
        ("by=owner&owner=bob", {"bob": 1}),
        ("by=team&all=1", {"red": 2, None: 1}),
    ],
)
def test_an_admin_sees_everybody_or_whom_they_ask_for(
    used: tuple[Secured, dict[str, Any]], query: str, runs: dict[str | None, int]
) -> None:
    items = asked(used[0], SHARED, query)["items"]
    group = query.partition("&")[0].removeprefix("by=")
    assert {item[group]: item["runs"] for item in items} == runs
