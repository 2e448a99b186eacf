"""Which arithmetic a prompt wants calculated, and the call of a bound tool that takes it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .arithmetic import Found, find_arithmetic
from .clauses import Clause, masked
from .expressions import Function, Node, Number, Operation, written
from .quantities import without_conversions
from .schemas import Tool
from .word_problems import share_asked, word_problem
from .words import EMPTY, stem, words_of

_NO_ARITHMETIC = re.compile(
    r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{3}-\d{4}\b|\b\d{3}-\d{3}-\d{4}\b|"
    r"\bv?\d+\.\d+\.\d+[\w.-]*"
    r"|\b\d{1,2}:\d{2}\b|\b\d+x\d+ (?!please|equals?|is|and|plus|minus|times|or|divided)[a-z]{3,}|"
    r"\b(?:24/7|9/11|50/50|20/20)(?! ?[*+=?])|https?://\S+|\S+@\S+|\b(?:open|hours|from) \d{1,2} ?- "
    r"?\d{1,2}\b"
)
_WEAK = re.compile(r"\d+(?:\.\d+)?\s?[-\u2013/]\s?\d+(?:\.\d+)?(?:\s?[-\u2013/]\s?\d+)*")
_SYMBOLIC = re.compile(r"[\d\s.+\-*/()^]+")
_LONG_SYMBOLIC = re.compile(r"[-+(\d][\d\s+\-*/().^]{4,}")
_ABOUT_IT = frozenset(
    stem(word)
    for word in "calculate compute evaluate work solve result answer equal sum value exactly quickly "
    "math maths arithmetic help "
    "question expression following product total right wrong number figure dollar percent "
    "multiplication addition calculator use "
    "problem times simplify exact come amount difference determine say divided give plus minus get "
    "find quick actually yield "
    "tip discount price bill pay cost tax eur euro decimal fraction percentage part".split()
)
# Requests that are about words, in which arithmetic is only mentioned.
_ABOUT_WORDS = frozenset(
    stem(word)
    for word in "write explain translate repeat echo say describe draw spell prove story poem joke "
    "why".split()
)
_TORN = ("+", "*", "/", "^", "(")  # before what was read stands more that could not be
_SIGN_WORDS = {
    "+": "add addition plus sum",
    "-": "subtract subtraction minus difference",
    "*": "multiply multiplication times product",
    "/": "divide division quotient",
    "**": "power exponent exponentiate exponentiation pow raise",
    "%": "mod modulo modulus remainder",
    "//": "floor",
}


@dataclass(frozen=True, slots=True)
class Calculation:
    """Arithmetic that is asked for, as the person wrote it where that is all figures and signs."""

    clause: int
    expression: str
    node: Node | None
    part: tuple[int, ...] = ()  # clauses before it that are part of it


def calculations_in(clauses: Sequence[Clause], before: str | None = None) -> list[Calculation]:
    """What the clauses want calculated; `before` is the result that “it” means at the start."""
    found: list[Calculation] = []
    earlier: Node | None = Number(before) if before else None
    for index, clause in enumerate(clauses):
        for each in _asked(clause, earlier):
            part: tuple[int, ...] = ()
            if each.goes_on and found and found[-1].node is earlier:
                first = found.pop()
                part = (*first.part, first.clause)
            found.append(Calculation(index, _expression(clause.core, each), each.node, part))
            earlier = each.node
    return found or _unread(clauses) or _told(clauses)


def expression_tool(tools: Sequence[Tool]) -> tuple[Tool, str] | None:
    """The tool that takes an expression, and its parameter; the first whose words speak of calculating."""
    for tool in tools:
        params = tool.having("expression")
        if len(params) == 1 and all(param.kind == "expression" for param in tool.required):
            return tool, params[0].name
    for tool in tools:  # “calculate(input: str)”
        if (
            len(tool.required) == 1
            and tool.required[0].kind in ("text", "query", "body")
            and _speaks_of_calculating(tool)
        ):
            return tool, tool.required[0].name
    return None


def sign_tools(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Tools for one operation on two numbers each, as `add(a, b)`, by sign."""
    found: dict[str, Tool] = {}
    for tool in tools:
        numbers = tool.having("integer", "number")
        if (
            len(numbers) != 2
            or len(tool.required) != 2
            or any(param not in numbers for param in tool.required)
        ):
            continue
        for sign, words in _SIGN_WORDS.items():
            if any(stem(word) in tool.name_stems for word in words.split()):
                found.setdefault(sign, tool)
    return found


