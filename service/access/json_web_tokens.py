"""JWTs as keys: whose they are, and what they may do (RFC 7519; the algorithms are pinned, RFC 8725 §3.1)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt

from ..errors import Unauthorized
from .caller import ROLES, Caller, Scope
from .jwks import ALGORITHMS, Jwks, open_jwks
from .keys import is_name

LEEWAY = 10  # seconds that two clocks may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtRules:
    """What a token has to be; empty is off. `audience` and `issuer` are asked for where they are given."""

    secret: str = ""
    jwks_url: str = ""
    audience: str = ""
    issuer: str = ""
    role_claim: str = "role"
    team_claim: str = "team"

    @property
    def is_on(self) -> bool:
        return bool(self.secret or self.jwks_url)


class JsonWebTokens:
    """Reads tokens by the rules; `open_json_web_tokens` makes one."""

    def __init__(self, rules: JwtRules, jwks: Jwks | None) -> None:
        self._rules = rules
        self._jwks = jwks

    async def caller(self, token: str) -> tuple[Caller, float]:
        """Who has this token, and when it expires, as a Unix time.

        Raises Unauthorized, which says what is wrong, and Overloaded where the issuer's keys cannot be had.
        """
        try:
            claims = await self._claims(token)
            expires = float(claims["exp"])
        except jwt.ExpiredSignatureError:
            raise _wrong("it has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _wrong(str(error)) from None
        return self._caller_of(claims), expires

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        key: str | jwt.PyJWK
        if algorithm == "HS256" and self._rules.secret:
            key = self._rules.secret
        elif algorithm in ALGORITHMS and self._jwks is not None:
            key = await self._published(self._jwks, header.get("kid"), algorithm)
        else:
            raise ValueError("it is signed by an algorithm that is not taken here")
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self._rules.audience or None,
            issuer=self._rules.issuer or None,
            leeway=LEEWAY,
            options={"require": ["exp", "sub"], "verify_aud": bool(self._rules.audience)},
        )

    async def _published(self, jwks: Jwks, key_id: object, algorithm: str) -> jwt.PyJWK:
        key = await jwks.find(key_id) if isinstance(key_id, str) else None
        if key is None or key.algorithm_name != algorithm:
            raise ValueError("it is signed with a key that its issuer does not publish")
        return key

    def _caller_of(self, claims: Mapping[str, Any]) -> Caller:
        owner, team = claims["sub"], claims.get(self._rules.team_claim)
        if not owner or not is_name(owner):
            raise _wrong("its `sub` is not a name of 1 to 64 characters")
        if team is not None and not is_name(team):
            raise _wrong(f"its `{self._rules.team_claim}` is not a name of at most 64 characters")
        return Caller(owner=owner, team=team or None, scopes=_scopes_in(claims.get(self._rules.role_claim)))


@asynccontextmanager
async def open_json_web_tokens(rules: JwtRules) -> AsyncIterator[JsonWebTokens]:
    if not rules.jwks_url:
        yield JsonWebTokens(rules, None)
        return
    async with open_jwks(rules.jwks_url) as jwks:
        yield JsonWebTokens(rules, jwks)


def _scopes_in(roles: object) -> frozenset[Scope]:
    """Of a role's name or several; a role that is not ours gives nothing."""
    names = [roles] if isinstance(roles, str) else roles if isinstance(roles, list) else []
    empty: frozenset[Scope] = frozenset()
    return empty.union(*(ROLES[name] for name in names if isinstance(name, str) and name in ROLES))


def _wrong(why: str) -> Unauthorized:
    return Unauthorized("wrong_token", f"This token is not taken: {why.rstrip('.')}.")
