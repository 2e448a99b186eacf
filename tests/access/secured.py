"""A service with keys of every kind, and what callers of it hold."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import orjson

from tests.serving import Answer, Served, serving

HOUR = 3600  # seconds; longer than any test with its full numbers
SHARED = "the-shared-key-of-these-tests"
# Of these tests alone.
SECRET = "a secret of these tests, which is long enough to sign by every algorithm"  # noqa: S105


def signed(secret: str = SECRET, algorithm: str = "HS256", /, **claims: Any) -> str:
    """A JWT, of a member, for the next hour; a claim that is None is left out."""
    told = {"sub": "jane", "role": "member", "exp": int(time.time()) + HOUR, **claims}
    return jwt.encode({name: value for name, value in told.items() if value is not None}, secret, algorithm)


def unsigned(**claims: Any) -> str:
    """A JWT that says it needs no signature."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    told = {"sub": "jane", "role": "admin", "exp": int(time.time()) + HOUR, **claims}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(told)}."


@dataclass(frozen=True)
class Secured:
    """A service, and its keys by what they are."""

    served: Served

    def give(self, **wanted: Any) -> Any:
        """A new key's view, with the key."""
        answer = self.ask("POST", "/admin/keys", SHARED, wanted)
        assert answer.status == 201, answer.text
        return orjson.loads(answer.body)

    def revoke(self, key_id: str) -> None:
        assert self.ask("DELETE", f"/admin/keys/{key_id}", SHARED).status == 204

    def ask(self, method: str, path: str, key: str | None, body: object = None, **headers: str) -> Answer:
        if key is not None:
            headers = {"Authorization": f"Bearer {key}", **headers}
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        return self.served.ask(method, path, b"" if body is None else orjson.dumps(body), headers)

    def run(self, key: str, text: str = "tokens=2", **wanted: Any) -> Any:
        """A finished run of this key's."""
        answer = self.ask("POST", "/runs/wait", key, {"input": text, "chain": "numbered", **wanted})
        assert answer.status == 200, answer.text
        return orjson.loads(answer.body)

    def token(self, key: str, run_id: str) -> str:
        token: str = orjson.loads(self.ask("POST", f"/runs/{run_id}/token", key).body)["token"]
        return token


@contextmanager
def secured(**settings: Any) -> Iterator[Secured]:
    with serving(api_key=SHARED, jwt_secret=SECRET, **settings) as served:
        yield Secured(served)


def code_of(answer: Answer) -> str:
    told = orjson.loads(answer.body)
    code: str = told.get("error", told)["code"]  # OpenAI's shape has it deeper
    return code
