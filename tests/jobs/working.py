"""A team at work: its key, and what it asks of a service for its jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.access.secured import Secured, secured, signed
from tests.serving import Answer, Served

ADMIN = signed(sub="boss", role="admin")
GROUP = "chat-fast"


def said(prompt: str, group: str = GROUP, **more: Any) -> dict[str, Any]:
    """The body of a call."""
    return {"model_group": group, "messages": [{"role": "user", "content": prompt}], **more}


@dataclass(frozen=True)
class Team:
    """`key` None is of a service without keys."""

    served: Served
    team_id: str
    key: str | None

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        headers = {"Content-Type": "application/json", **headers}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        return self.served.ask(method, path, b"" if body is None else orjson.dumps(body), headers)

    def create(self, **more: Any) -> str:
        """The path of a new job."""
        answer = self.ask("POST", "/api/jobs/create", {"team_id": self.team_id, "job_type": "test", **more})
        assert answer.status == 201, answer.text
        return f"/api/jobs/{json_of(answer)['job_id']}"

    def call(self, job: str, prompt: str = "hi", **more: Any) -> Any:
        """The completion that a call of it is answered with."""
        answer = self.ask("POST", f"{job}/llm-call", said(prompt, **more))
        assert answer.status == 200, answer.text
        return json_of(answer)

    def stream(self, job: str, prompt: str = "hi", **more: Any) -> list[Any]:
        """The chunks that a call is answered with."""
        answer = self.ask("POST", f"{job}/llm-call-stream", said(prompt, **more))
        assert answer.status == 200, answer.text
        return chunks_of(answer)

    def leave(self, job: str, prompt: str = "Tell me a long story") -> str:
        """The id of a call whose stream was left after its first bytes, and which goes on."""
        headers = {"Authorization": f"Bearer {self.key}"}
        cut = self.served.post(f"{job}/llm-call-stream", orjson.dumps(said(prompt)), headers, cut_after=1)
        assert not cut.whole
        return cut.headers["x-run-id"]

    def complete(self, job: str, status: str = "completed", **more: Any) -> Any:
        answer = self.ask("POST", f"{job}/complete", {"status": status, **more})
        assert answer.status == 200, answer.text
        return json_of(answer)

    def job(self, job: str) -> Any:
        return json_of(self.ask("GET", job))

    @property
    def credits(self) -> int | None:
        credits: int | None = json_of(Secured(self.served).ask("GET", f"/admin/teams/{self.team_id}", ADMIN))[
            "credits"
        ]
        return credits


def json_of(answer: Answer) -> Any:
    return orjson.loads(answer.body)


def code_in(answer: Answer) -> tuple[int, str]:
    return answer.status, json_of(answer)["code"]


def chunks_of(answer: Answer) -> list[Any]:
    """Of a stream that ended as it should."""
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line.startswith("data: ")]
    assert answer.whole and lines[-1] == "[DONE]"
    return [orjson.loads(line) for line in lines[:-1]]


def text_in(chunks: list[Any]) -> str:
    return "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", [])
    )


@dataclass(frozen=True)
class Office:
    """A service whose administrator makes teams and groups."""

    service: Secured

    def admin(self, method: str, path: str, body: object = None) -> Answer:
        return self.service.ask(method, path, ADMIN, body)

    def team(self, team_id: str, credits: int | None = 10, **more: Any) -> Team:
        made = self.admin("POST", "/admin/teams", {"team_id": team_id, "credits": credits, **more})
        assert made.status == 201, made.text
        return self.member(team_id)

    def member(self, team_id: str, owner: str | None = None) -> Team:
        """With a key of its own."""
        return Team(self.service.served, team_id, signed(sub=owner or f"of-{team_id}", team=team_id))

    def group(self, name: str, model: str, fallbacks: list[str] | None = None) -> None:
        body = {"name": name, "model": model, "fallbacks": fallbacks}
        made = self.admin("POST", "/admin/model-groups", body)
        assert made.status == 201, made.text


@contextmanager
def office(**settings: Any) -> Iterator[Office]:
    with secured(**settings) as service:
        yield Office(service)
