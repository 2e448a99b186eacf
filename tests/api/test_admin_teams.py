"""/admin/teams and /admin/model-groups: what administrators make of them, and what is refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.jobs.working import Office, code_in, json_of, office


@pytest.fixture(scope="module")
def desk() -> Iterator[Office]:
    with office() as desk:
        yield desk


def test_a_team_is_made_read_and_changed(desk: Office) -> None:
    made = desk.admin("POST", "/admin/teams", {"team_id": "a", "credits": 5, "model_groups": ["chat-fast"]})
    assert (made.status, made.headers["location"]) == (201, "/admin/teams/a")
    team = json_of(made)
    assert team | {"created_at": ""} == {
        "team_id": "a",
        "credits": 5,
        "model_groups": ["chat-fast"],
        "budget": None,
        "created_at": "",
    }
    assert json_of(desk.admin("GET", "/admin/teams/a")) == team
    changes: list[dict[str, object]] = [
        {"credits": None},
        {"model_groups": []},
        {"budget": "5 USD/day"},
        {"model_groups": None},
    ]
    for change in changes:
        team |= change
        assert json_of(desk.admin("PATCH", "/admin/teams/a", change)) == team
    assert json_of(desk.admin("PATCH", "/admin/teams/a", {"budget": None}))["budget"] is None


def test_a_team_without_a_word_of_credits_has_none(desk: Office) -> None:
    assert json_of(desk.admin("POST", "/admin/teams", {"team_id": "b"}))["credits"] == 0


def test_credits_that_are_added_at_the_same_time_are_all_there(desk: Office) -> None:
    desk.team("adding", credits=0)
    with ThreadPoolExecutor(8) as threads:
        amounts = [7, -2] * 20
        list(threads.map(lambda n: desk.admin("POST", "/admin/teams/adding/credits", {"amount": n}), amounts))
    assert json_of(desk.admin("GET", "/admin/teams/adding"))["credits"] == sum(amounts)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/admin/teams", {"team_id": "x/y"}, 422, "invalid_request"),
        ("POST", "/admin/teams", {"team_id": "n", "credits": 10**16}, 422, "invalid_request"),
        ("POST", "/admin/teams", {"team_id": "n", "budget": "much"}, 400, "bad_budget"),
        ("POST", "/admin/teams", {"team_id": "n", "model_groups": ["no"]}, 404, "model_group_not_found"),
        ("PATCH", "/admin/teams/nobody", {"credits": 1}, 404, "team_not_found"),
        ("PATCH", "/admin/teams/nobody", {}, 400, "nothing_to_change"),
        ("GET", "/admin/teams/nobody", None, 404, "team_not_found"),
        ("POST", "/admin/teams/nobody/credits", {"amount": 1}, 404, "team_not_found"),
        ("POST", "/admin/teams/nobody/credits", {"amount": "1e3"}, 422, "invalid_request"),
        ("POST", "/admin/model-groups", {"name": "a b"}, 422, "invalid_request"),
        ("POST", "/admin/model-groups", {"name": "n", "model": "openai:x"}, 400, "unknown_model"),
        ("POST", "/admin/model-groups", {"name": "n", "fallbacks": ["x:y"]}, 400, "unknown_model"),
        ("POST", "/admin/model-groups", {"name": "chat-fast"}, 409, "model_group_exists"),
        ("PATCH", "/admin/model-groups/chat-fast", {"model": "no"}, 400, "unknown_model"),
        ("PATCH", "/admin/model-groups/chat-fast", {}, 400, "nothing_to_change"),
        ("PATCH", "/admin/model-groups/none", {"model": None}, 404, "model_group_not_found"),
        ("DELETE", "/admin/model-groups/none", None, 404, "model_group_not_found"),
        ("GET", "/admin/model-groups/none", None, 404, "model_group_not_found"),
    ],
)
def test_what_cannot_be_is_refused(
    desk: Office, method: str, path: str, body: object, status: int, code: str
) -> None:
    assert code_in(desk.admin(method, path, body)) == (status, code)


def test_a_name_is_given_once(desk: Office) -> None:
    desk.team("once", credits=1)
    again = desk.admin("POST", "/admin/teams", {"team_id": "once", "credits": 9})
    assert code_in(again) == (409, "team_exists")
    assert json_of(desk.admin("GET", "/admin/teams/once"))["credits"] == 1


def test_credits_without_a_bound_are_not_added_to(desk: Office) -> None:
    desk.team("unbounded", credits=None)
    more = desk.admin("POST", "/admin/teams/unbounded/credits", {"amount": 1})
    assert code_in(more) == (409, "credits_unbounded")


def test_a_group_is_made_changed_and_deleted(desk: Office) -> None:
    body = {"name": "g-1.x", "model": "offline:demo", "fallbacks": ["offline:demo"]}
    made = desk.admin("POST", "/admin/model-groups", body)
    assert (made.status, made.headers["location"]) == (201, "/admin/model-groups/g-1.x")
    changed = json_of(desk.admin("PATCH", "/admin/model-groups/g-1.x", {"fallbacks": None}))
    assert changed == json_of(made) | {"fallbacks": None}
    assert json_of(desk.admin("GET", "/admin/model-groups/g-1.x")) == changed
    assert desk.admin("DELETE", "/admin/model-groups/g-1.x").status == 204
    assert desk.admin("GET", "/admin/model-groups/g-1.x").status == 404


def test_there_is_one_group_to_begin_with(desk: Office) -> None:
    group = json_of(desk.admin("GET", "/admin/model-groups/chat-fast"))
    assert (group["model"], group["fallbacks"]) == (None, None)


@pytest.mark.parametrize(("path", "name"), [("teams", "team_id"), ("model-groups", "name")])
def test_pages_lead_to_all_of_them(desk: Office, path: str, name: str) -> None:
    for number in range(3):
        desk.admin("POST", f"/admin/{path}", {name: f"page-{number}"})
    seen: list[str] = []
    after = ""
    while after is not None:
        page = json_of(desk.admin("GET", f"/admin/{path}?limit=2{after and f'&after={after}'}"))
        seen += [item[name] for item in page["items"]]
        after = page["next"]
    assert seen == sorted(set(seen)) and {"page-0", "page-1", "page-2"} <= set(seen)


def test_what_administrators_do_is_in_the_audit_log() -> None:
    with office() as desk:
        desk.team("a", credits=1)
        desk.admin("PATCH", "/admin/teams/a", {"credits": 2})
        desk.admin("POST", "/admin/teams/a/credits", {"amount": 30})
        desk.admin("POST", "/admin/teams/nobody/credits", {"amount": 30})
        desk.group("g", "offline:demo")
        desk.admin("PATCH", "/admin/model-groups/g", {"fallbacks": []})
        desk.admin("DELETE", "/admin/model-groups/g")
        rows = json_of(desk.admin("GET", "/admin/audit"))["items"]
    assert [(row["action"], row["subject"], row["owner"]) for row in reversed(rows)] == [
        ("team_created", "a", "boss"),
        ("team_changed", "a", "boss"),
        ("credits_added", "+30 a", "boss"),
        ("model_group_created", "g", "boss"),
        ("model_group_changed", "g", "boss"),
        ("model_group_deleted", "g", "boss"),
    ]
