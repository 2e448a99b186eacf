"""Each rule by examples: what it takes, and what looks alike and is none."""

import random

import pytest

from service.redaction.checks import address_in, card_in, iban_in
from service.redaction.rule import RuleSet
from service.redaction.rules import RULES, rules_named
from tests.amounts import SPLITS
from tests.redaction.samples import EVERY_RULE, SECRETS, some, text_with, whole

# The numbers that card schemes and payment providers publish for tests.
CARDS = {
    "Visa": ["4111111111111111", "4012888888881881", "4242424242424242", "4222222222222", "4000056655665556"],
    "Mastercard": [
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "5200828282828210",
        "2720990000000007",
    ],
    "American Express": ["378282246310005", "371449635398431"],
    "Diners Club": ["30569309025904", "38520000023237", "36227206271667"],
    "Discover": ["6011111111111117", "6011000990139424", "6011981111111113"],
    "JCB": ["3530111333300000", "3566002020360505"],
    "UnionPay": ["6200000000000005", "6205500000000000004"],
    "Maestro": ["6759649826438453", "6304000000000000"],
}
NO_CARDS = [
    "4111111111111112", "411111111111", "41111111111111111111", "5555555555554445", "1111111111111117",
    "0000000000000000", "0.4111111111111111", "4111_1111_1111_1111", "1764400000000",
    "20160724234032", "20070611-162438", "8 5 4 6 2 3 6 5 0 1 7 2 0 7 3", "49 72 87 25 78 65 86 38 89 23",
]  # fmt: skip
IBANS = [
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300", "NO9386011117947", "MT84MALT011000012345MTLCAST001S", "CH93 0076 2011 6238 5295 7",
    "SA0380000000608010167519", "gb82west12345698765432", "BE68-5390-0754-7034",
    "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
]  # fmt: skip
NO_IBANS = [
    "DE88370400440532013000",
    "DE8937040044053201300",
    "XX89370400440532013000",
    "DE89",
    "GB82 WEST 1234",
]
EMAILS = ["a@b.example", "first.last+tag@sub.domain.co.uk", "x_y-z%1@example.org"]
NO_EMAILS = ["@home", "a@b", "a@", "me@localhost", "a b@", "x@.example", "@pytest.mark.skip", "a@-b.example"]
PHONES = [
    "+49 30 901820", "+1 (212) 555-0123", "+442079460958", "0044 20 7946 0958", "(212) 555-0123",
    "212-555-0123",
    "212.555.0123", "030 9018 2021", "+33 1 23 45 67 89",
    "01 23 45 67 89", "01.23.45.67.89", "03-1234-5678", "02 9374 4000", "08-123 456 78",
    "+49\u202f30\u00a0901820", "+1\u2011212\u2011555\u20110123",
]  # fmt: skip
NO_PHONES = [
    "2026-11-29", "12:30:45", "1.2.3.4", "3.14159265", "100 000 000", "+1", "v2.555.0123", "12-34",
    "00101101 10001011", "45 06 06 13 08 09", "06-15-53-00-46-44",
]  # fmt: skip
IPS = [
    "fd00::1",
    "127.0.0.1",
    "10.255.0.254",
    "2001:db8::1",
    "fe80::1ff:fe23:4567:890a",
    "::1",
    "::ffff:10.0.0.1",
]
NO_IPS = [
    "1.2.3",
    "256.1.1.1",
    "1.2.3.4.5",
    "12:30:45",
    "std::vector",
    "::",
    "a:b:c",
    "v1.2.3.4",
    "x[::2]",
    "x[1::3]",
    "a::b",
]
SSNS, NO_SSNS = ["078-05-1120", "078\u201105\u20111120"], ["078-05-11201", "1078-05-1120", "078-051120"]


