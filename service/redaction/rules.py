"""The rules by name: what each looks for.

They are written for a text that comes in pieces: each repetition is bounded or possessive, so that one look
takes time in proportion to the text, and each ends by what it takes, so that it is known early when it is
over. Formats of keys are those that their issuers publish for scanners of leaked secrets.
"""

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from .checks import IBAN_COUNTRIES, address_in, card_in, iban_in
from .rule import Check, Rule

_ALNUM = "[A-Za-z0-9]"
_DIGIT = "[0-9]"
_DIGIT_2, _DIGIT_3, _DIGIT_4 = (_DIGIT,) * 2, (_DIGIT,) * 3, (_DIGIT,) * 4
_URL64 = r"[A-Za-z0-9_-]"
_END = r"\Z"  # more may come


def _words(words: Iterable[str], not_after: str = "") -> str:
    """One of the words, or so much of one as fits before the text's end."""
    rests: dict[str, list[str]] = {}
    for word in filter(None, words):
        rests.setdefault(re.escape(word[0]), []).append(word[1:])
    begun = {first: f"(?:{_words(rest)}|{_END})" if any(rest) else "" for first, rest in rests.items()}
    return f"(?:{'|'.join(_first(first, not_after) + rest for first, rest in begun.items())})"


def _first(character: str, *not_after: str) -> str:
    """The character is looked at before what is before it, which takes longer."""
    return character + "".join(f"(?<!{before}{character})" for before in not_after if before)


def _in_turn(first: str, *rest: str) -> str:
    """All of these, or so many as fit before the text's end."""
    return f"(?:{first})(?:{_in_turn(*rest)}|{_END})" if rest else f"(?:{first})"


def _times(count: int, between: str, what: str) -> str:
    """So many, or as many as fit before the text's end."""
    each = f"(?:{between}{what})"
    return f"(?:{each}{{{count}}}|{each}{{0,{count - 1}}}+{between}{_END})"


def _any_of(words: str) -> str:
    return f"(?:{'|'.join(map(re.escape, words.split()))})"


_BEARER, _BASIC = "Bearer bearer", "Basic basic"
_AWS = "aws_secret_access_key AWS_SECRET_ACCESS_KEY SecretAccessKey"

# By how they begin, what follows. Each stands where no letter or digit is before it.
_KEYS = {
    "sk-": rf"{_URL64}{{20,}}+",  # OpenAI, Anthropic, OpenRouter, DeepSeek
    # Providers of models.
    "gsk_ xai- hf_ r8_ pplx- nvapi- fw_ tgp_v1_ csk-": rf"{_URL64}{{20,}}+",
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- npm_ pypi- dckr_pat_ dop_v1_": rf"{_URL64}{{20,}}+",
    "lsv2_": rf"[a-z]{{2}}_{_URL64}{{20,}}+",
    "rk_live_ rk_test_ sk_live_ sk_test_ whsec_ shpat_ shpca_ shppa_ shpss_": rf"{_URL64}{{16,}}+",
    "sq0atp- sq0csp- phc_ phx_": rf"{_URL64}{{16,}}+",
    "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-": rf"{_URL64}{{10,}}+",  # Slack
    "cs_": rf"{_URL64}{{40,}}+",  # this service's own
    "AIza": rf"{_URL64}{{35,}}+",  # Google
    "ya29. SG.": rf"{_URL64}{{16,}}+(?:\.{_URL64}{{16,}}+)?+",
    "AKIA ASIA ABIA ACCA": rf"[A-Z2-7]{{16}}(?!{_ALNUM})",  # AWS
    "eyJ": rf"{_URL64}{{8,}}+\.{_URL64}{{2,}}+\.{_URL64}*+",  # a JWT
    _BEARER: r" {1,4}(?=[A-Za-z._~+/-]{0,99}[0-9])[A-Za-z0-9._~+/=-]{16,}+",
    _BASIC: r" {1,4}(?=[A-Za-z+/]{0,99}[0-9=])[A-Za-z0-9+/=]{16,}+",
    _AWS: r"[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?[A-Za-z0-9/+]{40}",
}
_KEY = rf"(?<!{_ALNUM})(?:{'|'.join(_any_of(begins) + follows for begins, follows in _KEYS.items())})"
_KEY_BEGINS = "(?:{}{}|{}{}|{})".format(
    _words(" ".join(words for words in _KEYS if words not in (_BEARER, _BASIC, _AWS)).split(), _ALNUM),
    _times(8, "", _URL64),
    _words(f"{_BEARER} {_BASIC}".split(), _ALNUM),
    rf" {{0,4}}+{_times(16, '', '[A-Za-z0-9._~+/=-]')}",
    _words(_AWS.split(), _ALNUM),
)

