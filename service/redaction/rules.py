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
# As models like to write them, not those of ASCII alone. `_HYPHENS` is the last in a class: it ends with `-`.
_SPACES = " \u00a0\u2007\u2009\u202f"
_HYPHENS = "\u2010-\u2013-"
_GAP = f"[{_SPACES}{_HYPHENS}]"
_NOT_AFTER = f"{_ALNUM}|{_ALNUM}_"  # as `_` may be Markdown's; other letters are no part of a number either
_NOT_BEFORE = f"{_ALNUM}|_{_ALNUM}"


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
_AWS = "aws_secret_access_key AWS_SECRET_ACCESS_KEY SecretAccessKey secretAccessKey"

_LONG = rf"{_URL64}{{20,}}+"
# Where programs have names that begin so, of small words alone: `npm_config_allow_same_version` is no key.
_NO_NAME = rf"(?=(?:[a-z]{{0,19}}+[_-]++)*+(?:[a-z]{{20}}|[a-z]{{0,19}}+[A-Z0-9])){_LONG}"

# A JWT, also one that is encrypted: that has five parts (RFC 7516), of which the second may be empty.
_TOKEN = (
    rf"{_URL64}{{8,}}+\.(?:{_URL64}{{2,}}+\.{_URL64}*+(?:\.{_URL64}{{2,}}+\.{_URL64}{{16,}}+)?+"
    rf"|\.{_URL64}{{12,}}+\.{_URL64}{{2,}}+\.{_URL64}{{16,}}+)"
)

# By how they begin, what follows. Each stands where no letter or digit is before it.
_KEYS = {
    "sk-": _LONG,  # OpenAI, Anthropic, OpenRouter, DeepSeek
    # Providers of models.
    "xai- api_org_ r8_ pplx- nvapi- tgp_v1_ csk-": _LONG,
    "gsk_ hf_ fw_ npm_": _NO_NAME,
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ pypi- dckr_pat_ dop_v1_": _LONG,
    "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- gloas- glimt- glagent-": _LONG,  # GitLab
    "lsv2_": rf"[a-z]{{2}}_{_URL64}{{20,}}+",
    "rk_live_ rk_test_ sk_live_ sk_test_ whsec_ shpat_ shpca_ shppa_ shpss_": rf"{_URL64}{{16,}}+",
    "sq0atp- sq0csp- phc_ phx_": rf"{_URL64}{{16,}}+",
    "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-": rf"{_URL64}{{10,}}+",  # Slack
    "cs_": rf"{_URL64}{{40,}}+",  # this service's own
    "AIza": rf"{_URL64}{{35,}}+",  # Google
    "GOCSPX-": rf"{_URL64}{{20,}}+",
    "ya29. SG.": rf"{_URL64}{{16,}}+(?:\.{_URL64}{{16,}}+)?+",
    "AKIA ASIA ABIA ACCA": rf"[A-Z2-7]{{16}}(?!{_ALNUM})",  # AWS
    "eyJ": _TOKEN,
    _BEARER: r" {1,4}(?=[A-Za-z._~+/-]{0,99}[0-9])[A-Za-z0-9._~+/=-]{16,}+",
    _BASIC: r" {1,4}(?=[A-Za-z+/]{0,99}[0-9=])[A-Za-z0-9+/=]{16,}+",
    _AWS: r"[\\\"']{0,2}[ \t]{0,9}[:=>][ \t]{0,9}[\\\"']{0,2}[A-Za-z0-9/+]{40}",
}
_KEY = rf"(?<!{_ALNUM})(?:{'|'.join(_any_of(begins) + follows for begins, follows in _KEYS.items())})"
_KEY_BEGINS = "(?:{}{}|{}{}|{})".format(
    _words(" ".join(words for words in _KEYS if words not in (_BEARER, _BASIC, _AWS)).split(), _ALNUM),
    _times(8, "", _URL64),
    _words(f"{_BEARER} {_BASIC}".split(), _ALNUM),
    rf" {{0,4}}+{_times(16, '', '[A-Za-z0-9._~+/=-]')}",
    _words(_AWS.split(), _ALNUM),
)

