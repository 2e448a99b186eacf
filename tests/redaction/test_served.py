"""Over a real server: what is hidden is in no answer, in no format, not in the log, not in the database."""

import json
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.wire import FORMATS
from tests.access.secured import Secured, secured
from tests.amounts import SPLITS
from tests.api.sockets import talking
from tests.redaction.leaking_chains import GOT, HIDDEN
from tests.serving import Answer, Served, serving

CHAINS = "tests.redaction.leaking_chains:leaking", "tests.redaction.leaking_chains:asking"
ALL = ("secrets", "email", "card", "iban", "phone", "ssn", "ip")
SEEDS = min(SPLITS, 5_000) // 200


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "kept.db"


@pytest.fixture(scope="module")
def served(address: Path) -> Iterator[Served]:
    with serving(
        chains=CHAINS, shipped_chains=False, redact=ALL, database_url=f"sqlite:///{address}"
    ) as served:
        yield served


def run(served: Served, seed: int, more: str = "", chain: str = "leaking") -> Any:
    given: Any = f"seed={seed} {more}" if chain == "leaking" else {"prompt": f"seed={seed}"}
    answer = served.post("/runs/wait", json.dumps({"chain": chain, "input": given}).encode())
    assert answer.status in (200, 202), answer.text
    return orjson.loads(answer.body)


def spellings(hidden: str) -> set[str]:
    """In a text, in JSON, and in JSON in JSON."""
    once = json.dumps(hidden, ensure_ascii=False)[1:-1]
    return {hidden, once, json.dumps(once, ensure_ascii=False)[1:-1], json.dumps(hidden)[1:-1]}


def leaks(said: str, seed: int) -> list[str]:
    """Also what is left of a long one when some of it was taken out."""
    tails = [hidden[-40:] for hidden in HIDDEN[seed] if len(hidden) > 80 and "://" not in hidden]
    hidden = [*HIDDEN[seed], *tails]
    return [each for each in hidden if any(spelled in said for spelled in spellings(each))]


def test_no_format_no_view_and_no_replay_has_what_is_hidden(served: Served) -> None:
    for seed in range(SEEDS):
        ended = run(served, seed, "long")
        assert ended["status"] == "succeeded", ended
        assert leaks(json.dumps(ended, ensure_ascii=False), seed) == []
        run_id = ended["run_id"]
        views = [
            f"/runs/{run_id}",
            *(f"/runs/{run_id}/tools/{each['tool_call_id']}" for each in ended["tools"]),
        ]
        views += [f"/runs/{run_id}/events?format={name}" for name in FORMATS]
        views += [f"/stream?query=seed={seed}&format={name}" for name in FORMATS]
        views += [f"/chat/stream?message=seed={seed}", "/runs", f"/runs/{run_id}/events?after=7"]
        for view in views:
            answer = served.get(view)
            assert answer.status == 200, (view, answer.text)
            assert leaks(answer.text, seed) == [], view


def test_every_kind_of_event_was_among_them_and_told_what_it_is_about(served: Served) -> None:
    told = events_of(served, run(served, 100)["run_id"])
    kinds = {event for event, _ in told}
    assert {
        "token",
        "reasoning",
        "tool_call",
        "tool_start",
        "tool_progress",
        "tool_end",
        "tool_error",
    } <= kinds
    assert {"sources", "custom", "partial", "done"} <= kinds
    answer = next(data["output"] for event, data in told if event == "done")
    assert answer.startswith("the answer is ") and answer.endswith(" , you know.")
    shown = "".join(data["text"] for event, data in told if event == "token" and data["channel"] == "answer")
    assert shown.endswith(answer)
    assert ["custom", "[card]"] == next(
        ["custom", data["data"][1]] for event, data in told if event == "custom"
    )
    args = "".join(data["args_delta"] for event, data in told if event == "tool_call")
    assert json.loads(args)["n"] == 1


def events_of(served: Served, run_id: str) -> list[tuple[str, Any]]:
    lines = served.get(f"/runs/{run_id}/events?format=ndjson").text.splitlines()
    frames = [orjson.loads(line) for line in lines]
    return [(frame["event"], frame["data"]) for frame in frames if frame.get("id")]


def test_partial_values_only_grow(served: Served) -> None:
    for seed in range(200, 202):
        told = events_of(served, run(served, seed)["run_id"])
        said = [data["value"]["said"] for event, data in told if event == "partial"]
        assert all(later.startswith(earlier) for earlier, later in pairwise(said))


