"""Exact arithmetic on whole numbers and fractions; how large a result may be is bounded beforehand.

A value is a Fraction and whether it is exact: roots that are not whole numbers, and pi and e, are carried to
40 digits and stay marked as rounded.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

MAX_BITS = 13_000  # some 3,900 digits: within what Python turns into text
MAX_FACTORIAL = 1000
MAX_ROUND_DIGITS = 100
MAX_ROOT = 100

_DECIMALS = Context(prec=40)


class Refused(ValueError):
    """Not computed; the message says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number; not `exact` where it was rounded on the way."""

    number: Fraction
    exact: bool = True


def decimal_context(digits: int) -> Context:
    """Divides to so many significant digits, whatever the exponent."""
    return Context(prec=digits)


def whole(value: Value, what: str) -> int:
    """The value as an int; raises Refused where it is not a whole number."""
    if value.number.denominator != 1:
        raise Refused(f"{what} needs whole numbers.")
    return value.number.numerator


def bounded(number: Fraction, exact: bool) -> Value:
    """The value, or Refused where it has outgrown the bound."""
    if _bits(number) > MAX_BITS:
        raise Refused(_too_large("The result"))
    return Value(number, exact)


def add(a: Value, b: Value) -> Value:
    return bounded(a.number + b.number, a.exact and b.exact)


def subtract(a: Value, b: Value) -> Value:
    return bounded(a.number - b.number, a.exact and b.exact)


def multiply(a: Value, b: Value) -> Value:
    return bounded(a.number * b.number, a.exact and b.exact)


def divide(a: Value, b: Value) -> Value:
    return bounded(a.number / _divisor(b), a.exact and b.exact)


def floor_divide(a: Value, b: Value) -> Value:
    return bounded(Fraction(a.number // _divisor(b)), a.exact and b.exact)


def modulo(a: Value, b: Value) -> Value:
    return bounded(a.number % _divisor(b), a.exact and b.exact)


def power(base: Value, exponent: Value) -> Value:
    """Whole exponents exactly; others by roots, exactly where there is an exact root."""
    if base.number == 0 and exponent.number < 0:
        raise Refused("Division by zero.")
    if exponent.number.denominator != 1:
        return _root_power(base, exponent)
    count = exponent.number.numerator
    if base.number not in (0, 1, -1) and _bits(base.number) * abs(count) > MAX_BITS + abs(count):
        raise Refused(_too_large("The power"))
    if base.number == -1:
        count %= 2  # however large it is
    return bounded(Fraction(base.number**count), base.exact and exponent.exact)


def square_root(value: Value) -> Value:
    return power(value, Value(Fraction(1, 2)))


def cube_root(value: Value) -> Value:
    return power(value, Value(Fraction(1, 3)))


def factorial(value: Value) -> Value:
    count = whole(value, "A factorial")
    if count < 0:
        raise Refused("A factorial needs a number from 0.")
    if count > MAX_FACTORIAL:
        raise Refused(f"Factorials are computed up to {MAX_FACTORIAL}!, not of {_shown(count)}.")
    return Value(Fraction(math.factorial(count)), value.exact)


def rounded(value: Value, digits: Value | None = None) -> Value:
    """Half away from zero, as people round, and not half to even."""
    places = whole(digits, "The number of digits") if digits else 0
    if abs(places) > MAX_ROUND_DIGITS:
        raise Refused(f"Rounding takes at most {MAX_ROUND_DIGITS} digits.")
    scale = Fraction(10) ** places
    up = math.floor(abs(value.number) * scale + Fraction(1, 2))
    return bounded(Fraction(up) / scale * (-1 if value.number < 0 else 1), value.exact)


def floor(value: Value) -> Value:
    return Value(Fraction(math.floor(value.number)), value.exact)


def ceiling(value: Value) -> Value:
    return Value(Fraction(math.ceil(value.number)), value.exact)


def absolute(value: Value) -> Value:
    return Value(abs(value.number), value.exact)


def least(*values: Value) -> Value:
    return min(values, key=lambda value: value.number)


def greatest(*values: Value) -> Value:
    return max(values, key=lambda value: value.number)


def gcd(*values: Value) -> Value:
    return Value(Fraction(math.gcd(*(whole(value, "gcd") for value in values))))


def lcm(*values: Value) -> Value:
    result = Value(Fraction(1))
    for value in values:
        result = bounded(Fraction(math.lcm(whole(result, "lcm"), whole(value, "lcm"))), True)
    return result


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {  # and the least and most arguments of each
    "sqrt": (square_root, 1, 1),
    "cbrt": (cube_root, 1, 1),
    "abs": (absolute, 1, 1),
    "round": (rounded, 1, 2),
    "floor": (floor, 1, 1),
    "ceil": (ceiling, 1, 1),
    "factorial": (factorial, 1, 1),
    "pow": (power, 2, 2),
    "min": (least, 1, 100),
    "max": (greatest, 1, 100),
    "gcd": (gcd, 1, 100),
    "lcm": (lcm, 1, 100),
}
CONSTANTS = {
    "pi": Value(Fraction("3.141592653589793238462643383279502884197"), exact=False),
    "e": Value(Fraction("2.718281828459045235360287471352662497757"), exact=False),
}


def _divisor(value: Value) -> Fraction:
    if value.number == 0:
        raise Refused("Division by zero.")
    return value.number


def _root_power(base: Value, exponent: Value) -> Value:
    if base.number < 0:
        raise Refused("The root of a negative number is not a real number.")
    degree = exponent.number.denominator
    if degree <= MAX_ROOT and (root := _exact_root(base.number, degree)) is not None:
        return power(Value(root, base.exact), Value(Fraction(exponent.number.numerator), exponent.exact))
    if abs(_magnitude(base.number) * exponent.number) > MAX_BITS:
        raise Refused(_too_large("The power"))
    return Value(Fraction(_DECIMALS.power(_decimal(base.number), _decimal(exponent.number))), exact=False)


def _exact_root(number: Fraction, degree: int) -> Fraction | None:
    roots = (_whole_root(number.numerator, degree), _whole_root(number.denominator, degree))
    return Fraction(roots[0], roots[1]) if roots[0] is not None and roots[1] else None


def _whole_root(number: int, degree: int) -> int | None:
    """The whole root where there is one, by Newton's method from above."""
    root, below = 1 << -(-number.bit_length() // degree), 0
    while root:
        below = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if below >= root:
            break
        root = below
    return root if root**degree == number else None


def _decimal(number: Fraction) -> Decimal:
    return _DECIMALS.divide(Decimal(number.numerator), Decimal(number.denominator))


def _magnitude(number: Fraction) -> int:
    """Within one or two of the logarithm to the base 2, whatever the size."""
    return abs(number.numerator.bit_length() - number.denominator.bit_length()) + 1


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _shown(number: int) -> str:
    return str(number) if number.bit_length() < 100 else "so large a number"


def _too_large(what: str) -> str:
    return f"{what} would be too large: at most some {MAX_BITS * 3 // 10:,} digits are computed."
