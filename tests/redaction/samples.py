"""Things that rules look for, made by chance, and texts around them that look alike and are none."""

import random
import string
from collections.abc import Callable, Sequence

from service.redaction.filtering import cleaned
from service.redaction.rule import RuleSet
from service.redaction.rules import RULES, rules_named

ALNUM = string.ascii_letters + string.digits
URL64 = ALNUM + "-_"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

EVERY_RULE = RuleSet(tuple(rules_named(RULES)))
SECRETS = RuleSet(tuple(rules_named(["secrets"])))

Make = Callable[[random.Random], str]


def some(chance: random.Random, alphabet: str, count: int) -> str:
    return "".join(chance.choices(alphabet, k=count))


def _key(prefix: str, alphabet: str, count: int) -> Make:
    return lambda chance: prefix + some(chance, alphabet, count)


def private_key(chance: random.Random, end: str = "\n") -> str:
    body = end.join(some(chance, ALNUM + "+/", 64) for _ in range(chance.randint(1, 16)))
    kind = chance.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
    headers = chance.choice(["", f"Proc-Type: 4,ENCRYPTED{end}DEK-Info: AES-128-CBC,0F{end}{end}"])
    return f"-----BEGIN {kind}PRIVATE KEY-----{end}{headers}{body}{end}-----END {kind}PRIVATE KEY-----"


def json_web_token(chance: random.Random) -> str:
    return ".".join(
        ("eyJ" * (place < 2)) + some(chance, URL64, chance.randint(12, 300)) for place in range(3)
    )


def card(chance: random.Random) -> str:
    digits = chance.choice("3456") + some(chance, string.digits, chance.choice([12, 13, 14, 14, 14, 17]))
    digits += next(last for last in string.digits if _luhn(digits + last))
    between = chance.choice(["", " ", "-", "\u00a0", "\u2011"])
    return between.join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _luhn(digits: str) -> bool:
    """Written once more, for the tests."""
    return (
        sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(digits[::-1])) % 10
        == 0
    )


def iban(chance: random.Random) -> str:
    country, count = chance.choice([("DE", 18), ("NL", 14), ("FR", 23), ("NO", 11), ("MT", 27)])
    account = some(chance, string.digits, count)
    digits = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    number = f"{country}{98 - int(digits) % 97:02}{account}"
    return (
        number if chance.random() < 0.5 else " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    )


MADE: dict[str, Sequence[Make]] = {
    "secrets": [
        _key("sk-", ALNUM, 48),
        _key("sk-proj-", URL64, 156),
        _key("sk-ant-api03-", URL64, 95),
        _key("gsk_", ALNUM, 52),
        _key("xai-", ALNUM, 80),
        _key("hf_", ALNUM, 34),
        _key("ghp_", ALNUM, 36),
        _key("gho_", ALNUM, 36),
        _key("github_pat_", ALNUM + "_", 82),
        _key("glpat-", URL64, 20),
        _key("npm_", ALNUM, 36),
        _key("sk_live_", ALNUM, 24),
        _key("xoxb-", string.digits + "-", 40),
        _key("AIza", URL64, 35),
        _key("AKIA", UPPER, 16),
        _key("cs_", URL64, 43),
        json_web_token,
        private_key,
        lambda chance: private_key(chance, chance.choice(["\n> ", '\\n"\n    "', "\\n' +\n'", '",\n"'])),
        lambda chance: f"Bearer {some(chance, ALNUM, 20)}7{some(chance, ALNUM, 20)}",
        lambda chance: f"postgresql://app:{some(chance, ALNUM + '%!$&*', 24)}@db.internal:5432/app",
        lambda chance: f"aws_secret_access_key = {some(chance, ALNUM + '/+', 40)}",
    ],
    "email": [
        lambda chance: (
            f"{some(chance, string.ascii_lowercase, 8)}.x+tag@{some(chance, string.ascii_lowercase, 9)}.co.uk"
        ),
        lambda chance: f"{some(chance, ALNUM, 64)}@example.org",
    ],
    "card": [card],
    "iban": [iban],
    "phone": [
        lambda chance: f"+49 {some(chance, '123456789', 3)} {some(chance, string.digits, 7)}",
        lambda chance: f"({some(chance, '23456789', 3)}) 555-{some(chance, string.digits, 4)}",
        lambda chance: f"{some(chance, '23456789', 3)}-555-{some(chance, string.digits, 4)}",
        lambda chance: f"tel:01 {some(chance, '23', 2)} 45 67 {some(chance, string.digits, 2)};",
    ],
    "ssn": [lambda chance: f"{some(chance, '12345', 3)}-{some(chance, '123', 2)}-{some(chance, '1234', 4)}"],
    "ip": [
        lambda chance: ".".join(str(chance.randint(0, 255)) for _ in range(4)),
        lambda chance: f"{'.'.join(str(chance.randint(0, 255)) for _ in range(4))}:8080",
        lambda chance: f"2001:db8::{some(chance, '0123456789abcdef', 4)}:1",
    ],
}

NEAR = (
    *(
        "sk-",
        "task-force-of-many-words-here",
        "eyJ",
        "Bearer of good news",
        "-----BEGIN ",
        "AKIA",
        "A",
        "s",
        "ghp",
    ),
    *(
        "-----BEGIN CERTIFICATE-----",
        "4111 1111 1111 1112",
        "4111",
        "DE89",
        "DE00 0000 0000 0000 0000 00",
        "a@b",
    ),
    *(
        "@",
        "me@",
        "12:30:45",
        "1.2.3",
        "::",
        "http://host:80/path",
        "://",
        "user:",
        "+1",
        "+",
        "(555)",
        "0",
        "e",
    ),
    *(
        "2026-11-29",
        "x",
        "\n",
        "the quick brown fox",
        " ",
        "  ",
        ". ",
        ", ",
        "é",
        "日本",
        "\U0001f600",
        "3.14159",
    ),
    *("v1.2.3.4.5", "999.1.1.1", "\t"),
)


def text_with(chance: random.Random, names: Sequence[str] = tuple(MADE)) -> tuple[str, list[str]]:
    """A text, and what in it must not be shown."""
    hidden: list[str] = []
    parts: list[str] = []
    for _ in range(chance.randint(1, 6)):
        parts.append(chance.choice(NEAR) if chance.random() < 0.6 else some(chance, ALNUM + " .@-:", 5))
        if chance.random() < 0.6:
            hidden.append(chance.choice(MADE[chance.choice(list(names))])(chance))
            parts += [
                chance.choice([" ", "\n", ": ", "("]),
                hidden[-1],
                chance.choice([" ", "\n", ", ", ") "]),
            ]
            parts.append(chance.choice(["", " and ", ". "]))
    return "".join(parts), hidden


def split(chance: random.Random, text: str) -> list[str]:
    """Like tokens, like network packets, or character by character."""
    most = chance.choice([1, 2, 4, 9, 40, 700])
    pieces: list[str] = []
    at = 0
    while at < len(text):
        size = chance.randint(1, most)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def whole(text: str, rules: RuleSet = EVERY_RULE) -> str:
    return cleaned(text, [rules])
