"""The rules by name: what each looks for.

They are written for a text that comes in pieces: each repetition is bounded or possessive, so that one look
takes time in proportion to the text, and each ends by what it takes, so that it is known early when it is
over. Formats of keys are those that their issuers publish for scanners of leaked secrets.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from .checks import address_in, card_in, iban_in
from .rule import Check, Rule

_ALNUM = "[A-Za-z0-9]"
_URL64 = r"[A-Za-z0-9_-]"
_PEM_BODY = r"(?:[A-Za-z0-9+/=\s\\]|(?:Proc-Type|DEK-Info|Comment|Version):[^\r\n]{0,80})*+"
_PEM = rf"{_PEM_BODY}(?:-----END [A-Z0-9 ]{{0,32}}-----)?+"

# Each stands where no letter or digit is before it.
_KEYS = (
    rf"sk-{_URL64}{{20,}}+",  # OpenAI, Anthropic, OpenRouter, DeepSeek
    rf"(?:gsk_|xai-|hf_|r8_|pplx-|nvapi-|fw_|tgp_v1_|csk-){_URL64}{{20,}}+",  # providers of models
    rf"(?:gh[pousr]_|github_pat_|glpat-|gldt-|npm_|pypi-|dckr_pat_|dop_v1_|lsv2_[a-z]{{2}}_){_URL64}{{20,}}+",
    rf"(?:[rs]k_(?:live|test)_|whsec_|shp(?:at|ca|pa|ss)_|sq0(?:atp|csp)-|phc_|phx_){_URL64}{{16,}}+",
    rf"(?:xox[abeoprs]-|xapp-){_URL64}{{10,}}+",  # Slack
    rf"cs_{_URL64}{{40,}}+",  # this service's own
    rf"AIza{_URL64}{{35,}}+",  # Google
    rf"(?:ya29\.|SG\.){_URL64}{{16,}}+(?:\.{_URL64}{{16,}}+)?+",
    rf"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{{16}}(?!{_ALNUM})",  # AWS
    rf"eyJ{_URL64}{{8,}}+\.{_URL64}{{2,}}+\.{_URL64}*+",  # a JWT
    r"[Bb]earer {1,4}(?=[A-Za-z._~+/-]{0,99}[0-9])[A-Za-z0-9._~+/=-]{16,}+",
    r"[Bb]asic {1,4}(?=[A-Za-z+/]{0,99}[0-9=])[A-Za-z0-9+/=]{16,}+",
    r"(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)"
    r"[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?[A-Za-z0-9/+]{40}",
)
_SECRETS = (
    rf"(?<!{_ALNUM})(?:{'|'.join(_KEYS)})",
    rf"-----BEGIN [A-Z0-9 ]{{0,32}}PRIVATE KEY(?: BLOCK)?-----{_PEM}",
    r"://[^\s/:@\"'\\]{0,128}:[^\s/@\"'\\]++@",  # a password in an address
)
_TAILS = (r"[A-Za-z0-9_.~+/=-]*+", _PEM, r"[^\s/@\"'\\]*+@?+")

_LOCAL = r"[A-Za-z0-9._%+-]"  # as long as they come, not as RFC 5321 has them
_EMAIL = (
    rf"(?<!{_LOCAL}){_LOCAL}{{1,256}}+@"
    r"(?:(?!-)[\w-]{1,63}(?<!-)\.){1,8}(?!-)[\w-]{1,62}[^\W\d_](?!\w)"
)
_DIGIT = "[0-9]"
_PHONE = (
    r"(?<![\w+]|[0-9][.,])(?:"
    rf"(?:\+|00)[1-9](?:[ ()./-]{{0,3}}{_DIGIT}){{6,14}}"  # E.164, with what people write between
    rf"|\({_DIGIT}{{2,5}}\)[ -]?{_DIGIT}{{3,4}}(?:[ .-]?{_DIGIT}){{3,8}}"
    rf"|[2-9]{_DIGIT}{{2}}[.-]{_DIGIT}{{3}}[.-]{_DIGIT}{{4}}"  # North America
    rf"|[2-9]{_DIGIT}{{2}} {_DIGIT}{{3}}[ -]{_DIGIT}{{4}}"
    rf"|0[1-9]{_DIGIT}{{1,4}}[ /-]{_DIGIT}{{3,4}}(?:[ -]?{_DIGIT}){{2,6}}"  # within a country
    r")(?![\w@])"
)
_CARD = (
    r"(?<![0-9+]|[0-9][.,])[2-68]"
    rf"(?:(?:[ -]?{_DIGIT}){{12,18}}|{_DIGIT}{{3}}(?:\.{_DIGIT}{{4}}){{3}})(?!{_DIGIT})"
)
_IBAN = rf"(?<!{_ALNUM})[A-Za-z]{{2}}{_DIGIT}{{2}}(?:[ -]?{_ALNUM}){{11,29}}"
_IP = (
    rf"(?<![\w.:])(?:{_DIGIT}{{1,3}}(?:\.{_DIGIT}{{1,3}}){{3}}(?![\w:]|\.{_DIGIT})"
    r"|(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.])[0-9A-Fa-f:.]{3,45}(?![\w:.]))"
)
_SSN = rf"(?<![\w-]){_DIGIT}{{3}}-{_DIGIT}{{2}}-{_DIGIT}{{4}}(?![\w-])"  # of the USA


def _shown_as(
    shown: str, *patterns: str, check: Check | None = None, tails: Iterable[str] = ()
) -> list[Rule]:
    tails = (*tails, *("" for _ in patterns))
    return [
        Rule(
            name=shown,
            pattern=pattern,
            replace=lambda _: shown,
            check=check,
            tail=tail,
            trusted=True,
        )
        for pattern, tail in zip(patterns, tails, strict=False)
    ]


RULES = MappingProxyType(
    {
        "secrets": [
            *_shown_as("[secret]", *_SECRETS[:2], tails=_TAILS),
            *_shown_as("://[secret]@", _SECRETS[2], tails=_TAILS[2:]),
        ],
        "email": _shown_as("[email]", _EMAIL),
        "card": _shown_as("[card]", _CARD, check=card_in),
        "iban": _shown_as("[iban]", _IBAN, check=iban_in),
        "phone": _shown_as("[phone]", _PHONE),
        "ssn": _shown_as("[ssn]", _SSN),
        "ip": _shown_as("[ip]", _IP, check=address_in),
    }
)  # in the order in which they are tried


def rules_named(names: Iterable[str]) -> Iterator[Rule]:
    """Those of the table with these names, in the table's order."""
    wanted = set(names)
    for name, rules in RULES.items():
        if name in wanted:
            yield from rules
