"""The calculator: exact, no code, and what is too large is refused before it is computed."""

import operator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from langchain_core.messages import ToolMessage

from chains import _exact
from chains._calculator import calculate, calculator, evaluate
from chains._exact import Refused

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
Tree = Any  # a Fraction, or (sign, Tree, Tree)

trees: st.SearchStrategy[Tree] = st.recursive(
    st.decimals(min_value=0, max_value=1000, places=2).map(Fraction),
    lambda inner: st.tuples(st.sampled_from(sorted(OPERATORS)), inner, inner),
    max_leaves=12,
)


def written(tree: Tree) -> str:
    if isinstance(tree, Fraction):
        return f"{tree.numerator}" if tree.denominator == 1 else f"{float(tree):.2f}"
    sign, left, right = tree
    return f"({written(left)} {sign} {written(right)})"


def value(tree: Tree) -> Fraction:
    if isinstance(tree, Fraction):
        return tree
    sign, left, right = tree
    result = OPERATORS[sign](value(left), value(right))
    assert isinstance(result, Fraction)
    return result


@given(trees)
def test_it_agrees_with_fractions_on_any_expression(tree: Tree) -> None:
    try:
        expected = value(tree)
    except ZeroDivisionError:
        assume(False)
    result = evaluate(written(tree))
    assert result.exact
    assert result.number == expected


@given(st.integers(2, 10**9), st.integers(13_001, 10**12))
def test_any_power_beyond_the_bound_is_refused_uncomputed(base: int, exponent: int) -> None:
    with pytest.raises(Refused, match="too large"):
        evaluate(f"{base}**{exponent}")


@given(st.integers(1001, 10**30))
def test_any_factorial_beyond_the_bound_is_refused(count: int) -> None:
    with pytest.raises(Refused, match="Factorials"):
        evaluate(f"factorial({count})")


@given(st.text(max_size=80))
def test_any_text_is_calculated_or_refused(text: str) -> None:
    try:
        evaluate(text)
    except Refused as refusal:
        assert str(refusal)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("37*43", "37*43 = 1591"),
        ("1/3+1/6", "1/3+1/6 = 1/2 = 0.5"),
        ("0.1+0.2", "0.1+0.2 = 0.3"),
        ("1/3", "1/3 = 0.333333333333333 (rounded to 15 digits)"),
        ("sqrt(144)", "sqrt(144) = 12"),
        ("sqrt(2)", "sqrt(2) = 1.4142135623731 (rounded to 15 digits)"),
        ("27**(1/3)", "27**(1/3) = 3"),
        ("2^10", "2^10 = 1024"),
        ("1,234*5,678", "1,234*5,678 = 7006652"),
        ("max(1,200)", "max(1,200) = 200"),
        ("15% of 80", "15% of 80 = 12"),
        ("17 % 5", "17 % 5 = 2"),
        ("5!", "5! = 120"),
        ("gcd(12, 18) + lcm(4, 6)", "gcd(12, 18) + lcm(4, 6) = 18"),
        ("round(2.5)", "round(2.5) = 3"),
        ("-7//2", "-7//2 = -4"),
        ("+".join(["1"] * 400), None),
    ],
)
def test_results_are_exact_or_say_that_they_are_rounded(expression: str, shown: str | None) -> None:
    assert calculate(expression) == (shown or f"{expression} = 400")


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "10**10**8",
        "factorial(10**9)",
        "2**2**2**2**2",
        "2**0.5**-99",
        "((1.5**9000)**99)**99",
        "1e999999999",
        "1+" * 500_000 + "1",
        "(" * 10_000 + "1" + ")" * 10_000,
        "(" * 200 + "1" + ")" * 200,
        "-" * 990 + "1",
    ],
)
def test_what_is_too_large_is_refused_without_computing_it(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    bounded = _exact.bounded

    def watched(number: Fraction, exact: bool) -> _exact.Value:
        nonlocal largest
        largest = max(largest, number.numerator.bit_length(), number.denominator.bit_length())
        return bounded(number, exact)

    monkeypatch.setattr(_exact, "bounded", watched)
    with pytest.raises(Refused):
        evaluate(expression)
    assert largest <= 2 * _exact.MAX_BITS


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os')",
        "(1).real",
        "[1]*9",
        "'a'*9",
        "lambda: 1",
        "1 if 1 else 2",
        "True + 1",
        "3j",
        "x + 1",
        "f(3)",
    ],
)
def test_code_is_no_arithmetic(code: str) -> None:
    with pytest.raises(Refused):
        evaluate(code)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("1/0", "Division by zero"),
        ("0**-1", "Division by zero"),
        ("sqrt(-1)", "not a real number"),
        ("", "no expression"),
    ],
)
def test_a_refusal_says_why(expression: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        evaluate(expression)


def test_the_model_sees_a_refusal_as_a_failed_result() -> None:
    call = {"type": "tool_call", "id": "1", "name": "calculator", "args": {"expression": "9**9**9"}}
    message = calculator.invoke(call)
    assert isinstance(message, ToolMessage)
    assert message.status == "error"
    assert "too large" in str(message.content)
