"""JWTs: whose they are and what they may do, and the many ways in which one is not taken."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.access import jwks as jwks_module
from service.access.caller import Caller
from service.access.json_web_tokens import JwtRules, open_json_web_tokens
from service.errors import Overloaded, Unauthorized
from service.settings import Settings
from tests.access.issuer import Issuer, issuing
from tests.access.secured import SECRET, signed, unsigned

pytestmark = pytest.mark.anyio

SHARED_SECRET = JwtRules(secret=SECRET)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def claims(**others: Any) -> dict[str, Any]:
    return {"sub": "jane", "role": "member", "exp": int(time.time()) + 60, **others}


async def read(token: str, rules: JwtRules = SHARED_SECRET) -> Caller:
    async with open_json_web_tokens(rules) as tokens:
        return (await tokens.caller(token))[0]


async def refusal(token: str, rules: JwtRules = SHARED_SECRET) -> str:
    with pytest.raises(Unauthorized) as error:
        await read(token, rules)
    assert error.value.code == "wrong_token"
    return error.value.message


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("admin", {"run", "read", "metrics", "admin"}),
        ("member", {"run", "read"}),
        ("viewer", {"read"}),
        (["viewer", "member"], {"run", "read"}),
        (["stranger", 7, None], set()),
        ("Admin", set()),
        ({"admin": True}, set()),
        (None, set()),
    ],
)
async def test_roles_are_scopes_and_others_are_none(role: object, scopes: set[str]) -> None:
    assert (await read(signed(role=role))).scopes == scopes


async def test_claims_have_the_names_that_the_settings_give_them() -> None:
    rules = JwtRules(secret=SECRET, role_claim="https://x.example/roles", team_claim="org")
    caller = await read(signed(**{"https://x.example/roles": ["admin"], "org": "red", "team": "blue"}), rules)
    assert (caller.owner, caller.team, "admin" in caller.scopes) == ("jane", "red", True)


@pytest.mark.parametrize(
    "token",
    [
        unsigned(),
        signed("another secret, of 32 bytes or more"),
        signed(exp=None),
        signed(exp=1_000_000_000),
        signed(nbf=4_000_000_000),
        signed(sub=None),
        signed(sub=""),
        signed(sub="x" * 65),
        signed(sub="a\x00b"),
        signed(team=["red"]),
        signed(team="\n"),
        signed(SECRET + SECRET, "HS512"),
        signed(SECRET, "HS384"),
        signed()[:-2],
        "..",
        "a.b.c",
        "é.é.é",
    ],
    ids=count(),  # tokens tell the time
)
async def test_a_token_that_is_not_good_in_any_way_is_refused(token: str) -> None:
    assert token not in await refusal(token)


@pytest.mark.parametrize("exp", ["soon", 1e400, True, [], {"a": 1}, 10**400])
async def test_an_end_that_is_no_time_is_refused(exp: object) -> None:
    header, _, signature = signed().split(".")
    try:
        token = signed(exp=exp)
    except (TypeError, ValueError, OverflowError):
        token = f"{header}.e30.{signature}"
    await refusal(token)


async def test_audience_and_issuer_are_asked_for_where_they_are_set() -> None:
    rules = JwtRules(secret=SECRET, audience="chainstream", issuer="https://id.example")
    good = {"aud": ["other", "chainstream"], "iss": "https://id.example"}
    assert (await read(signed(**good), rules)).owner == "jane"
    for wrong in ({"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}):
        await refusal(signed(**good | wrong), rules)
    assert (await read(signed(**good))).owner == "jane"  # where none is set, any


async def test_published_keys_are_fetched_once_for_rs256_and_es256(issuer: Issuer) -> None:
    rules = JwtRules(jwks_url=issuer.url)
    async with open_json_web_tokens(rules) as tokens:
        for algorithm, kid in (("RS256", "r1"), ("ES256", "e1"), ("RS256", "r1")):
            caller, expires = await tokens.caller(issuer.sign(algorithm, kid, **claims()))
            assert caller.owner == "jane" and expires > time.time()
    assert issuer.asked == 1


async def test_a_public_key_is_no_secret(issuer: Issuer) -> None:
    """Signed by HS256 with the key that all can read, as libraries once took it."""
    public = issuer.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = forge_hs256(public, claims())
    for rules in (JwtRules(jwks_url=issuer.url), JwtRules(jwks_url=issuer.url, secret=SECRET)):
        await refusal(forged, rules)


def forge_hs256(key: bytes, told: dict[str, Any]) -> str:
    """PyJWT itself refuses to sign so."""
    import hashlib
    import hmac

    unsigned_part = jwt.encode(told, "x" * 32, "HS256", headers={"kid": "r1"}).rpartition(".")[0]
    signature = hmac.digest(key, unsigned_part.encode(), hashlib.sha256)
    return f"{unsigned_part}.{jwt.utils.base64url_encode(signature).decode()}"


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [("RS256", "e1"), ("ES256", "r1"), ("RS512", "r1"), ("RS256", None), ("RS256", "nope")],
)
async def test_a_key_is_used_for_its_own_algorithm_alone(
    issuer: Issuer, algorithm: str, kid: str | None
) -> None:
    await refusal(issuer.sign(algorithm, kid, **claims()), JwtRules(jwks_url=issuer.url))


async def test_a_new_key_is_fetched_and_guessed_ids_do_not_make_us_ask_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_json_web_tokens(JwtRules(jwks_url=issuer.url)) as tokens:
        await tokens.caller(issuer.sign("RS256", "r1", **claims()))
        issuer.published.append(issuer.published[0] | {"kid": "r2"})
        new = issuer.sign("RS256", "r2", **claims())
        for kid in ("r2", *(f"guess{number}" for number in range(50))):
            with pytest.raises(Unauthorized):
                await tokens.caller(issuer.sign("RS256", kid, **claims()))
        assert issuer.asked == 1
        monkeypatch.setattr(jwks_module, "REFETCH_SECONDS", 0)
        assert (await tokens.caller(new))[0].owner == "jane"
        assert issuer.asked == 2


async def test_known_keys_stay_good_while_their_issuer_is_down(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_module, "REFETCH_SECONDS", 0)
    monkeypatch.setattr(jwks_module, "KEPT_SECONDS", 0)
    token = issuer.sign("RS256", "r1", **claims())
    async with open_json_web_tokens(JwtRules(jwks_url=issuer.url)) as tokens:
        await tokens.caller(token)
        issuer.is_down = True
        assert (await tokens.caller(token))[0].owner == "jane"
        monkeypatch.setattr(jwks_module, "STALE_SECONDS", -1)
        with pytest.raises(Overloaded):
            await tokens.caller(token)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("jwt_secret", "short"), ("jwt_jwks_url", "http://id.example/jwks"), ("jwt_role_claim", "")],
)
def test_settings_that_would_let_anybody_in_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=setting):
        Settings(_env_file=None, **{setting: value})  # type: ignore[arg-type]  # a setting by its name
