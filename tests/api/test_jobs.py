"""Jobs over HTTP: their life, what a team sees of them and pays for them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.jobs.working import GROUP, Office, Team, chunks_of, code_in, json_of, office, said, text_in
from tests.serving import serving

UNKNOWN = "/api/jobs/01m7ygjx2s21ccc2xxsq49fvwm"
COMPLETES = 200


@pytest.fixture(scope="module")
def desk() -> Iterator[Office]:
    with office() as desk:
        yield desk


@pytest.fixture(scope="module")
def red(desk: Office) -> Team:
    return desk.team("red", credits=1000)


def test_a_job_goes_from_its_creation_through_calls_to_what_they_came_to(red: Team) -> None:
    body = {"team_id": "red", "user_id": "ann", "job_type": "analysis", "metadata": {"file": "a.pdf"}}
    answer = red.ask("POST", "/api/jobs/create", body)
    created = json_of(answer)
    job = f"/api/jobs/{created['job_id']}"
    assert answer.status == 201 and answer.headers["location"] == job
    assert list(created) == ["job_id", "team_id", "status", "created_at"]
    assert (created["team_id"], created["status"]) == ("red", "pending")
    pending = red.job(job)
    assert (pending["started_at"], pending["model_groups_used"]) == (None, [])

    whole = red.call(job, "Repeat: one", purpose="first", call_metadata={"page": 1})
    assert whole["object"] == "chat.completion" and "one" in whole["choices"][0]["message"]["content"]
    chunks = red.stream(job, "Repeat: two", purpose="second", stream_options={"include_usage": True})
    assert "two" in text_in(chunks) and chunks[-1]["usage"]["total_tokens"] > 0
    going = red.job(job)
    assert (going["status"], going["model_groups_used"]) == ("in_progress", [GROUP])
    assert going["started_at"] > going["created_at"] and going["completed_at"] is None

    done = red.complete(job, result={"pages": 2}, metadata={"file": None, "ok": True})
    calls, costs = done["calls"], done["costs"]
    assert [call["purpose"] for call in calls] == ["first", "second"]
    assert [f"chatcmpl-{call['call_id']}" for call in calls] == [whole["id"], chunks[0]["id"]]
    tokens = [whole["usage"]["total_tokens"], chunks[-1]["usage"]["total_tokens"]]
    assert [call["tokens"] for call in calls] == tokens
    assert all(call["error"] is None and call["model_group"] == GROUP for call in calls)
    assert costs["avg_latency_ms"] == pytest.approx(sum(call["latency_ms"] for call in calls) / 2)
    assert costs | {"avg_latency_ms": 0, "credits_remaining": 0} == {
        "total_calls": 2,
        "successful_calls": 2,
        "failed_calls": 0,
        "total_tokens": sum(tokens),
        "total_cost_usd": 0.0,
        "avg_latency_ms": 0,
        "credit_applied": True,
        "credits_remaining": 0,
    }
    assert costs["credits_remaining"] == red.credits
    kept = red.job(job)
    assert (kept["status"], kept["completed_at"]) == ("completed", done["completed_at"])
    assert (kept["credit_applied"], kept["user_id"], kept["job_type"]) == (True, "ann", "analysis")
    assert (kept["metadata"], kept["result"]) == ({"ok": True}, {"pages": 2})


def test_a_call_is_a_run_like_any_other(red: Team) -> None:
    job = red.create()
    call_id = red.call(job, call_metadata={"page": 1, "job_id": "x"}, user="u1")["id"].removeprefix(
        "chatcmpl-"
    )
    run = json_of(red.ask("GET", f"/runs/{call_id}"))
    metadata = {"user": "u1", "page": 1, "job_id": job.rpartition("/")[2], "model_group": GROUP}
    assert (run["chain"], run["status"], run["metadata"]) == (":model", "succeeded", metadata)
    used = json_of(red.ask("GET", "/usage?by=team"))["items"]
    assert [group["team"] for group in used] == ["red"]


def test_completing_again_answers_the_same_and_changes_nothing(red: Team) -> None:
    job = red.create()
    red.call(job)
    before = red.credits
    first = red.ask("POST", f"{job}/complete", {"status": "completed", "result": 1})
    again = red.ask("POST", f"{job}/complete", {"status": "failed", "result": 2, "metadata": {"a": 1}})
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert (red.job(job)["result"], red.job(job)["metadata"]) == (1, {})
    assert before is not None and red.credits == before - 1


def test_a_completed_job_takes_no_call(red: Team) -> None:
    for status in ("completed", "failed"):
        job = red.create()
        red.complete(job, status)
        for route in ("llm-call", "llm-call-stream"):
            assert code_in(red.ask("POST", f"{job}/{route}", said("hi"))) == (409, "job_over")
        assert red.job(job)["model_groups_used"] == []


def test_a_job_that_failed_costs_nothing(red: Team) -> None:
    before = red.credits
    job = red.create()
    red.call(job)
    done = red.complete(job, "failed", error_message="no such page\x00")
    assert (done["costs"]["credit_applied"], done["costs"]["successful_calls"]) == (False, 1)
    assert (red.job(job)["status"], red.job(job)["error_message"]) == (
        "failed",
        "no such page\N{REPLACEMENT CHARACTER}",
    )
    assert red.credits == before


def test_metadata_is_added_to_and_what_is_null_goes(red: Team) -> None:
    job = red.create(metadata={"a": 1, "b": [2], "n": None})
    changed = red.ask("PATCH", f"{job}/metadata", {"metadata": {"a": None, "c": {"d": None}}})
    assert json_of(changed)["metadata"] == {"b": [2], "n": None, "c": {"d": None}}
    big = [red.ask("PATCH", f"{job}/metadata", {"metadata": {name: "x" * 9000}}) for name in ("e", "f")]
    assert (big[0].status, code_in(big[1])) == (200, (413, "metadata_too_large"))
    assert list(red.job(job)["metadata"]) == ["b", "n", "c", "e"]


def test_a_stream_that_was_cut_goes_on_with_the_same_call(red: Team) -> None:
    job = red.create()
    whole = red.ask("POST", f"{job}/llm-call-stream", said("Repeat: one two three four"))
    ids = [line for line in whole.text.split("\n") if line.startswith("id: ")]
    rest = red.ask(
        "POST", f"{job}/llm-call-stream", said("x"), **{"Last-Event-ID": ids[2].removeprefix("id: ")}
    )
    assert whole.text.endswith(rest.text) and rest.text.startswith(ids[3])
    assert red.complete(job)["costs"]["total_calls"] == 1


def test_the_same_request_under_one_idempotency_key_is_one_call(red: Team) -> None:
    job = red.create()
    first, second = (
        red.ask("POST", f"{job}/llm-call", said("hi"), **{"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert json_of(first) == json_of(second)
    assert red.complete(job)["costs"]["total_calls"] == 1


@pytest.mark.parametrize("group", ["nothing", "slow"])
def test_a_group_that_is_not_there_or_not_the_teams_is_named(desk: Office, group: str) -> None:
    desk.group(f"slow{group}", "offline:demo")
    team = desk.team(f"only-{group}", model_groups=[GROUP])
    job = team.create()
    refused = team.ask("POST", f"{job}/llm-call", said("hi", group.replace("slow", f"slow{group}")))
    assert code_in(refused) == (404, "model_group_not_found")
    assert team.job(job)["status"] == "pending"


@pytest.mark.parametrize(
    ("route", "body", "where"),
    [
        ("create", {"job_type": "x"}, "team_id"),
        ("create", {"team_id": "a/b", "job_type": "x"}, "team_id"),
        ("create", {"team_id": "red", "job_type": ""}, "job_type"),
        ("create", {"team_id": "red", "job_type": "x", "more": 1}, "more"),
        ("llm-call", {"messages": [{"role": "user", "content": "a"}]}, "model_group"),
        ("llm-call", said("hi", stream=True), "stream"),
        ("llm-call", said("hi", temperature=3), "temperature"),
        ("llm-call", said("hi", model="openai:x"), "model"),
        ("llm-call-stream", {"model_group": GROUP, "messages": []}, "messages"),
        ("complete", {}, "status"),
        ("complete", {"status": "pending"}, "status"),
    ],
)
def test_bad_input_is_refused_by_its_name(red: Team, route: str, body: object, where: str) -> None:
    path = "/api/jobs/create" if route == "create" else f"{red.create()}/{route}"
    answer = red.ask("POST", path, body)
    assert code_in(answer) == (422, "invalid_request") and f"'{where}'" in answer.text


def test_what_a_model_does_not_take_is_no_call(red: Team) -> None:
    job = red.create()
    refused = red.ask("POST", f"{job}/llm-call", said("hi", logit_bias={"1": 1}))
    assert code_in(refused) == (400, "unsupported_parameter")
    assert (red.job(job)["status"], red.job(job)["started_at"]) == ("pending", None)
    assert red.complete(job)["costs"]["total_calls"] == 0


def test_another_teams_job_is_as_unknown(desk: Office, red: Team) -> None:
    blue, job = desk.team("blue"), red.create()
    asked: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("POST", "/llm-call", said("hi")),
        ("POST", "/llm-call-stream", said("hi")),
        ("PATCH", "/metadata", {"metadata": {"a": 1}}),
        ("POST", "/complete", {"status": "completed"}),
    ]
    for stranger in (blue, Team(red.served, "red", desk.service.give(owner="ann")["key"])):
        for method, route, body in asked:
            foreign, unknown = (stranger.ask(method, path + route, body) for path in (job, UNKNOWN))
            assert code_in(foreign) == (404, "job_not_found")
            told, other = json_of(foreign), json_of(unknown)
            assert {**told, "detail": "", "request_id": ""} == {**other, "detail": "", "request_id": ""}
    assert red.job(job)["status"] == "pending" and red.job(job)["metadata"] == {}


def test_a_job_is_its_teams_whoever_of_it_asks(desk: Office, red: Team) -> None:
    job = red.create()
    assert desk.member("red", owner="another").complete(job)["status"] == "completed"


def test_a_key_creates_jobs_for_its_own_team_alone(desk: Office, red: Team) -> None:
    for team_id in ("nobody", "blue-ish"):
        refused = red.ask("POST", "/api/jobs/create", {"team_id": team_id, "job_type": "x"})
        assert code_in(refused) == (404, "team_not_found")
    unmade = desk.member("unmade")
    assert code_in(unmade.ask("POST", "/api/jobs/create", {"team_id": "unmade", "job_type": "x"})) == (
        404,
        "team_not_found",
    )
    none = Team(red.served, "red", desk.service.give(owner="ann")["key"])
    assert code_in(none.ask("POST", "/api/jobs/create", {"team_id": "red", "job_type": "x"})) == (
        403,
        "no_team",
    )


def test_without_credits_nothing_begins_and_what_began_is_still_billed(desk: Office) -> None:
    team = desk.team("poor", credits=1)
    first, second = team.create(), team.create()
    team.call(first), team.call(second)
    assert team.complete(first)["costs"]["credits_remaining"] == 0
    wanted = {"team_id": "poor", "job_type": "x"}
    assert code_in(team.ask("POST", "/api/jobs/create", wanted)) == (402, "no_credits")
    for route in ("llm-call", "llm-call-stream"):
        assert code_in(team.ask("POST", f"{second}/{route}", said("hi"))) == (402, "no_credits")
    owed = team.complete(second)["costs"]
    assert (owed["credit_applied"], owed["credits_remaining"]) == (True, -1)
    assert json_of(desk.admin("POST", "/admin/teams/poor/credits", {"amount": 2}))["credits"] == 1
    assert team.ask("POST", "/api/jobs/create", wanted).status == 201


def test_a_team_without_a_bound_pays_no_credits(desk: Office) -> None:
    team = desk.team("rich", credits=None)
    job = team.create()
    costs = team.complete(job)["costs"]
    assert (costs["credit_applied"], costs["credits_remaining"], team.credits) == (True, None, None)


def test_many_completes_of_one_job_at_the_same_time_take_one_credit(database_address: str) -> None:
    with office(database_url=database_address) as desk, ThreadPoolExecutor(32) as threads:
        team = desk.team("red", credits=100)
        job = team.create()
        team.call(job)
        asked = [{"status": "completed", "result": number} for number in range(COMPLETES)]
        answers = list(threads.map(lambda body: team.ask("POST", f"{job}/complete", body), asked))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
        assert team.credits == 99


def test_a_job_is_not_completed_while_a_call_goes_on_and_ends_it_where_it_failed() -> None:
    with office(offline_tokens_per_second=1) as desk:
        team = desk.team("red", credits=1)
        job = team.create()
        call_id = team.leave(job)
        early = team.ask("POST", f"{job}/complete", {"status": "completed"})
        assert code_in(early) == (409, "calls_running") and call_id in early.text
        assert team.job(job)["status"] == "in_progress"
        (call,) = team.complete(job, "failed")["calls"]
        assert call["call_id"] == call_id
        assert call["error"] == {"code": "cancelled", "message": "The call was cancelled (user)."}
        assert json_of(team.ask("GET", f"/runs/{call_id}"))["status"] == "cancelled"
        assert team.credits == 1


def test_a_caller_that_leaves_does_not_end_its_call() -> None:
    with office(offline_tokens_per_second=50, disconnect_grace_seconds=0) as desk:
        team = desk.team("red")
        job = team.create()
        call_id = team.leave(job, "Repeat: one two three four five")
        place = {"Last-Event-ID": f"{call_id}.1.1"}
        rest = chunks_of(team.ask("POST", f"{job}/llm-call-stream", said("nothing"), **place))
        assert text_in(rest).endswith("five")
        assert team.complete(job)["costs"]["successful_calls"] == 1


def test_without_keys_any_name_is_a_team_without_a_bound() -> None:
    with serving() as served:
        team, other = Team(served, "demo", None), Team(served, "another", None)
        job = team.create()
        assert team.call(job)["choices"]
        assert other.complete(job)["costs"]["credits_remaining"] is None
        used = json_of(team.ask("GET", "/usage?by=team"))["items"]
        assert [group["team"] for group in used] == ["demo"]


def test_the_chunks_are_openais_and_the_last_line_says_done(red: Team) -> None:
    job = red.create()
    answer = red.ask("POST", f"{job}/llm-call-stream", said("hi", stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, *_, last = chunks_of(answer)
    assert first["object"] == "chat.completion.chunk" and first["choices"][0]["delta"]["role"] == "assistant"
    assert last["choices"][0]["finish_reason"] == "stop"
    assert answer.headers["x-run-id"] == first["id"].removeprefix("chatcmpl-")
