"""Who shows what: the shared key, keys of the database, JWTs and tokens for one run, told apart and checked.

What was found good is remembered, by its digest, for FRESH_SECONDS, so that a request costs a look into
memory. A key that is revoked here is forgotten at once. While the database is away, keys that were good
before stay so.
"""

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import Overloaded, Unauthorized
from . import keys, run_tokens
from .caller import Caller
from .json_web_tokens import JsonWebTokens
from .key_ring import KeyRing
from .keys import digest_of
from .run_tokens import RunTokens

FRESH_SECONDS = 5.0
KEPT = 10_000  # credentials; over it, the one that was looked up longest ago goes

WRONG_KEY = "This key is not known here, or it was revoked or has expired."


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    expires: float  # Unix time
    fresh_until: float  # monotonic


class Credentials:
    """`shared_key` empty is none; `tokens` reads JWTs, or is None."""

    def __init__(
        self, shared_key: str, ring: KeyRing, tokens: JsonWebTokens | None, run_tokens: RunTokens
    ) -> None:
        self._shared_digest = digest_of(shared_key) if shared_key else None
        self._ring = ring
        self._tokens = tokens
        self._run_tokens = run_tokens
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._revocations = 0

    @property
    def is_on(self) -> bool:
        """Whether there is a key to show: else nobody is asked for one."""
        return self._shared_digest is not None or self._tokens is not None or not self._ring.is_empty

    async def caller(self, shown: str) -> Caller:
        """Who shows this. Raises Unauthorized, and Overloaded where what knows it cannot be asked."""
        digest = digest_of(shown)
        if self._shared_digest is not None and hmac.compare_digest(digest, self._shared_digest):
            return Caller()
        if shown.startswith(run_tokens.PREFIX):
            return self._of_run_token(shown)
        known = self._known.get(digest)
        if known is None or time.monotonic() >= known.fresh_until or time.time() >= known.expires:
            known = await self._look_up(shown, digest)
        if known.caller.key_id is not None:
            self._ring.use(known.caller.key_id)
        return known.caller

    def forget(self, key_id: str) -> None:
        """The key was revoked."""
        self._revocations += 1
        for digest in [digest for digest, known in self._known.items() if known.caller.key_id == key_id]:
            del self._known[digest]

    def _of_run_token(self, shown: str) -> Caller:
        if caller := self._run_tokens.caller(shown):
            return caller
        raise Unauthorized("wrong_token", "This token is not taken: it has ended, or is not ours.")

    async def _look_up(self, shown: str, digest: bytes) -> _Known:
        revocations = self._revocations
        try:
            caller, expires = await self._checked(shown, digest)
        except Overloaded:
            before = self._known.get(digest)
            if before is None or time.time() >= before.expires:
                raise
            caller, expires = before.caller, before.expires
        except Unauthorized:
            self._known.pop(digest, None)
            raise
        known = _Known(caller, expires, time.monotonic() + FRESH_SECONDS)
        if revocations == self._revocations:  # else it may be this key that was revoked meanwhile
            self._remember(digest, known)
        return known

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._known.pop(digest, None)
        self._known[digest] = known  # as the newest
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    async def _checked(self, shown: str, digest: bytes) -> tuple[Caller, float]:
        if self._tokens is not None and shown.count(".") == 2:
            return await self._tokens.caller(shown)
        key = await self._ring.find(digest) if shown.startswith(keys.PREFIX) else None
        if key is None or not key.is_valid(datetime.now(UTC)):
            raise Unauthorized("wrong_key", WRONG_KEY)
        return key.caller(), key.expires_at.timestamp() if key.expires_at else float("inf")