def test_a_socket_tells_none_of_it(served: Served) -> None:
    with talking(served) as talk:
        heard = talk.ask(type="chat", message="seed=300")
    assert heard[-1]["type"] == "done" and leaks(json.dumps(heard, ensure_ascii=False), 300) == []


def test_an_error_tells_none_of_it(served: Served) -> None:
    for seed in range(400, 402):
        ended = run(served, seed, "fails")
        assert (
            ended["error"]["code"] == "invalid_output"
            and leaks(json.dumps(ended, ensure_ascii=False), seed) == []
        )
        assert "the observation is [" in ended["error"]["message"] or "://[" in ended["error"]["message"]


def test_the_chain_gets_its_own_values_untouched(served: Served) -> None:
    run(served, 500)
    assert any(HIDDEN[500][0] in given for given in GOT)


def test_a_person_is_asked_without_it_and_the_run_goes_on_without_it(served: Served) -> None:
    waiting = run(served, 600, chain="asking")
    (asked,) = waiting["approvals"]
    assert leaks(json.dumps(waiting, ensure_ascii=False), 600) == []
    path = f"/runs/{waiting['run_id']}/approvals/{asked['interrupt_id']}"
    assert served.post(path, b'{"decisions": [{"type": "respond", "message": "yes"}]}').status == 200
    said = served.get(f"/runs/{waiting['run_id']}/events").text
    assert "event: done" in said and leaks(said, 600) == []


def test_the_log_itself_has_none_of_it(served: Served) -> None:
    run_id = run(served, 700)["run_id"]
    said = served.get(f"/runs/{run_id}/events?format=ndjson").text
    live = served.app.state.services.runs.log._live
    lines = b"\n".join(record.line for record in live._closed[run_id].records)
    assert leaks(lines.decode(), 700) == [] and len(lines) > 1000 and said


def test_the_database_has_none_of_it_and_replays_without_it(address: Path) -> None:
    seed = 800
    with serving(
        chains=CHAINS, shipped_chains=False, redact=ALL, database_url=f"sqlite:///{address}.2"
    ) as first:
        run_id = run(first, seed, "long")["run_id"]
    with sqlite3.connect(f"{address}.2") as connection:
        kept = "\n".join(line for line in connection.iterdump())
    assert run_id in kept and leaks(kept, seed) == []
    with serving(chains=CHAINS, shipped_chains=False, database_url=f"sqlite:///{address}.2") as again:
        for name in FORMATS:
            replayed = again.get(f"/runs/{run_id}/events?format={name}")
            assert replayed.status == 200 and leaks(replayed.text, seed) == []


def test_without_rules_nothing_is_touched(tmp_path: Path) -> None:
    with serving(chains=CHAINS, shipped_chains=False) as plain:
        ended = run(plain, 900)
        assert HIDDEN[900][-1] in ended["output"]


# --- who is filtered --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keyed() -> Iterator[Secured]:
    echo = ("tests.redaction.echoing:plain", "tests.redaction.strict:strict")
    patterns = r'{"employee": "\\bE\\d{6}\\b"}'
    with secured(chains=echo, shipped_chains=False, redact=("ip",), redact_patterns=patterns) as keyed:
        yield keyed


SAID = "10.1.2.3 E123456 a@b.example 078-05-1120"


def outputs(keyed: Secured, key: str, chain: str) -> str:
    answer = keyed.ask("POST", "/runs/wait", key, {"input": SAID, "chain": chain})
    output: str = orjson.loads(answer.body)["output"]
    return output


def test_rules_of_the_service_its_chain_and_its_callers_key_add_up(keyed: Secured) -> None:
    plain, more = keyed.give(), keyed.give(redact="ssn")
    assert (plain["redact"], more["redact"]) == ([], ["ssn"])
    assert outputs(keyed, plain["key"], "plain") == "[ip] [employee] a@b.example 078-05-1120"
    assert outputs(keyed, plain["key"], "strict") == "[ip] [employee] [email] 078-05-1120"
    assert outputs(keyed, more["key"], "plain") == "[ip] [employee] a@b.example [ssn]"
    assert outputs(keyed, more["key"], "strict") == "[ip] [employee] [email] [ssn]"


def test_a_key_with_a_rule_that_there_is_not_is_not_given(keyed: Secured) -> None:
    refused: Answer = keyed.ask("POST", "/admin/keys", "the-shared-key-of-these-tests", {"redact": "emial"})
    assert refused.status == 400 and "employee" in refused.text and "unknown_rule" in refused.text
