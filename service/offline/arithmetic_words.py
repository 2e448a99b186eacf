"""The words and signs of arithmetic, as people write them."""

from .numerals import ORDINALS

SUMS = {("+",): "+", ("plus",): "+", ("added", "to"): "+"} | {
    (word,): "-" for word in ("-", "\u2212", "\u2013", "minus", "less")
}
PRODUCTS = {(word,): "*" for word in ("*", "\u00d7", "·", "x", "times")} | {
    ("multiplied", "by"): "*",
    ("times", "by"): "*",
    ("/",): "/",
    ("÷",): "/",
    ("over",): "/",
    ("divided", "by"): "/",
    ("is", "divided", "by"): "/",
    ("//",): "//",
    ("mod",): "%",
    ("modulo",): "%",
    ("modulus",): "%",
}
POWERS = {
    ("^",): "**",
    ("**",): "**",
    ("raised", "to"): "**",
    ("to", "the", "power"): "**",
    ("to", "the", "power", "of"): "**",
} | {
    ("raised", "to", "the", "power"): "**",
    ("raised", "to", "the", "power", "of"): "**",
    ("raised", "to", "power"): "**",
}
ONE = {
    ("sqrt",): "sqrt",
    ("√",): "sqrt",
    ("square", "root"): "sqrt",
    ("root",): "sqrt",
    ("cbrt",): "^1/3",
    ("cube", "root"): "^1/3",
    ("cubic", "root"): "^1/3",
    ("abs",): "abs",
    ("absolute", "value"): "abs",
    ("factorial",): "factorial",
    ("floor",): "floor",
    ("ceil",): "ceil",
    ("ceiling",): "ceil",
    ("square",): "^2",
    ("cube",): "^3",
    ("double",): "*2",
    ("twice",): "*2",
    ("triple",): "*3",
    ("thrice",): "*3",
    ("quadruple",): "*4",
    ("half",): "/2",
    ("halve",): "/2",
    ("third",): "/3",
    ("quarter",): "/4",
}
MANY = (
    {
        ("sum",): "+",
        ("total",): "+",
        ("product",): "*",
        ("difference",): "-",
        ("quotient",): "/",
        ("ratio",): "/",
        ("remainder",): "%",
        ("average",): "mean",
        ("mean",): "mean",
        ("gcd",): "gcd",
        ("hcf",): "gcd",
        ("greatest", "common", "divisor"): "gcd",
        ("greatest", "common", "factor"): "gcd",
        ("highest", "common", "factor"): "gcd",
        ("lcm",): "lcm",
        ("least", "common", "multiple"): "lcm",
        ("lowest", "common", "multiple"): "lcm",
        ("pow",): "pow",
        ("round",): "round",
    }
    | {
        (word,): "max"
        for word in ("max", "maximum", "largest", "biggest", "greatest", "highest", "larger", "bigger")
    }
    | {(word,): "min" for word in ("min", "minimum", "smallest", "lowest", "smaller")}
)
# The verb of a sum that names its operands after it, the word between them, and whether they are swapped.
VERBS = {
    "add": ("+", {"and", "to", "plus", "with", ","}, False),
    "sum": ("+", {"and", "plus", "with", ","}, False),
    "subtract": ("-", {"from"}, True),
    "deduct": ("-", {"from"}, True),
    "take": ("-", {"from"}, True),
    "multiply": ("*", {"by", "and", "with", "times", ","}, False),
    "divide": ("/", {"by", "into", "among", "between"}, False),
    "raise": ("**", {"to"}, False),
    "increase": ("+", {"by"}, False),
    "raised": ("**", {"to"}, False),
    "decrease": ("-", {"by"}, False),
    "reduce": ("-", {"by"}, False),
}
BACK = dict.fromkeys(
    [
        ("it",),
        ("that",),
        ("this",),
        ("the", "result"),
        ("the", "answer"),
        ("the", "total"),
        ("the", "sum"),
        ("the", "product"),
        ("result",),
        ("answer",),
    ],
    "before",
)
OF_PERCENT = {
    ("of",): "of",
    ("off",): "off",
    ("off", "of"): "off",
    ("discount", "on"): "off",
    ("discount", "off"): "off",
    ("tip", "on"): "of",
    ("tip", "for"): "of",
    ("tax", "on"): "of",
    ("vat", "on"): "of",
    ("interest", "on"): "of",
    ("gratuity", "on"): "of",
}
DENOMINATORS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4} | {
    word + plural: number for word, number in ORDINALS.items() if word != "second" for plural in ("", "s")
}
FILLER = {"the", "a", "an", "number", "numbers", "value", "of", "bill"}