# Its lines may be quoted, by `>` or as strings of a program, one below the other.
_STRING_ENDS = r"[\"'][ \t]{0,9}[+,\\]?[ \t]{0,9}\r?\n"
_PEM_BODY = (
    r"(?:(?:Proc-Type|DEK-Info|Comment|Version|MessageID|Charset|Hash):"
    rf"(?:[^\r\n\\\"']|(?!{_STRING_ENDS})[\"']){{0,80}}+"
    rf"|\n[ \t]{{0,9}}[>|#*]{{1,3}}|{_STRING_ENDS}[ \t]{{0,40}}[\"']|[A-Za-z0-9+/=\s\\])*+"
)
_PEM_END = r"(?:-----END [A-Z0-9 ]{0,32}-----)?+"
_PEM = rf"-----BEGIN [A-Z0-9 ]{{0,32}}PRIVATE KEY(?: BLOCK)?-----{_PEM_BODY}{_PEM_END}"
_PEM_REST = rf"[A-Za-z0-9+/=\s\\>|#*\"',]*+{_PEM_END}"  # the bound may be in the middle of two lines
_PEM_BEGINS = rf"{_words(['-----BEGIN '])}[A-Z0-9 ]{{0,49}}+(?:-|{_END})"

# In an address; a name or a password may have an `@` that should have been spelled `%40`.
_ACCESS = r"://[^\s/:\"'\\]{0,128}:(?:[^\s/@\"'\\]++@)++"
_ACCESS_BEGINS = rf"{_words(['://'])}[^\s/:\"'\\]{{0,128}}+(?::(?:[^\s/@\"'\\]++(?:@|{_END})|{_END})|{_END})"

_LOCAL = r"[A-Za-z0-9._%+-]"  # as long as they come, not as RFC 5321 has them
_EMAIL = (
    rf"(?<!{_LOCAL}){_LOCAL}{{1,256}}+@"
    r"(?:(?!-)[\w-]{1,63}(?<!-)\.){1,8}(?!-)[\w-]{1,62}[^\W\d_](?![^\W_])"
)
_EMAIL_BEGINS = _in_turn(
    rf"{_first(_LOCAL, _LOCAL)}{_LOCAL}{{0,255}}+", "@", r"[^\s@.-][^\s@.]{0,62}+", r"\."
)

