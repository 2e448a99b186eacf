"""All of access for a service, opened together: credentials, their keys and tokens, the audit log."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..database import Database
from . import store
from .audit import Audit, open_audit
from .credentials import Credentials
from .json_web_tokens import JwtRules, open_json_web_tokens
from .kept import Kept
from .key_ring import KeyRing, open_key_ring
from .run_tokens import RunTokens

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Who gets in. `open_to_all`: without any key to show, from other machines too."""

    credentials: Credentials
    ring: KeyRing
    audit: Audit
    run_tokens: RunTokens
    open_to_all: bool


@asynccontextmanager
async def open_gate(
    database: Database,
    *,
    shared_key: str,
    jwt_rules: JwtRules,
    token_lifetime: float,
    open_to_all: bool,
) -> AsyncIterator[Gate]:
    """`token_lifetime` is that of tokens for one run, in seconds."""
    kept = Kept(database)
    secret = await kept.write(
        lambda connection: store.keep_secret(connection, "tokens", secrets.token_bytes(SECRET_BYTES))
    )
    run_tokens = RunTokens(secret, token_lifetime)
    async with (
        open_audit(kept) as audit,
        open_key_ring(kept) as ring,
        open_json_web_tokens(jwt_rules) as json_web_tokens,
    ):
        tokens = json_web_tokens if jwt_rules.is_on else None
        yield Gate(
            credentials=Credentials(shared_key, ring, tokens, run_tokens),
            ring=ring,
            audit=audit,
            run_tokens=run_tokens,
            open_to_all=open_to_all,
        )
