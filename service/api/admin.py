"""/admin: keys, and the audit log, for callers with the scope `admin`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import TypedDict

from ..access.caller import SCOPES, Scope
from ..access.keys import KEY_ID, new_key, scopes_named, time_named
from ..access.keys import Key as StoredKey
from ..access.store import AuditRow
from ..redaction.filters import split_names
from .access import MayAdmin, address_of
from .bodies import Clean
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(prefix="/admin", tags=["admin"])

Name = Annotated[str, Field(max_length=64), Clean]
AFTER = "`next` of the page before"
Limit = Annotated[int, Query(ge=1, le=100)]


class NewKeyBody(BaseModel):
    """A key to give. Its owner sees the runs of that owner alone; keys without one share theirs."""

    model_config = ConfigDict(extra="forbid")

    name: Name = ""
    owner: Name = ""
    team: Name | None = None
    role: str | None = Field(None, description="admin, member (the default) or viewer; or give scopes.")
    scopes: list[Scope] = Field(default_factory=list, description="Instead of a role.")
    expires: str | None = Field(None, description="After days, hours or minutes: 30d, 12h, 15m.")
    budget: str | None = Field(
        None, description="Instead of `BUDGET_PER_KEY`: `5 USD/day, 1000000 tokens/month`, or `none`."
    )
    redact: str | None = Field(
        None,
        description="Rules beside the service's, with commas, by which its runs are filtered: `email,phone`.",
    )


class Key(TypedDict):
    """What is kept of a key. `hint` is how its text begins; a `budget` of its own, as `5 USD/day`, counts
    instead of the usual one; by the rules in `redact` its runs are filtered as well."""

    key_id: str
    hint: str
    name: str
    owner: str
    team: str | None
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    budget: str | None
    redact: list[str]


class NewKey(Key):
    """A key with its text, `key`, which is shown this once."""

    key: str


class KeyPage(TypedDict):
    """Keys, the newest first. `next` is the cursor of the next page, null on the last."""

    items: list[Key]
    next: str | None


class AuditEntry(TypedDict):
    """What somebody did, or was refused: `subject` is the key, run or thread that it was done to, or the
    refusal's code. `key_id` is null of nobody, of the shared key and of a token."""

    id: int
    at: datetime
    key_id: str | None
    owner: str | None
    action: str
    subject: str
    address: str | None


class AuditPage(TypedDict):
    """The audit log, the newest first. `next` is the cursor of the next page, null on the last."""

    items: list[AuditEntry]
    next: int | None


@router.post("/keys", status_code=201, summary="Give a key")
async def create_key(
    services: ServicesOf, caller: MayAdmin, request: Request, body: NewKeyBody
) -> Json[NewKey]:
    """`key` is shown here and never again."""
    text, key = new_key(
        name=body.name,
        owner=body.owner,
        team=body.team,
        scopes=scopes_named(scopes=body.scopes, role=body.role),
        expires=time_named(body.expires),
        budget=body.budget,
        redact=services.filters.checked(body.redact or ""),
    )
    await services.gate.ring.give(text, key, caller, address_of(request))
    return Json({"key": text, **_key_view(key)}, 201, {"Cache-Control": "no-store"})


@router.get("/keys", summary="List keys, the newest first")
async def list_keys(
    services: ServicesOf,
    caller: MayAdmin,
    limit: Limit = 20,
    after: Annotated[str | None, Query(pattern=f"^{KEY_ID}$", description=AFTER)] = None,
) -> Json[KeyPage]:
    """Those that were revoked or have expired too. `used_at` may be a minute late."""
    found = await services.gate.ring.page(after=after, limit=limit + 1)
    more = found[limit - 1].key_id if len(found) > limit else None
    return Json({"items": [_key_view(key) for key in found[:limit]], "next": more})


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke a key")
async def revoke_key(services: ServicesOf, caller: MayAdmin, request: Request, key_id: str) -> Response:
    """At once, and for good. What it started goes on."""
    await services.gate.ring.revoke(key_id, caller, address_of(request))
    services.gate.credentials.forget(key_id)
    return Response(status_code=204)


@router.get("/audit", summary="Who gave, revoked, deleted and was refused, the newest first")
async def list_audit(
    services: ServicesOf,
    caller: MayAdmin,
    limit: Limit = 20,
    after: Annotated[int | None, Query(ge=1, le=2**62, description=AFTER)] = None,
) -> Json[AuditPage]:
    """Refusals are written once a minute, and only so many of them."""
    found = await services.gate.audit.page(after=after, limit=limit + 1)
    more = found[limit - 1][0] if len(found) > limit else None
    items = [_audit_view(row_id, row) for row_id, row in found[:limit]]
    return Json({"items": items, "next": more})


def _key_view(key: StoredKey) -> Key:
    return {
        "key_id": key.key_id,
        "hint": key.hint,
        "name": key.name,
        "owner": key.owner,
        "team": key.team,
        "scopes": [scope for scope in SCOPES if scope in key.scope_set],
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "used_at": key.used_at,
        "budget": key.budget,
        "redact": list(split_names(key.redact or "")),
    }


def _audit_view(row_id: int, row: AuditRow) -> AuditEntry:
    return {
        "id": row_id,
        "at": row.at,
        "key_id": row.key_id,
        "owner": row.owner,
        "action": row.action,
        "subject": row.subject,
        "address": row.address,
    }
