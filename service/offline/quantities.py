"""Finds quantities with units, and the units they are wanted in: “5 miles to km”."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .numerals import tokens_of

_UNITS = {
    "length": "m meter meters metre metres km kms kilometer kilometers kilometre kilometres cm "
    "centimeter centimeters "
    "centimetre centimetres mm millimeter millimeters millimetre millimetres mi mile miles yd yard yards "
    "ft foot feet "
    "inch inches micron microns micrometers nanometers nm furlong furlongs fathom fathoms|nautical mile|"
    "nautical miles|"
    "light year|light years|light-year|light-years|astronomical unit|astronomical units",
    "mass": "g gram grams gramme grammes kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes "
    "mg milligram "
    "milligrams lb lbs pound pounds oz ounce ounces stone stones ton tons tonne tonnes|metric ton|metric "
    "tons",
    "temperature": "c f k celsius celcius centigrade fahrenheit farenheit kelvin kelvins °c °f °k|° "
    "c|° f|degrees celsius|"
    "degree celsius|degrees celcius|degrees centigrade|degrees fahrenheit|degree fahrenheit|degrees "
    "farenheit|degrees c|"
    "degrees f|degree c|degree f|degrees kelvin|deg c|deg f",
    "volume": "l liter liters litre litres ml milliliter milliliters millilitre millilitres cl dl "
    "gal gallon gallons "
    "quart quarts pint pints cup cups tablespoon tablespoons tbsp tbsps teaspoon teaspoons tsp tsps barrel "
    "barrels|"
    "fl oz|fluid ounce|fluid ounces|cubic meter|cubic meters|cubic metre|cubic metres|cubic feet|cubic foot|"
    "cubic inches|cubic centimeters|us gallons",
    "area": "acre acres hectare hectares sqft sqm|square meter|square meters|square metre|square "
    "metres|square feet|"
    "square foot|square mile|square miles|square kilometer|square kilometers|square kilometre|square "
    "kilometres|"
    "square inch|square inches|square yard|square yards|sq ft|sq m|sq km|sq mi",
    "time": "s sec secs second seconds min mins minute minutes h hr hrs hour hours day days week "
    "weeks fortnight "
    "fortnights month months year years century centuries ms millisecond milliseconds microseconds",
    "speed": "mph kph kmh kmph knot knots|km/h|m/s|ft/s|mi/h",
    "data": "bit bits byte bytes b kb mb gb tb pb kib mib gib tib kilobyte kilobytes megabyte "
    "megabytes gigabyte "
    "gigabytes terabyte terabytes petabytes",
    "energy": "j joule joules kj kilojoule kilojoules cal kcal calorie calories kilocalories wh kwh "
    "btu|kilowatt hours|"
    "kilowatt hour|watt hours",
    "power": "w watt watts kw kilowatt kilowatts mw megawatts hp horsepower",
    "pressure": "pa pascal pascals kpa hpa bar bars mbar psi atm atmosphere atmospheres mmhg torr",
    "angle": "radian radians rad degree degrees deg",
    "currency": "$ € £ dollar dollars euro euros usd eur gbp jpy chf inr cny cad aud yen yuan rupee "
    "rupees franc "
    "francs peso pesos pound pounds bitcoin bitcoins btc|us dollars|british pounds|swiss francs",
}


def _by_unit() -> dict[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {}
    for kind, names in _UNITS.items():
        first, *phrases = names.split("|")
        for name in [*first.split(), *phrases]:
            kinds.setdefault(name, set()).add(kind)
    return {name: frozenset(found) for name, found in kinds.items()}


KINDS = _by_unit()
_NAMES = "|".join(re.escape(name) for name in sorted(KINDS, key=len, reverse=True)).replace(r"\ ", r"[ ]")
_PER = r"(?:[ ]?/[ ]?|[ ]per[ ]|[ ]an[ ])(?:seconds?|minutes?|hours?|hr|day|s|h|sec|min)"
UNIT = rf"(?:(?:{_NAMES})(?:{_PER})?(?![\w/]))"
_NUMBER = (
    r"(?:(?<![\w.])(?:-|\u2212|minus[ ]|negative[ ])?\d{1,200}(?:\.\d{1,200})?(?:/\d{1,"
    r"200})?|\bhalf[ ]an?[ ]|\b(?:an?|one|each)[ ])"
)
_OF = r"(?:worth[ ]of[ ])?"
_QUANTITY = rf"(?P<n>{_NUMBER})[ -]?(?P<u>{UNIT})"
_TO = r"(?:in(?:[ ]?to)?|to|as|=|->|→|equals?|are|is|makes?)"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_QUANTITY}[ ,]*(?:(?:is|are|equals?|equal|tall|long|high|converted|expressed|measured)[ ])?"
        rf"{_TO}[ ]?(?:\?|how[ ]many|terms[ ]of|what[ ]in)?[ ]?(?P<t>{UNIT})",
        rf"(?:how[ ](?:many|much)[ ]|^)(?P<t>{UNIT})[ ](?:(?:are|is|there|in|make|makes|up|do|does|"
        rf"equal|equals|"
        rf"fit|go|into|"
        rf"would|can|you|get|i|have|from|within|be)[ ]){{1,5}}{_QUANTITY}",
        rf"(?:in|to|into)[ ](?P<t>{UNIT})[ ,]*(?:of|for|from|is|are|what's|what[ ]is|how[ ]\w+[ ]is|:)[ "
        rf"]{_QUANTITY}",
        rf"(?P<n>{_NUMBER})[ ](?:from[ ])(?P<u>{UNIT})[ ](?:to|into|in)[ ](?P<t>{UNIT})",
        rf"(?:from[ ])?\b(?P<u>{UNIT})[ ](?:to|into)[ ](?P<t>{UNIT})[ ]?(?::|,|=|of|for|with|on|-)?[ "
        rf"]?(?P<n>{_NUMBER})",
        rf"(?P<n>{_NUMBER})[ ]?(?P<u>in)[ ](?:to|into|as)[ ](?P<t>{UNIT})",
        rf"{_QUANTITY}[ ](?:to|into)[ ](?P<t>in)(?=[ ]?(?:[?.!,]|$))",
    )
)
_BACK = re.compile(
    rf"\b(?:that|it|this|those|they|them|same)\b(?:[ ](?:be|distance|weight|temperature|length|much|is|are|"
    rf"convert(?:ed)?))?"
    rf"[ ](?:in(?:to)?|to|as)[ ](?P<t>{UNIT})|how[ ]many[ ](?P<t2>{UNIT})[ ](?:is|are|was)[ ](?:that|it|"
    rf"this)\b",
    re.IGNORECASE,
)
_MORE_TARGETS = re.compile(
    rf"[ ]?(?:,[ ]?(?:and[ ])?|and[ ]|or[ ])(?:in|to|into)?[ ]?(?P<t>{UNIT})(?![ ](?:in|to|into)[ ])",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\bconvert[ ](?P<n>-?\d+(?:\.\d+)?)[ ](?P<u>[a-z]{2,20}(?:[ ][a-z]{2,20})?)[ ](?:to|into)[ "
    r"](?P<t>[a-z]{2,20})",
    re.IGNORECASE,
)
_WANTED_UNIT = re.compile(rf"(?:^|\b(?:in|to|into|as|many|the)[ ])(?P<t>{UNIT})", re.IGNORECASE)
_BARE = re.compile(_QUANTITY, re.IGNORECASE)
_FEET_AND_INCHES = re.compile(
    r"(?<![\w.])(\d{1,2})[ ]?(?:feet|foot|ft|'|\u2019)[ ]?(?:and[ ])?(\d{1,2})[ ]?(?:inches|"
    r"inch|in\b|\"|”|''|(?<=['\u2019]\d)\b|(?<=['\u2019]\d\d)\b)",
    re.IGNORECASE,
)
_AND_A_HALF = re.compile(r"(\d+)[ ]and[ ]a[ ]half")
_MIXED = re.compile(r"(?<![\w.])(\d+)[ ](\d)/(\d)(?![\w.])")


@dataclass(frozen=True, slots=True)
class Quantity:
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A quantity and the unit that it is wanted in, both in the words of the text."""

    value: float
    source: str
    target: str

    @property
    def kinds(self) -> frozenset[str]:
        """What both units measure: empty where they measure different things."""
        return kinds_of(self.source) & kinds_of(self.target)


