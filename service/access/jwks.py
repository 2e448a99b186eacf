"""The public keys of whoever issues JWTs: its JWKS, fetched anew in time and for a key that is new.

A JWKS is fetched at most once in REFETCH_SECONDS, whatever key ids are shown; while it cannot be had, the
keys that are known stay good for STALE_SECONDS.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import jwt
import orjson

from ..errors import Overloaded

logger = logging.getLogger(__name__)

KEPT_SECONDS = 600
STALE_SECONDS = 86_400
REFETCH_SECONDS = 10
TIMEOUT = 5.0
MAX_BYTES = 262_144
ALGORITHMS = ("RS256", "ES256")


class Jwks:
    """The keys by their ids. `open_jwks` makes one."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self._url = url
        self._client = client
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = -float("inf")
        self._tried = -float("inf")
        self._one_at_a_time = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of this id. Raises Overloaded where none are known, and they cannot be had."""
        if key_id in self._keys and self._age() < KEPT_SECONDS:
            return self._keys[key_id]
        await self._fetch_once()
        if self._age() > STALE_SECONDS:
            message = "The keys of whoever issued this token cannot be had now (JWT_JWKS_URL)."
            raise Overloaded("issuer_unavailable", message, retry_after=REFETCH_SECONDS, busy=True)
        return self._keys.get(key_id)

    def _age(self) -> float:
        return time.monotonic() - self._fetched

    async def _fetch_once(self) -> None:
        """Those who ask meanwhile wait for the same fetch."""
        async with self._one_at_a_time:
            if time.monotonic() - self._tried < REFETCH_SECONDS:
                return
            self._tried = time.monotonic()
            try:
                self._keys = _keys_in(await self._body())
                self._fetched = time.monotonic()
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, jwt.PyJWTError) as error:
                logger.warning("The keys at JWT_JWKS_URL cannot be had: %s", error)

    async def _body(self) -> bytes:
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"they are over {MAX_BYTES} bytes")
        return body


@asynccontextmanager
async def open_jwks(url: str) -> AsyncIterator[Jwks]:
    """Asks nobody yet."""
    async with httpx2.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client:
        yield Jwks(url, client)


def _keys_in(body: bytes) -> dict[str, jwt.PyJWK]:
    """Those that sign, by algorithms that we take. Raises ValueError for what is no JWKS."""
    document = orjson.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is no JWKS")
    return {key.key_id: key for each in listed if (key := _key_in(each)) and key.key_id is not None}


def _key_in(each: object) -> jwt.PyJWK | None:
    if not isinstance(each, dict) or each.get("use", "sig") != "sig" or not isinstance(each.get("kid"), str):
        return None
    try:
        key = jwt.PyJWK(each)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None  # of a kind that is not ours to read
    return key if key.algorithm_name in ALGORITHMS else None
