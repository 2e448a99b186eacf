"""What a service holds before any request comes, so that those that ask for it are answered with it."""

from typing import Any

import orjson

from tests.serving import Served

KEY = "the-key-of-these-tests"
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
}
QUERIES: dict[str, Any] = {
    "GET /stream": {"query": "hi"},
    "GET /chat/stream": _MESSAGE,
    "GET /search": {"query": "tokens or write"},
    "GET /usage": {"by": "key,team,owner,model,chain,day"},
    "GET /threads/{thread_id}": {"all": "true"},
}


def plant(served: Served) -> list[dict[str, str]]:
    """Runs of all kinds, each in a thread of its own, and a key: the parameters of the paths to them."""
    key_id = _post(served, "/admin/keys", {"role": "viewer", "team": "t"})["key_id"]
    return [{"key_id": key_id, **_run(served, *each)} for each in _RUNS]


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