def kinds_of(unit: str) -> frozenset[str]:
    name = re.sub(r"\s+", " ", unit.lower())
    if found := KINDS.get(name):
        return found
    head = re.split(r" ?/ ?| per | an ", name)[0]
    return frozenset({"speed"}) if head != name and KINDS.get(head) else frozenset()


def in_figures(text: str) -> str:
    """The text with its numbers in figures, and feet and inches as inches."""
    pieces, at = [], 0
    for token in tokens_of(text):
        if token.kind == "number" and text[token.start : token.end] != "one":
            pieces += [text[at : token.start], token.text]
            at = token.end
    plain = re.sub(r"\s+", " ", "".join([*pieces, text[at:]]))
    plain = _FEET_AND_INCHES.sub(lambda match: f"{12 * int(match[1]) + int(match[2])} inches", plain)
    plain = _MIXED.sub(lambda match: f"{int(match[1]) + int(match[2]) / (int(match[3]) or 1):g}", plain)
    return _AND_A_HALF.sub(r"\1.5", plain)


def without_conversions(text: str) -> str:
    """The text, as long as before, without “10 miles in km”."""
    return _PATTERNS[0].sub(lambda match: "_" * len(match[0]), text)


def conversions_in(text: str, before: Quantity | None = None) -> list[Conversion]:
    """Every conversion that the text asks for; `before` is the quantity that “that” means."""
    plain = in_figures(text)
    found: list[tuple[int, Conversion]] = []
    taken: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            if not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                found += ((match.start(), conversion) for conversion in _wanted(match, plain))
    if found:
        return [conversion for _, conversion in sorted(found, key=lambda item: item[0])]
    return list(_referring(plain, before)) or list(_apart(plain)) or list(_unknown(plain))


