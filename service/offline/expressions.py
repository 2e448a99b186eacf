"""Arithmetic as a tree, and as Python writes it, with as few brackets as needed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`sign` is one of + - * / // % **; `percent` marks n/100 that stands for “n percent”."""

    sign: str
    left: "Node"
    right: "Node"
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple["Node", ...]


Node = Number | Operation | Function

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}
_TIGHTEST = 5


def percent(node: Node) -> Operation:
    return Operation("/", node, Number("100"), percent=True)


def changed_by(left: Node, sign: str, right: Node) -> Operation:
    """`80 + 15%` means 15% of those 80."""
    if isinstance(right, Operation) and right.percent:
        return Operation("*", left, Operation(sign, Number("1"), right))
    return Operation(sign, left, right)


def operations(node: Node) -> int:
    """How many operations and functions the tree has; a bare number or percentage has none."""
    match node:
        case Number():
            return 0
        case Operation():
            return (not node.percent) + operations(node.left) + operations(node.right)
        case Function():
            return 1 + sum(operations(argument) for argument in node.arguments)


def written(node: Node) -> str:
    """The tree as an expression of Python."""
    match node:
        case Number():
            return node.text
        case Function():
            return f"{node.name}({', '.join(written(argument) for argument in node.arguments)})"
        case Operation():
            return (
                f"{_operand(node.left, node.sign, False)} {node.sign} {_operand(node.right, node.sign, True)}"
            )


def _operand(node: Node, sign: str, is_right: bool) -> str:
    text = written(node)
    if isinstance(node, Number) and node.text.startswith("-"):
        return f"({text})" if is_right or sign == "**" else text
    binds = _BINDS[node.sign] if isinstance(node, Operation) else _TIGHTEST
    outer = _BINDS[sign]
    # `a - (b - c)` and `(a ** b) ** c` need their brackets, `a + b + c` needs none
    keeps_order = (
        binds > outer or (binds == outer and not is_right and sign != "**") or _associates(node, sign)
    )
    return text if keeps_order else f"({text})"


def _associates(node: Node, sign: str) -> bool:
    return isinstance(node, Operation) and node.sign == sign and sign in "+*"
