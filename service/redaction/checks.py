"""What tells a card number, an IBAN or an address from other digits: how much of a match is one."""

import re
from socket import AF_INET, AF_INET6, inet_pton
from string import ascii_uppercase, digits

CARD_DIGITS = range(13, 20)  # ISO/IEC 7812-1: up to 19; Visa's oldest have 13

_BETWEEN = b" -."
_PLAIN = {ord(each): "-" for each in "\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013"}
_GROUPS = re.compile(r"[0-9]{4,}(?:[ .-][0-9]{4,})*(?:[ .-][0-9]{1,3}(?![0-9]))?")
_OF_CARDS = re.compile(r"2[2-7]|[3-68]")  # and not 20: dates with their time
_VALUES = bytes.maketrans(digits.encode(), bytes(range(10)))
_DOUBLED = bytes.maketrans(bytes(range(10)), bytes(sum(divmod(2 * each, 10)) for each in range(10)))
_IN_DIGITS = {each: str(int(each, 36)) for each in digits + ascii_uppercase}

# By the length of their IBANs, by the IBAN registry (ISO 13616).
IBAN_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}


def card_in(text: str) -> int:
    """The longest number from the first digit on that has a card's length and check digit, as characters. It
    is in groups of four digits or more, but for the last: others are lists of numbers."""
    groups = _GROUPS.match(text.translate(_PLAIN))
    if groups is None or not _OF_CARDS.match(text):
        return 0
    text = groups[0]
    numbers = text.encode().translate(_VALUES, _BETWEEN)
    doubled = numbers.translate(_DOUBLED)
    # ISO/IEC 7812-1, annex B: each second digit is doubled, from the last but one on. So one of these sums is
    # that of an odd count of digits, the other of an even one, and both go on from each count to the next.
    of_odd = sum(numbers[::2]) + sum(doubled[1::2])
    of_even = sum(doubled[::2]) + sum(numbers[1::2])
    end, ends_group = len(text), True
    for last in range(len(numbers) - 1, CARD_DIGITS[0] - 2, -1):
        if last % 2:
            if ends_group and not of_even % 10:
                return end
            of_odd -= doubled[last]
            of_even -= numbers[last]
        else:
            if ends_group and not of_odd % 10:
                return end
            of_odd -= numbers[last]
            of_even -= doubled[last]
        end -= 1
        ends_group = text[end - 1] in " -."
        end -= ends_group
    return 0


def iban_in(text: str) -> int:
    """All of it, with the right check digits (ISO 7064, MOD 97-10)."""
    account = text.translate(_PLAIN).replace(" ", "").replace("-", "").upper()
    number = int("".join(map(_IN_DIGITS.__getitem__, account[4:] + account[:4])))
    return len(text) if number % 97 == 1 else 0


def address_in(text: str) -> int:
    """An IPv4 or IPv6 address, without the punctuation after it. `a::b` is code, and so is the `1::2` of a
    slice: no address but the loopback's has fewer than three groups and so short a first one."""
    found = text if text.endswith("::") else text.rstrip(".:")
    if "::" in found and found != "::1":
        groups = found.replace("::", ":").strip(":").split(":")
        if len(groups) < 3 and len(groups[0]) < 3:
            return 0
    try:
        inet_pton(AF_INET6 if ":" in found else AF_INET, found)
    except OSError:
        return 0
    return len(found)
