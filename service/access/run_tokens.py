"""Tokens for one run: to read it, where no header can be sent. Each says all that there is to know of it.

`rt_<run id>.<when it expires, in hex>.<HMAC-SHA256>`: nothing is kept of a token, so it needs no database,
and it holds for every process that has the secret. It cannot be revoked; it ends by itself.
"""

import base64
import hashlib
import hmac
import re
import time

from .caller import Caller

PREFIX = "rt_"
_TOKEN = re.compile(r"(rt_([0-9a-z]{26})\.([0-9a-f]{8,12}))\.([\w-]{43})", re.ASCII)


class RunTokens:
    """Makes and reads them. `secret` is that of the database; `lifetime` is in seconds."""

    def __init__(self, secret: bytes, lifetime: float) -> None:
        self._secret = hmac.digest(secret, b"run tokens", hashlib.sha256)
        self._lifetime = lifetime

    def make(self, run_id: str) -> tuple[str, float]:
        """A token for this run, and when it expires, as a Unix time."""
        expires = int(time.time() + self._lifetime)
        said = f"{PREFIX}{run_id}.{expires:08x}"
        return f"{said}.{self._sign(said)}", expires

    def caller(self, token: str) -> Caller | None:
        """Who has this token, or None where it is no good."""
        found = _TOKEN.fullmatch(token)
        if found is None or not hmac.compare_digest(self._sign(found[1]), found[4]):
            return None
        if int(found[3], 16) <= time.time():
            return None
        return Caller(scopes=frozenset({"read"}), run_id=found[2])

    def _sign(self, said: str) -> str:
        signature = hmac.digest(self._secret, said.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