_PEM_BODY = r"(?:[A-Za-z0-9+/=\s\\]|(?:Proc-Type|DEK-Info|Comment|Version):[^\r\n]{0,80})*+"
_PEM_REST = rf"{_PEM_BODY}(?:-----END [A-Z0-9 ]{{0,32}}-----)?+"
_PEM = rf"-----BEGIN [A-Z0-9 ]{{0,32}}PRIVATE KEY(?: BLOCK)?-----{_PEM_REST}"
_PEM_BEGINS = rf"{_words(['-----BEGIN '])}[A-Z0-9 ]{{0,49}}+(?:-|{_END})"

_ACCESS = r"://[^\s/:@\"'\\]{0,128}:[^\s/@\"'\\]++@"  # in an address
_ACCESS_BEGINS = rf"{_words(['://'])}[^\s/:@\"'\\]{{0,128}}+(?::(?:[^\s/@\"'\\]++(?:@|{_END})|{_END})|{_END})"

_LOCAL = r"[A-Za-z0-9._%+-]"  # as long as they come, not as RFC 5321 has them
_EMAIL = (
    rf"(?<!{_LOCAL}){_LOCAL}{{1,256}}+@"
    r"(?:(?!-)[\w-]{1,63}(?<!-)\.){1,8}(?!-)[\w-]{1,62}[^\W\d_](?!\w)"
)
_EMAIL_BEGINS = _in_turn(
    rf"{_first(_LOCAL, _LOCAL)}{_LOCAL}{{0,255}}+", "@", r"[^\s@.-][^\s@.]{0,62}+", r"\."
)

_CARD_REST = rf"(?:(?:[ -]?+{_DIGIT}){{12,18}}|{_DIGIT}{{3}}(?:\.{_DIGIT}{{4}}){{3}})(?!{_DIGIT})"
_CARD = rf"(?<![0-9+]|[0-9][.,])[2-68]{_CARD_REST}"
_CARD_BEGINS = rf"{_first('[2-68]', '[0-9+]', '[0-9][.,]')}(?:{{}})".format(
    "|".join(
        (
            rf"(?:[ -]?+{_DIGIT}){{0,17}}+[ -]?+{_END}|(?:[ -]?+{_DIGIT}){{18}}{_END}",
            rf"{_DIGIT}{{3}}(?:\.{_DIGIT}{{4}}){{0,2}}+(?:\.{_DIGIT}{{0,4}}+)?+{_END}",
            _CARD_REST,
        )
    )
)


def _in_any_case(words: str) -> str:
    """Of ASCII: `K` is no KELVIN SIGN."""
    return f"(?:{'|'.join(''.join(f'[{each}{each.lower()}]' for each in word) for word in words.split())})"


_IBANS = {_in_any_case(countries): length - 4 for length, countries in IBAN_COUNTRIES.items()}
_IBAN = rf"(?<!{_ALNUM})(?:{{}})(?!{_ALNUM})".format(
    "|".join(rf"{country}{_DIGIT}{{2}}(?:[ -]?+{_ALNUM}){{{rest}}}" for country, rest in _IBANS.items())
)
_IBAN_FIRST = "".join(sorted({country[0] for country in " ".join(IBAN_COUNTRIES.values()).split()}))
_IBAN_BEGINS = rf"(?=[A-Za-z])(?<!{_ALNUM})(?:[{_IBAN_FIRST}{_IBAN_FIRST.lower()}]{_END}|{{}})".format(
    "|".join(
        rf"{country}(?:{_DIGIT}(?:{_DIGIT}{_times(rest, '[ -]?+', _ALNUM)}(?!{_ALNUM})|{_END})|{_END})"
        for country, rest in _IBANS.items()
    )
)

