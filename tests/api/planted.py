"""What a service holds before any request comes, so that those that ask for it are answered with it."""

from typing import Any

import orjson

from tests.access.secured import signed
from tests.serving import Served

JSON = {"Content-Type": "application/json"}
KEY = signed(role="admin", team="t")
CHAINS = (
    "tests.graphs.approving:mailer",
    "tests.served_chains:numbered",
    "tests.served_chains:numbered_agent",
)

# By chain: what it is asked, for runs of each kind.
_RUNS = [
    ("numbered", "tokens=2"),
    ("numbered", "tokens=3 fail=2"),
    ("numbered_agent", "tool=gated"),
    ("numbered_agent", "tool=broken"),
    ("mailer", "write"),
]
_RUN = {"input": "tokens=1", "chain": "numbered", "metadata": {"a": [1]}}
_CALL = {"model_group": "chat-fast", "messages": [{"role": "user", "content": "hi"}]}
_PROMPT, _MESSAGE = {"prompt": "hi"}, {"message": "hi"}
BODIES: dict[str, Any] = {
    "POST /runs": _RUN,
    "POST /runs/wait": _RUN,
    "POST /runs/stream": _RUN,
    "POST /runs/{run_id}/approvals/{interrupt_id}": {"decisions": [{"type": "approve"}]},
    "POST /threads": {"title": "one", "metadata": {"b": None}},
    "PATCH /threads/{thread_id}": {"title": "another"},
    "POST /admin/keys": {"name": "ann", "owner": "ann", "expires": "1d", "budget": "5 USD/day"},
    "POST /stream": _PROMPT,
    "POST /openai-stream": _PROMPT,
    "POST /secure-llm-stream": _PROMPT,
    "POST /llm-proxy": _PROMPT,
    "POST /ag-ui/{chain}": {
        "threadId": "ag-ui",
        "runId": "r1",
        "messages": [{"id": "u1", "role": "user", "content": "tokens=1"}],
    },
    "POST /ai-sdk/{chain}": {
        "id": "a-chat",
        "messages": [{"id": "u1", "role": "user", "parts": [{"type": "text", "text": "tokens=1"}]}],
    },
    "POST /chat/stream": _MESSAGE,
    "POST /chat/stream-simple": _MESSAGE,
    "POST /v1/chat/completions": {"model": "numbered", "messages": [{"role": "user", "content": "tokens=2"}]},
    "POST /v1/responses": {"model": "numbered", "input": "tokens=2"},
    "POST /admin/teams": {"team_id": "another", "credits": 5, "budget": "5 USD/day"},
    "PATCH /admin/teams/{team_id}": {"model_groups": None},
    "POST /admin/teams/{team_id}/credits": {"amount": 1000},
    "POST /admin/model-groups": {"name": "another", "fallbacks": []},
    "PATCH /admin/model-groups/{name}": {"model": None},
    "POST /api/jobs/create": {"team_id": "t", "job_type": "analysis"},
    "POST /api/jobs/{job_id}/llm-call": _CALL,
    "POST /api/jobs/{job_id}/llm-call-stream": _CALL,
    "PATCH /api/jobs/{job_id}/metadata": {"metadata": {"a": 1}},
    "POST /api/jobs/{job_id}/complete": {"status": "completed", "result": [1]},
}
QUERIES: dict[str, Any] = {
    "GET /stream": {"query": "hi"},
    "GET /chat/stream": _MESSAGE,
    "GET /search": {"query": "tokens or write"},
    "GET /usage": {"by": "key,team,owner,model,chain,day"},
    "GET /threads/{thread_id}": {"all": "true"},
}


def plant(served: Served) -> list[dict[str, str]]:
    """Runs of all kinds, each in a thread of its own, a job for each, and what an administrator makes: the
    parameters of the paths to them."""
    key_id = _post(served, "/admin/keys", {"role": "viewer", "team": "t"})["key_id"]
    name = _post(served, "/admin/model-groups", {"name": f"group-{key_id}"})["name"]
    _team(served)
    admins = {"key_id": key_id, "name": name, "team_id": "t"}
    return [{**admins, "job_id": _job(served), **_run(served, *each)} for each in _RUNS]


def _team(served: Served) -> None:
    """That of the key; whatever was changed of it before, it may create jobs."""
    team = {"credits": 1000, "model_groups": None, "budget": None}
    served.post("/admin/teams", orjson.dumps({"team_id": "t"}), {"X-API-Key": KEY})
    changed = served.ask("PATCH", "/admin/teams/t", orjson.dumps(team), {"X-API-Key": KEY, **JSON})
    assert changed.status == 200, changed.text


def _job(served: Served) -> str:
    job_id: str = _post(served, "/api/jobs/create", {"team_id": "t", "job_type": "analysis"})["job_id"]
    return job_id


def _run(served: Served, chain: str, asked: str) -> dict[str, str]:
    thread_id = _post(served, "/threads", {})["thread_id"]
    run = _post(served, "/runs/wait", {"input": asked, "chain": chain, "thread_id": thread_id})
    calls = [tool["tool_call_id"] for tool in run["tools"]]
    approvals = [approval["interrupt_id"] for approval in run["approvals"]]
    return {
        "chain": chain,
        "chat_id": thread_id,
        "run_id": run["run_id"],
        "stream_id": run["run_id"],
        "response_id": f"resp_{run['run_id']}",
        "model": "numbered",
        "thread_id": thread_id,
        "tool_call_id": next(iter(calls), "none"),
        "interrupt_id": next(iter(approvals), "none"),
    }


def _post(served: Served, path: str, body: object) -> Any:
    answer = served.post(path, orjson.dumps(body), {"X-API-Key": KEY})
    assert answer.status < 300, answer.text
    return orjson.loads(answer.body)
