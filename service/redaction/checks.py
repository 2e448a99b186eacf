"""What tells a card number, an IBAN or an address from other digits: how much of a match is one."""

import re
from ipaddress import ip_address

CARD_DIGITS = range(13, 20)  # ISO/IEC 7812-1: up to 19; Visa's oldest have 13

# The length of each country's IBAN, by the IBAN registry (ISO 13616).
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL SD",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HN HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}


def card_in(text: str) -> int:
    """The longest number from the first digit on that has a card's length and check digit, as characters."""
    ends = [at + 1 for at, character in enumerate(text) if character.isdigit()]
    digits = "".join(filter(str.isdigit, text))
    for count in reversed(CARD_DIGITS):
        if count > len(digits) or not passes_luhn(digits[:count]):
            continue
        if not text[ends[count - 1] :][:1].isdigit():
            return ends[count - 1]
    return 0


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(each - 9 * (each > 9) for each in doubled)) % 10 == 0


def iban_in(text: str) -> int:
    """As long as its country has them, with the right check digits (ISO 7064, MOD 97-10)."""
    length = IBAN_LENGTHS.get(text[:2].upper())
    ends = [at + 1 for at, character in enumerate(text) if character.isalnum()]
    if length is None or len(ends) < length:
        return 0
    end = ends[length - 1]
    account = "".join(filter(str.isalnum, text[:end])).upper()
    number = int("".join(str(int(each, 36)) for each in account[4:] + account[:4]))
    return end if number % 97 == 1 and not text[end:][:1].isalnum() else 0


def address_in(text: str) -> int:
    """An IPv4 or IPv6 address, without the punctuation after it."""
    found = re.sub(r"[.:]+$", "", text) if not text.endswith("::") else text
    try:
        ip_address(found)
    except ValueError:
        return 0
    return len(found)