_CARD_REST = rf"(?:(?:{_GAP}?+{_DIGIT}){{12,18}}|{_DIGIT}{{3}}(?:\.{_DIGIT}{{4}}){{3}})(?!{_DIGIT})"
_CARD = rf"(?<![0-9+]|[0-9][.,])[2-68]{_CARD_REST}"
_CARD_BEGINS = rf"{_first('[2-68]', '[0-9+]', '[0-9][.,]')}(?:{{}})".format(
    "|".join(
        (
            rf"(?:{_GAP}?+{_DIGIT}){{0,17}}+{_GAP}?+{_END}|(?:{_GAP}?+{_DIGIT}){{18}}{_END}",
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
    "|".join(rf"{country}{_DIGIT}{{2}}(?:{_GAP}?+{_ALNUM}){{{rest}}}" for country, rest in _IBANS.items())
)
_IBAN_FIRST = "".join(sorted({country[0] for country in " ".join(IBAN_COUNTRIES.values()).split()}))
_IBAN_BEGINS = rf"(?=[A-Za-z])(?<!{_ALNUM})(?:[{_IBAN_FIRST}{_IBAN_FIRST.lower()}]{_END}|{{}})".format(
    "|".join(
        rf"{country}(?:{_DIGIT}(?:{_DIGIT}{_times(rest, f'{_GAP}?+', _ALNUM)}(?!{_ALNUM})|{_END})|{_END})"
        for country, rest in _IBANS.items()
    )
)

_IN_PHONE = f"[{_SPACES}()./{_HYPHENS}]{{0,3}}+"
_PHONE = (
    rf"(?<!{_NOT_AFTER}|\+|[0-9][.,])(?:"
    # E.164, with what people write between. No area code after +1 begins with 0 or 1; bits do.
    rf"(?:\+|00)(?!1{_IN_PHONE}[01])[1-9](?:{_IN_PHONE}{_DIGIT}){{6,14}}"
    rf"|\({_DIGIT}{{2,5}}\){_GAP}?+{_DIGIT}{{3,4}}(?:[.{_SPACES}{_HYPHENS}]?+{_DIGIT}){{3,8}}"
    rf"|[2-9]{_DIGIT}{{2}}[.{_HYPHENS}]{_DIGIT}{{3}}[.{_HYPHENS}]{_DIGIT}{{4}}"  # North America
    rf"|[2-9]{_DIGIT}{{2}}[{_SPACES}]{_DIGIT}{{3}}{_GAP}{_DIGIT}{{4}}"
    # France; where another number of two digits is beside it, it is a list of them.
    rf"|(?<!(?<![0-9])[0-9]{{2}}{_GAP})0[1-9](?:[.{_SPACES}{_HYPHENS}]{_DIGIT}{{2}}){{4}}"
    rf"(?![.{_SPACES}{_HYPHENS}][0-9]{{2}}(?![0-9]))"
    rf"|0[1-9][/{_SPACES}{_HYPHENS}]{_DIGIT}{{3,4}}{_GAP}{_DIGIT}{{3,4}}(?:{_GAP}?+{_DIGIT}){{0,2}}"
    rf"|0[1-9]{_DIGIT}{{1,4}}[/{_SPACES}{_HYPHENS}]{_DIGIT}{{3,4}}(?:{_GAP}?+{_DIGIT}){{2,6}}"
    rf")(?!{_NOT_BEFORE}|@)"
)
_PHONE_BEGINS = r"(?=[+(02-9])(?<![A-Za-z0-9+])(?<![0-9][.,])(?:{})".format(
    "|".join(
        (
            rf"(?:\+|0(?:0|{_END}))(?:[1-9]{_times(6, _IN_PHONE, _DIGIT)}|{_END})",
            _in_turn(r"\(", *_DIGIT_2, f"{_DIGIT}{{0,3}}+", r"\)", f"{_GAP}?+", *_DIGIT_3),
            _in_turn("[2-9]", *_DIGIT_2, f"[.{_SPACES}{_HYPHENS}]", *_DIGIT_3, "[^0-9]", *_DIGIT_4),
            _in_turn("0", "[1-9]", f"{_DIGIT}{{0,4}}+", f"[./{_SPACES}{_HYPHENS}]", *_DIGIT_2),
        )
    )
)

# With a port behind it or a name before it, too: `host:10.0.0.1:80`.
_HEX = "[0-9A-Fa-f]"
_IP = (
    rf"(?:(?<!{_NOT_AFTER}|\.){_DIGIT}{{1,3}}(?:\.{_DIGIT}{{1,3}}){{3}}(?!{_NOT_BEFORE}|\.{_DIGIT})"
    rf"|(?:(?<![A-Za-z0-9_.:])|(?<=[G-Zg-z]:))(?={_HEX}{{0,4}}:{_HEX}{{0,4}}:[0-9A-Fa-f:.])"
    r"[0-9A-Fa-f:.]{3,45}(?![A-Za-z0-9_:.]))"
)
_IP_BEGINS = (
    rf"(?=[0-9A-Fa-f:])(?<![A-Za-z0-9.])(?:{_DIGIT}{{1,3}}+(?:\.{_DIGIT}|\.?{_END})"
    rf"|{_HEX}{{0,4}}+(?::{_HEX}{{0,4}}+(?::(?:[0-9A-Fa-f:.]|{_END})|{_END})|{_END}))"
)

_SSN = (  # of the USA
    rf"(?<!{_NOT_AFTER}|-){_DIGIT}{{3}}[{_HYPHENS}]{_DIGIT}{{2}}[{_HYPHENS}]{_DIGIT}{{4}}(?!{_NOT_BEFORE}|-)"
)
_SSN_BEGINS = _in_turn(
    _first(_DIGIT, "[A-Za-z0-9-]"), *_DIGIT_2, f"[{_HYPHENS}]", *_DIGIT_2, f"[{_HYPHENS}]", *_DIGIT_4
)


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