def quantities_in(text: str) -> list[Quantity]:
    """The quantities with units that the text names."""
    return [Quantity(_value(match["n"]), match["u"]) for match in _BARE.finditer(in_figures(text))]


def _wanted(match: re.Match[str], plain: str) -> Iterator[Conversion]:
    value, source = _value(match["n"]), _unit(match["u"])
    targets = [match["t"]]
    at = match.end()
    while match.end("t") == match.end() and (more := _MORE_TARGETS.match(plain, at)):
        targets.append(more["t"])
        at = more.end()
    for target in targets:
        conversion = Conversion(value, source, _unit(target))
        explicit = re.search(r"\bconver", plain[: match.start() + 8], re.IGNORECASE) is not None
        if source == "in" or target == "in" or conversion.kinds or (explicit and len(target) > 1):
            yield conversion


def _referring(plain: str, before: Quantity | None) -> Iterator[Conversion]:
    for match in _BACK.finditer(plain):
        own = list(_BARE.finditer(plain, 0, match.start()))
        quantity = Quantity(_value(own[-1]["n"]), own[-1]["u"]) if own else before
        target = match["t"] or match["t2"]
        if quantity and kinds_of(quantity.unit) & kinds_of(target):
            yield Conversion(quantity.value, _unit(quantity.unit), _unit(target))


def _apart(plain: str) -> Iterator[Conversion]:
    """One quantity, and somewhere else one unit of its kind: “the celsius value if it is 68 fahrenheit”."""
    quantities = list(_BARE.finditer(plain))
    if len(quantities) != 1:
        return
    quantity = quantities[0]
    units = (found["t"] for found in _WANTED_UNIT.finditer(plain) if not _overlap(found, quantity))
    for target in units:
        conversion = Conversion(_value(quantity["n"]), _unit(quantity["u"]), _unit(target))
        if conversion.kinds - {"time"}:  # days and hours are named in passing
            yield conversion
            return


def _overlap(a: re.Match[str], b: re.Match[str]) -> bool:
    return a.start() < b.end() and b.start() < a.end()


def _unknown(plain: str) -> Iterator[Conversion]:
    for match in _UNKNOWN.finditer(plain):
        yield Conversion(_value(match["n"]), match["u"], match["t"])


def _unit(name: str) -> str:
    """A letter that means degrees in speech is spelt out: elsewhere F and C are farad and coulomb."""
    short = re.sub(r"^(?:°|degrees?|deg)[ ]?", "", name.lower())
    letters = {
        "c": "celsius",
        "f": "fahrenheit",
        "k": "kelvin",
        "farenheit": "fahrenheit",
        "celcius": "celsius",
    }
    return letters.get(short, short if short in ("celsius", "fahrenheit", "kelvin", "centigrade") else name)


def _value(text: str) -> float:
    text = text.strip().lower()
    if text.startswith("half"):
        return 0.5
    if text in ("a", "an", "one", "each"):
        return 1
    text = re.sub(r"^(?:\u2212|minus |negative )", "-", text)
    number, _, divisor = text.partition("/")
    value = float(number) / (float(divisor or 1) or 1)
    return int(value) if value == int(value) and abs(value) < 1e15 else value
