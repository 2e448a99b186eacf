"""Over HTTP, who did what is in the audit log, and no secret is in it or in any log."""

import logging

import orjson
import pytest

from tests.access.secured import SHARED, Secured, secured
from tests.api.sockets import talking


def audited(service: Secured) -> list[tuple[str, str | None, str | None]]:
    items = orjson.loads(service.ask("GET", "/admin/audit?limit=100", SHARED).body)["items"]
    return [(row["action"], row["owner"], row["subject"]) for row in reversed(items)]


def test_what_is_given_revoked_deleted_and_refused_is_there_with_who_did_it() -> None:
    with secured() as service:
        ann = service.give(owner="ann")
        run_id = service.run(ann["key"], thread_id="anns")["run_id"]
        assert service.ask("DELETE", f"/runs/{run_id}", ann["key"]).status == 204
        assert service.ask("DELETE", "/threads/anns", ann["key"]).status == 204
        assert service.ask("DELETE", "/threads/anns", ann["key"]).status == 404
        service.revoke(ann["key_id"])
        assert service.ask("GET", "/runs", ann["key"]).status == 401
        assert service.ask("GET", "/runs", None).status == 401  # who shows nothing guesses nothing
        assert audited(service) == [
            ("key_created", "", ann["key_id"]),
            ("run_deleted", "ann", run_id),
            ("thread_deleted", "ann", "anns"),
            ("key_revoked", "", ann["key_id"]),
            ("denied", None, "wrong_key"),
        ]


def test_pages_of_keys_and_of_the_audit_log_lead_to_all_of_them() -> None:
    with secured() as service:
        given = [service.give()["key_id"] for _ in range(5)]
        for path, name in (("/admin/keys", "key_id"), ("/admin/audit", "subject")):
            found: list[str] = []
            after: str | None = ""
            while after is not None:
                page = orjson.loads(service.ask("GET", f"{path}?limit=2{after}", SHARED).body)
                found += [item[name] for item in page["items"]]
                after = f"&after={page['next']}" if page["next"] else None
            assert found == given[::-1]


def test_no_log_has_a_key_or_a_token_however_much_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), secured() as service:
        caplog.set_level(logging.DEBUG, "uvicorn.error")  # as LOG_LEVEL=debug has it
        logging.getLogger("uvicorn.error").addHandler(caplog.handler)  # which tells its parents nothing
        key = service.give(owner="ann")["key"]
        token = service.token(key, run_id := service.run(key)["run_id"])
        assert service.served.get(f"/runs/{run_id}?token={token}").status == 200
        assert service.ask("GET", "/runs", key + "x").status == 401
        for asked in (["chainstream", f"key.{key}"], ["chainstream", f"token.{token}"]):
            with talking(service.served, subprotocols=asked) as talk:
                talk.ask(type="resume", run_id=run_id)
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    told = "\n".join(record.getMessage() for record in caplog.records if record.name != "websockets.client")
    assert [secret for secret in (key, token, SHARED) if secret in told] == []