def next_steps(
    node: Node, tools: dict[str, Tool], known: dict[tuple[str, str, str], str]
) -> tuple[list[tuple[Tool, dict[str, Any]]], str | None]:
    """The calls that can be made now, innermost first; or the tree's value, where the last was made."""
    if isinstance(node, Number):
        return [], node.text
    if isinstance(node, Function) or node.sign not in tools:
        return [], None
    left_calls, left = next_steps(node.left, tools, known)
    right_calls, right = next_steps(node.right, tools, known)
    if left is None or right is None:
        return left_calls + right_calls, None
    tool = tools[node.sign]
    value = known.get((tool.name, left, right))
    if value is not None:
        return [], value
    return [(tool, _operands(tool, left, right))], None


def _operands(tool: Tool, left: str, right: str) -> dict[str, Any]:
    pairs = zip(tool.required, (left, right), strict=True)
    return {param.name: _as_number(text) for param, text in pairs}


def _as_number(text: str) -> int | float:
    value = float(text)
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _speaks_of_calculating(tool: Tool) -> bool:
    return re.search(r"\b(?:calculat|math|arithmetic|evaluate an? expr)", tool.words) is not None


def _asked(clause: Clause, earlier: Node | None) -> list[Found]:
    text = without_conversions(_NO_ARITHMETIC.sub(lambda match: "_" * len(match[0]), clause.core))
    if clause.asks and (share := share_asked(text)):
        return [Found(share, 0, len(text), True)]
    if {stem(word) for word in words_of(text)[:4]} & _ABOUT_WORDS:
        return []
    found = [
        each for each in find_arithmetic(text, earlier) if not text[: each.start].rstrip().endswith(_TORN)
    ]
    others = _other_words(text, found)
    if others:
        found = [
            each
            for each in found
            if masked(clause.core)[each.start : each.end] == clause.core[each.start : each.end]
        ]
    if not clause.asks and others:
        return []
    return [each for each in found if not others or not _WEAK.fullmatch(text[each.start : each.end].strip())]


def _other_words(text: str, found: list[Found]) -> list[str]:
    """The words of the clause that say something else than “calculate this”."""
    rest = list(text)
    for each in found:
        rest[each.start : each.end] = " " * (each.end - each.start)
    words = words_of("".join(rest))
    return [word for word in words if word not in EMPTY and stem(word) not in _ABOUT_IT]


def _expression(text: str, found: Found) -> str:
    source = text[found.start : found.end].strip()
    return source if not found.from_words and _SYMBOLIC.fullmatch(source) else written(found.node)


def _unread(clauses: Sequence[Clause]) -> list[Calculation]:
    """Signs and figures that are no arithmetic, or too much of it: the tool says so better."""
    for index, clause in enumerate(clauses):
        text = _NO_ARITHMETIC.sub(" ", clause.core)
        match = _LONG_SYMBOLIC.search(text)
        if (
            match
            and clause.asks
            and re.search(r"\d\s*[+*/^]|[+*/^(]\s*\d", match[0])
            and not _other_words(text, [])
        ):
            return [Calculation(index, match[0].strip(), None)]
    return []


def _told(clauses: Sequence[Clause]) -> list[Calculation]:
    node = word_problem(clauses)
    return [Calculation(len(clauses) - 1, written(node), node)] if node else []


def is_about_operations(node: Node, tools: dict[str, Tool]) -> bool:
    """Whether tools for single operations can do all of the tree."""
    match node:
        case Number():
            return True
        case Operation():
            return (
                node.sign in tools
                and is_about_operations(node.left, tools)
                and is_about_operations(node.right, tools)
            )
        case Function():
            return False
