"""The tool that calculates: an expression is parsed and never run as code, and all sizes are bounded."""

import ast
import re
from collections.abc import Callable
from fractions import Fraction

from langchain_core.tools import StructuredTool, ToolException

from . import _exact as exact
from ._exact import Refused, Value

MAX_CHARACTERS = 1000
MAX_DEPTH = 60
MAX_DECIMAL_EXPONENT = 1000
SIGNIFICANT_DIGITS = 15

_BINARY: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: exact.add,
    ast.Sub: exact.subtract,
    ast.Mult: exact.multiply,
    ast.Div: exact.divide,
    ast.FloorDiv: exact.floor_divide,
    ast.Mod: exact.modulo,
    ast.Pow: exact.power,
}
_SIGNS = str.maketrans(
    {
        "\N{MULTIPLICATION SIGN}": "*",
        "\N{MIDDLE DOT}": "*",
        "\N{DIVISION SIGN}": "/",
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{SQUARE ROOT}": "sqrt",
        "^": "**",
        "\n": " ",
        "\t": " ",
    }
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%(?=\s*(?:of\b|$|[-+*/),]))")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)")


def calculate(expression: str) -> str:
    """Calculate an arithmetic expression exactly.

    Args:
        expression: The arithmetic expression, for example "37*43", "(3 + 4) * 5 / 2", "15% of 80", "2**10" or
            "sqrt(144)". Knows + - * / // % ** and parentheses, sqrt, abs, round, min, max, gcd, lcm,
            factorial, pi and e.
    """
    try:
        return f"{expression.strip()} = {_shown(evaluate(expression), expression)}"
    except Refused as refusal:
        raise ToolException(f"Not calculated: {refusal}") from refusal


def evaluate(expression: str) -> Value:
    """The value. Raises Refused for what is no arithmetic, too long, too deep or too large."""
    if len(expression) > MAX_CHARACTERS:
        raise Refused(
            f"The expression has {len(expression):,} characters; at most {MAX_CHARACTERS:,} are read."
        )
    text = _plain(expression)
    if not text:
        raise Refused("There is no expression.")
    _check_depth(text)
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Refused("This is not an arithmetic expression.") from error
    return _Evaluation(text).value(tree.body, MAX_DEPTH)


class _Evaluation:
    """Walks the parsed expression; what the tables do not name is refused."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, node: ast.expr, depth: int) -> Value:
        if not depth:
            raise Refused(f"The expression is nested more than {MAX_DEPTH} deep.")
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.BinOp():
                return self._chain(node, depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                value = self.value(node.operand, depth - 1)
                return Value(-value.number, value.exact) if isinstance(node.op, ast.USub) else value
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name.lower() in exact.FUNCTIONS:
                return self._call(name.lower(), [self.value(argument, depth - 1) for argument in args])
            case ast.Name(id=name) if name.lower() in exact.CONSTANTS:
                return exact.CONSTANTS[name.lower()]
        raise Refused(
            f"{_quoted(ast.get_source_segment(self._text, node))} is not arithmetic that is known here."
        )

    def _chain(self, node: ast.BinOp, depth: int) -> Value:
        """`1+2+3+…` leans left and may be long: it is walked down in a loop, not by recursion."""
        steps: list[ast.BinOp] = []
        start: ast.expr = node
        while isinstance(start, ast.BinOp):
            steps.append(start)
            start = start.left
        value = self.value(start, depth - 1)
        for step in reversed(steps):
            operation = _BINARY.get(type(step.op))
            if operation is None:
                raise Refused("Only + - * / // % and ** are known here.")
            value = operation(value, self.value(step.right, depth - 1))
        return value

    def _literal(self, node: ast.Constant) -> Value:
        source = ast.get_source_segment(self._text, node) or ""
        if type(node.value) is int:
            return exact.bounded(Fraction(node.value), True)
        if type(node.value) is not float:
            raise Refused(f"{_quoted(source)} is not a number.")
        _, _, exponent = source.lower().partition("e")
        if exponent and abs(int(exponent)) > MAX_DECIMAL_EXPONENT:
            raise Refused(f"{_quoted(source)} is too large or too small.")
        return exact.bounded(Fraction(source.replace("_", "")), True)

    def _call(self, name: str, values: list[Value]) -> Value:
        function, least, most = exact.FUNCTIONS[name]
        if not least <= len(values) <= most:
            raise Refused(f"{name} takes {least}{f' to {most}' if most > least else ''} number(s).")
        return function(*values)


def _plain(expression: str) -> str:
    """As Python writes it: `^`, `15% of`, `5!`, thousands' commas and a closing `= ?` are people's."""
    text = expression.translate(_SIGNS).strip().rstrip("?").rstrip().rstrip("=").strip()
    text = _without_thousands(text)
    text = _PERCENT.sub(r"(\1/100)", text)
    text = re.sub(r"\bof\b", "*", text)
    return re.sub(r"(\d+)!(?!=)", r"factorial(\1)", text)


def _without_thousands(text: str) -> str:
    """Commas go where they group digits; inside the parentheses of a function they part its arguments."""
    if re.search(r"[A-Za-z]\s*\(", text):
        return text
    return _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)


def _check_depth(text: str) -> None:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth > MAX_DEPTH:
            raise Refused(f"The expression is nested more than {MAX_DEPTH} deep.")


def _shown(value: Value, expression: str) -> str:
    number = value.number
    if not value.exact:
        return f"{_decimal(number)} (rounded to {SIGNIFICANT_DIGITS} digits)"
    if number.denominator == 1:
        return str(number.numerator)
    if "." in expression and _terminates(number):
        return _decimal(number, 60)
    equals = "=" if _terminates(number) and len(_decimal(number, 60)) <= SIGNIFICANT_DIGITS else "≈"
    decimal = _decimal(number)
    fraction = f"{number.numerator}/{number.denominator}"
    if fraction == expression.replace(" ", "") or len(fraction) > 2 * SIGNIFICANT_DIGITS:
        return decimal if equals == "=" else f"{decimal} (rounded to {SIGNIFICANT_DIGITS} digits)"
    return f"{fraction} {equals} {decimal}"


def _terminates(number: Fraction) -> bool:
    """Whether the decimal fraction ends: the denominator has no prime but 2 and 5."""
    return pow(10, number.denominator.bit_length(), number.denominator) == 0


def _decimal(number: Fraction, digits: int = SIGNIFICANT_DIGITS) -> str:
    """At most so many significant digits, without trailing zeros."""
    context = exact.decimal_context(digits)
    value = context.divide(number.numerator, number.denominator).normalize(context)
    return f"{value:f}" if -digits < value.adjusted() < 2 * digits else f"{value:e}"


def _quoted(source: str | None) -> str:
    text = source or "This"
    return f"“{text if len(text) <= 40 else text[:39] + '…'}”"


calculator = StructuredTool.from_function(
    func=calculate, name="calculator", parse_docstring=True, handle_tool_error=True
)