@pytest.mark.parametrize(
    ("name", "taken", "left"),
    [
        ("card", [number for numbers in CARDS.values() for number in numbers], NO_CARDS),
        ("iban", IBANS, NO_IBANS),
        ("email", EMAILS, NO_EMAILS),
        ("phone", PHONES, NO_PHONES),
        ("ip", IPS, NO_IPS),
        ("ssn", SSNS, NO_SSNS),
    ],
)
def test_a_rule_takes_what_it_is_for_and_leaves_what_looks_alike(
    name: str, taken: list[str], left: list[str]
) -> None:
    rules = RuleSet(tuple(rules_named([name])))
    for text in taken:
        for around in ("{}", "It is {}.", "({})", "<{}>", "{}, then", '"{}"', "**{}**"):
            assert whole(around.format(text), rules) == around.format(f"[{name}]"), text
    for text in left:
        assert whole(f"It is {text} .", rules) == f"It is {text} .", text


def test_cards_are_known_however_they_are_grouped_and_end_where_they_end() -> None:
    rules = RuleSet(tuple(rules_named(["card"])))
    for text in (
        *("4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111", "3782 822463 10005"),
        *("4111\u00a01111\u00a01111\u00a01111", "4111\u20111111\u20111111\u20111111"),
    ):
        assert whole(f"{text} 123, until 12/27", rules) == "[card] 123, until 12/27"
    assert whole("4111111111111111 4242424242424242", rules) == "[card] [card]"


def test_a_secret_is_known_by_its_beginning_and_its_length() -> None:
    rules = RuleSet(tuple(rules_named(["secrets"])))
    left = [
        "sk-loading",
        "risk-" + "a" * 30,
        "ghp_short",
        "Bearer of bad news",
        "Basic understanding-of-it",
        "AKIA",
        "eyJ",
    ]
    left += ["https://example.org:8080/a@b", "https://user@example.org", "-----BEGIN PUBLIC KEY-----\nMIIB\n"]
    for text in left:
        assert whole(text, rules) == text
    assert whole("redis://:p%40ss@host:6379/0", rules) == "redis://[secret]@host:6379/0"


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("email", "https://example.org/?mail=ann@b.example&x=1", "https://example.org/?mail=[email]&x=1"),
        ("email", "'ann@b.example' ann@b.example@c -ann@b.example", "'[email]' [email]@c [email]"),
        ("email", f"{'a' * 200}@b.example", "[email]"),
        ("card", "Visa4111111111111111, PIN 1234", "Visa[card], PIN 1234"),
        ("secrets", f"amqp://u:{'p' * 700}@host", "amqp://[secret]@host"),
        ("secrets", "eyJhbGciOiJub25lIn0.e30. and", "[secret] and"),
        (
            "secrets",
            "amqp://u:p@ss@host/x ftp://a@b.example:p@host/",
            "amqp://[secret]@host/x ftp://[secret]@host/",
        ),
        ("ip", "http://10.0.0.1:8080/ host:10.0.0.1: peer:fe80::1", "http://[ip]:8080/ host:[ip]: peer:[ip]"),
        ("ip", "_10.0.0.1_, not lib_1.2.3.4", "_[ip]_, not lib_1.2.3.4"),
        ("phone", "room 7 01 23 45 67 89 0", "room 7 [phone] 0"),
        ("phone", "_+49 30 901820_ 1-800-555-0199", "_[phone]_ 1-[phone]"),
        ("email", "_see ann@b.example_", "_see [email]_"),
        ("ip", "これは10.0.0.1です", "これは[ip]です"),
        ("phone", "電話は03-1234-5678です", "電話は[phone]です"),
        ("ssn", "番号は078-05-1120です", "番号は[ssn]です"),
    ],
)
def test_what_stands_close_by_does_not_hide_a_match(name: str, text: str, shown: str) -> None:
    assert whole(text, RuleSet(tuple(rules_named([name])))) == shown


