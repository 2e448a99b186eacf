"""Finds arithmetic in text, in figures or in words, and reads it into a tree by recursive descent.

Reading is bounded: brackets nest `MAX_DEPTH` deep, one tree has `MAX_SIGNS`, and a text costs at most `FUEL`
steps in all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .arithmetic_words import (
    BACK,
    DENOMINATORS,
    FILLER,
    MANY,
    OF_PERCENT,
    ONE,
    POWERS,
    PRODUCTS,
    SUMS,
    VERBS,
)
from .cursor import Cursor, NotHere
from .expressions import Function, Node, Number, Operation, changed_by, operations, percent
from .numerals import ORDINALS, Token, tokens_of

MAX_DEPTH = 40
MAX_SIGNS = 150
FUEL = 8_000


@dataclass(frozen=True, slots=True)
class Found:
    """Arithmetic in a text, and where it stands."""

    node: Node
    start: int
    end: int
    from_words: bool
    goes_on: bool = False  # it takes up the arithmetic before it


def find_arithmetic(text: str, before: Node | None = None) -> Iterator[Found]:
    """Every piece of arithmetic in the text; `before` is what “it” and “the result” mean at its start."""
    reader = _Reader(tokens_of(text))
    index = 0
    while index < len(reader.tokens) and reader.fuel > 0:
        reader.begin(index, before)
        try:
            node = reader.statement()
        except NotHere:
            index += 1
            continue
        if not operations(node) or node is before:
            index = max(index + 1, reader.at)
            continue
        used = reader.tokens[index : reader.at]
        from_words = any(token.kind == "word" for token in used)
        yield Found(node, used[0].start, used[-1].end, from_words, reader.went_back)
        before, index = node, reader.at


class _Reader(Cursor):
    """Reads one tree from a place on; `at` is the place after it."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens, FUEL)
        self.begin(0, None)

    def begin(self, at: int, before: Node | None) -> None:
        self.at, self.before, self.went_back, self.depth, self.signs = at, before, False, 0, 0

    # Statements: verbs before their operands, what goes on from before, or a plain expression.

    def statement(self) -> Node:
        verb = VERBS.get(self.text())
        if verb and self.text(1) not in ("%", "of"):
            start = self.at
            try:
                return self._goes_on(self._by_verb(*verb))
            except NotHere:
                self.at, self.went_back = start, False
        if self.before is not None and self._takes_up():
            self.went_back = True
            return self._goes_on(self.before)
        return self._sums()

    def _goes_on(self, node: Node) -> Node:
        return self._sums(self._products(node))

    def _takes_up(self) -> bool:
        """A sign at the start of the text, as in “times 3”; a minus there belongs to a number."""
        sign = self.peek_phrase(SUMS) or self.peek_phrase(PRODUCTS)
        return self.at == 0 and sign is not None and self.text() not in ("-", "/")

    def _by_verb(self, sign: str, between: set[str], swapped: bool) -> Node:
        self.at += 1
        self.skip("up", "together")
        if self.text() in between and self.before is not None:  # “multiply by 2”
            self.at += 1
            self.went_back = True
            return changed_by(self.before, sign, self._product())
        first = self._product()
        self.skip("away")
        if self.text() not in between:
            return self._with_before(first, sign)
        return self._second_operand(first, sign, between, swapped)

    def _with_before(self, operand: Node, sign: str) -> Node:
        """“add 5”, with something before to add it to."""
        if self.before is None or self.went_back:
            raise NotHere
        self.went_back = True
        return changed_by(self.before, sign, operand)

    def _second_operand(self, first: Node, sign: str, between: set[str], swapped: bool) -> Node:
        node = first
        while self.text() in between:
            start = self.at
            self.at += 1
            self.skip("and")
            if sign == "**" and (power := self._ordinal_power()):
                return Operation("**", node, power)
            try:
                other = self._product()
            except NotHere:
                self.at = start
                break
            node = changed_by(other, sign, node) if swapped else changed_by(node, sign, other)
        if node is first:
            raise NotHere
        return node

    # Expressions, from the loosest to the tightest.

    def _sums(self, node: Node | None = None) -> Node:
        node = self._product() if node is None else node
        while True:
            if self.text() in ("less", "more") and self.text(1) == "than":  # 10 less than 50
                sign = "-" if self.text() == "less" else "+"
                self.at += 2
                node = changed_by(self._product(), sign, node)
            elif sign := self._infix(SUMS) or "":
                node = changed_by(node, sign, self._product())
            else:
                return node

    def _product(self) -> Node:
        return self._products(self._power())

    def _products(self, node: Node) -> Node:
        while sign := self._infix(PRODUCTS) or self._modulo() or self._of_fraction(node):
            node = Operation(sign, node, self._power())
        return node

    def _power(self) -> Node:
        base = self._signed()
        start = self.at
        if self._infix(POWERS):
            return Operation("**", base, self._power())
        self.skip("raised")
        if self.text() == "to" and (power := self._after_to()):
            return Operation("**", base, power)
        self.at = start
        return base

    def _after_to(self) -> Node | None:
        start = self.at
        self.at += 1
        power = self._ordinal_power()
        if power is None:
            self.at = start
        return power

    def _ordinal_power(self) -> Node | None:
        """“the tenth power”, “the 10th”; the “power of ten” too."""
        if self.text() != "the":
            return None
        ordinal, follower = self.text(1), self.text(2)
        if ordinal == "power":
            self.at += 2
            self.skip("of")
            return self._signed()
        if ordinal in ORDINALS:
            self.at += 2
        elif self.kind(1) == "number" and follower in ("st", "nd", "rd", "th"):
            self.at += 3
        else:
            return None
        self.skip("power")
        return Number(str(ORDINALS.get(ordinal, ordinal)))

    def _signed(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotHere
        try:
            return self._with_sign()
        finally:
            self.depth -= 1

    def _with_sign(self) -> Node:
        if self.text() in ("-", "\u2212", "minus", "negative"):
            self.at += 1
            node = self._signed()
            return Number(f"-{node.text}") if isinstance(node, Number) else Operation("*", Number("-1"), node)
        if self.text() == "+":
            self.at += 1
        return self._after(self._primary())

    def _after(self, node: Node) -> Node:
        """What follows a number: squared, cubed, !, percent, and a noun that is counted."""
        while True:
            text = self.text()
            if text in ("squared", "²"):
                node = Operation("**", node, Number("2"))
            elif text in ("cubed", "³"):
                node = Operation("**", node, Number("3"))
            elif text == "factorial" or (text == "!" and isinstance(node, Number) and self.glued()):
                node = Function("factorial", (node,))
            else:
                break
            self.at += 1
        self._skip_counted_noun()
        return self._percentage(node)

    def _primary(self) -> Node:
        self.burn()
        if self._refers_back():
            return self._taken_up()
        while self.text() in FILLER:
            self.at += 1
        if self.kind() == "number":
            return self._number()
        if self.text() == "(":
            return self._bracket()
        if name := self.phrase(ONE):
            return self._function_of_one(name)
        if name := self.phrase(MANY):
            return self._function_of_many(name)
        if self.text() in ("pi", "π"):
            self.at += 1
            return Number("pi")
        raise NotHere

    def _refers_back(self) -> bool:
        words = self.longest(BACK)
        return self.before is not None and words is not None and self.text(len(words)) != "of"

    def _taken_up(self) -> Node:
        self.phrase(BACK)
        self.went_back = True
        return self.before or Number("0")

    def _number(self) -> Node:
        number = Number(self.text())
        self.at += 1
        denominator = DENOMINATORS.get(self.text())
        if denominator:
            self.at += 1
            return Operation("/", number, Number(str(denominator)))
        if self.text() == "(" and self.glued():  # 3(4+5)
            return Operation("*", number, self._bracket())
        return number

    def _bracket(self) -> Node:
        self.at += 1
        node = self._sums()
        if self.text() != ")":
            raise NotHere
        self.at += 1
        return node

    def _function_of_one(self, name: str) -> Node:
        self.skip("of")
        node = self._signed()
        if name == "^1/3":
            return Operation("**", node, Operation("/", Number("1"), Number("3")))
        if name[0] == "^":
            return Operation("**", node, Number(name[1:]))
        if name[0] in "*/":
            return Operation(name[0], node, Number(name[1:]))
        return Function(name, (node,))

    def _function_of_many(self, name: str) -> Node:
        self.skip("value", "number")
        self.skip("of", "between", "among", "when", "from", "you", "get")
        bracket = self.text() == "("
        self.at += bracket
        arguments = [self._product()] if not bracket else [self._sums()]
        between = (",", "and", "to", "by") if name in ("/", "%", "round") else (",", "and")
        while self.text() in between:
            start = self.at
            self.at += 1
            self.skip("and")
            try:
                arguments.append(self._sums() if bracket else self._product())
            except NotHere:
                self.at = start
                break
        if bracket and self.text() != ")":
            raise NotHere
        self.at += bracket
        self._skip_decimal_places(name)
        return _combined(name, arguments)

    # Small words.

    def _percentage(self, node: Node) -> Node:
        start = self.at
        if self.text() == "per" and self.text(1) == "cent":
            self.at += 2
        elif self.text() in ("%", "percent", "percentage"):
            self.at += 1
        else:
            return node
        if self.tokens[start].text == "%" and self._begins_operand():
            self.at = start  # a remainder: 17 % 5
            return node
        share = percent(node)
        way = self.phrase(OF_PERCENT)
        if way is None:
            return share
        whole = self._signed()
        self.skip("bill")
        left = Operation("-", Number("1"), share) if way == "off" else share
        return Operation("*", whole, left) if way == "off" else Operation("*", share, whole)

    def _begins_operand(self) -> bool:
        return self.kind() == "number" or self.text() == "("

    def _modulo(self) -> str | None:
        if self.text() != "%":
            return None
        self.at += 1
        return "%"

    def _of_fraction(self, node: Node) -> str | None:
        """“3/4 of 80”, “two thirds of 90”."""
        fraction = isinstance(node, Operation) and node.sign == "/" and isinstance(node.right, Number)
        if not fraction or self.text() != "of":
            return None
        self.at += 1
        return "*"

    def _skip_counted_noun(self) -> None:
        """“3 apples plus 4 apples”: the noun goes where a sign in words follows it."""
        if self.kind() != "word" or self._infix_at(self.at) or self.at + 1 >= len(self.tokens):
            return
        if self.text(1) in ("plus", "minus", "times", "divided", "multiplied"):
            self.at += 1

    def _skip_decimal_places(self, name: str) -> None:
        if name == "round":
            self.skip("decimal", "decimals", "places", "digits", "place")
            self.skip("place", "places")

    def _infix(self, signs: dict[tuple[str, ...], str]) -> str | None:
        self.burn()
        start = self.at
        sign = self.phrase(signs)
        if sign and not self._operand_follows():
            self.at = start
            return None
        self.signs += sign is not None
        if self.signs > MAX_SIGNS:
            raise NotHere
        return sign

    def _infix_at(self, at: int) -> bool:
        return any(
            self.tokens[at].text == phrase[0] for signs in (SUMS, PRODUCTS, POWERS) for phrase in signs
        )

    def _operand_follows(self) -> bool:
        """Whether there can be an operand here: a sign at the end of a text is punctuation."""
        text = self.text()
        if (
            self.kind() == "number"
            or text in ("(", "-", "+", "√", "minus", "negative", "pi", "π")
            or text in FILLER
        ):
            return bool(text)
        phrases = ONE.keys() | MANY.keys() | (BACK.keys() if self.before is not None else set())
        return any(text == phrase[0] for phrase in phrases)


def _combined(name: str, arguments: list[Node]) -> Node:
    if name == "round":
        return Function(name, tuple(arguments[:2]))
    if (
        name == "%"
        and len(arguments) == 1
        and isinstance(arguments[0], Operation)
        and arguments[0].sign == "/"
    ):
        return Operation("%", arguments[0].left, arguments[0].right)
    if len(arguments) < 2:
        raise NotHere
    if name == "mean":
        return Operation("/", _chained("+", arguments), Number(str(len(arguments))))
    return _chained(name, arguments) if name in "+-*/%" else Function(name, tuple(arguments))


def _chained(sign: str, arguments: list[Node]) -> Node:
    node = arguments[0]
    for argument in arguments[1:]:
        node = Operation(sign, node, argument)
    return node