_PHONE = (
    r"(?<![\w+]|[0-9][.,])(?:"
    rf"(?:\+|00)[1-9](?:[ ()./-]{{0,3}}+{_DIGIT}){{6,14}}"  # E.164, with what people write between
    rf"|\({_DIGIT}{{2,5}}\)[ -]?+{_DIGIT}{{3,4}}(?:[ .-]?+{_DIGIT}){{3,8}}"
    rf"|[2-9]{_DIGIT}{{2}}[.-]{_DIGIT}{{3}}[.-]{_DIGIT}{{4}}"  # North America
    rf"|[2-9]{_DIGIT}{{2}} {_DIGIT}{{3}}[ -]{_DIGIT}{{4}}"
    rf"|0[1-9]{_DIGIT}{{1,4}}[ /-]{_DIGIT}{{3,4}}(?:[ -]?+{_DIGIT}){{2,6}}"  # within a country
    r")(?![\w@])"
)
_PHONE_BEGINS = r"(?=[+(02-9])(?<![A-Za-z0-9_+])(?<![0-9][.,])(?:{})".format(
    "|".join(
        (
            rf"(?:\+|0(?:0|{_END}))(?:[1-9]{_times(6, '[ ()./-]{0,3}+', _DIGIT)}|{_END})",
            _in_turn(r"\(", *_DIGIT_2, f"{_DIGIT}{{0,3}}+", r"\)", "[ -]?+", *_DIGIT_3),
            _in_turn("[2-9]", *_DIGIT_2, "[ .-]", *_DIGIT_3, "[ .-]", *_DIGIT_4),
            _in_turn("0", "[1-9]", _DIGIT, f"{_DIGIT}{{0,3}}+", "[ /-]", *_DIGIT_3),
        )
    )
)

_IP = (
    rf"(?<![\w.:])(?:{_DIGIT}{{1,3}}(?:\.{_DIGIT}{{1,3}}){{3}}(?![\w:]|\.{_DIGIT})"
    r"|(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.])[0-9A-Fa-f:.]{3,45}(?![\w:.]))"
)
_HEX = "[0-9A-Fa-f]"
_IP_BEGINS = (
    rf"(?=[0-9A-Fa-f:])(?<![A-Za-z0-9_.:])(?:{_DIGIT}{{1,3}}+(?:\.{_DIGIT}|\.?{_END})"
    rf"|{_HEX}{{0,4}}+(?::{_HEX}{{0,4}}+(?::(?:[0-9A-Fa-f:.]|{_END})|{_END})|{_END}))"
)

_SSN = rf"(?<![\w-]){_DIGIT}{{3}}-{_DIGIT}{{2}}-{_DIGIT}{{4}}(?![\w-])"  # of the USA
_SSN_BEGINS = _in_turn(_first(_DIGIT, "[A-Za-z0-9_-]"), *_DIGIT_2, "-", *_DIGIT_2, "-", *_DIGIT_4)


def _rule(
    shown: str,
    pattern: str,
    begins: str,
    *,
    check: Check | None = None,
    tail: str = "",
    is_exact: bool = False,
) -> Rule:
    return Rule(
        name=shown,
        pattern=pattern,
        replace=lambda _: shown,
        check=check,
        tail=tail,
        begins=begins,
        is_exact=is_exact,
    )


RULES = MappingProxyType(
    {
        "secrets": [
            _rule("[secret]", _KEY, _KEY_BEGINS, tail=r"[A-Za-z0-9_.~+/=-]*+"),
            _rule("[secret]", _PEM, _PEM_BEGINS, tail=_PEM_REST),
            _rule("://[secret]@", _ACCESS, _ACCESS_BEGINS, tail=r"[^\s/@\"'\\]*+@?+"),
        ],
        "email": [_rule("[email]", _EMAIL, _EMAIL_BEGINS)],
        "card": [_rule("[card]", _CARD, _CARD_BEGINS, check=card_in, is_exact=True)],
        "iban": [_rule("[iban]", _IBAN, _IBAN_BEGINS, check=iban_in, is_exact=True)],
        "phone": [_rule("[phone]", _PHONE, _PHONE_BEGINS)],
        "ssn": [_rule("[ssn]", _SSN, _SSN_BEGINS)],
        "ip": [_rule("[ip]", _IP, _IP_BEGINS, check=address_in)],
    }
)  # in the order in which they are tried


def rules_named(names: Iterable[str]) -> Iterator[Rule]:
    """Those of the table with these names, in the table's order."""
    wanted = set(names)
    for name, rules in RULES.items():
        if name in wanted:
            yield from rules