LINE, END = "MIIEpAIBAAKCAQEA" * 4, "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "body",
    [
        f"\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n{LINE}\n{LINE}\n",
        f"\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: AES-128-CBC,01\\n\\n{LINE}\\n{LINE}\\n",
        f"\nVersion: GnuPG v2.0 (x)\nComment: https://example.org\n\n{LINE}\n=abcd\n",
        f"\n> {LINE}\n> {LINE}\n> ",
        f"\n  | {LINE}\n  | {LINE}\n  | ",
        f'\\n"\n    "{LINE}\\n"\n    "{LINE}\\n"\n    "',
        f"\\n' +\n  '{LINE}\\n' +\n  '",
        f'\\n",\r\n\t"{LINE}\\n",\r\n\t"',
    ],
)
def test_a_private_key_is_known_with_its_headers_and_however_it_is_quoted(body: str) -> None:
    text = f"a -----BEGIN RSA PRIVATE KEY-----{body}{END} b"
    assert whole(text, SECRETS) == "a [secret] b"
    assert whole(text.replace(LINE, LINE * 40), SECRETS) == "a [secret] b"


@pytest.mark.parametrize(
    "key",
    [
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..QR1Owv2ug2WyPBnb.XFBoMYUZodetZdvT.pjZPXdUzSPbAdOFO7T3VAg",
        "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rp.XFBoMYUZodetZdvT",
        "ghp_" + "a" * 36, "glrt-" + "a1" * 12, "GOCSPX-" + "a1" * 14,
        'secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        r"\"SecretAccessKey\": \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".removeprefix("\\\""),
        "SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
)  # fmt: skip
def test_a_key_is_known_whole(key: str) -> None:
    assert whole(f"({key})", SECRETS) == "([secret])"


@pytest.mark.parametrize(
    "name",
    [
        "npm_config_allow_same_version",
        "fw_cdev_send_stream_packet",
        "gsk_gl_shader_builder_set_vertex",
    ],
)
def test_names_of_small_words_are_no_keys(name: str) -> None:
    assert whole(f"({name})", SECRETS) == f"({name})"


def test_checks_say_how_much_of_a_match_is_one() -> None:
    assert card_in("4222222222222") == 13 and card_in("4222222222223") == 0
    assert card_in("4111 1111 1111 1111 12") == 19 and card_in("4111111111111112") == 0
    assert iban_in("DE89 3704 0044 0532 0130 00") == 27 and iban_in("DE89 3704 0044 0532 0130 01") == 0
    assert address_in("fe80::1.") == 7 and address_in("12:30") == 0


def test_a_rule_begins_wherever_it_matches_or_may_yet() -> None:
    """What is no beginning is not looked at, so none may be missed, wherever the text ends."""
    for seed in range(SPLITS):
        chance = random.Random(seed)
        alphabet = chance.choice(["asekD89 -.:@/+(0x1é_\n", "0123456789 -", "0123456789.", "DENO89 -a"])
        text = text_with(chance)[0] if seed % 2 else some(chance, alphabet, 60)
        text = text[: chance.randint(0, 400)]
        for rule in EVERY_RULE.rules:
            for at in range(len(text)):
                begun = rule.beginning.match(text, at)
                if rule.looks.whole.match(text, at, partial=True):
                    assert begun and begun.end() > at, (seed, rule.name, text[at:])
                if rule.is_exact:
                    is_open = rule.looks.open.match(text, at, partial=True) is not None
                    assert (begun is not None and begun.end() == len(text)) is is_open, (seed, text[at:])
                if rule.is_exact and not is_open:
                    match = rule.looks.whole.match(text, at)
                    assert (begun and begun[0]) == (match and match[0]), (seed, text[at:])


@pytest.mark.parametrize("number", ["S\u212a3112000000198742637541", "\u017fI56263300012039086", "K\u2163"])
def test_letters_that_are_no_capitals_of_ascii_are_in_no_iban(number: str) -> None:
    assert whole(f"{number} .") == f"{number} ."


def test_the_rules_are_those_of_the_documents() -> None:
    assert [*RULES] == ["secrets", "email", "card", "iban", "phone", "ssn", "ip"]
