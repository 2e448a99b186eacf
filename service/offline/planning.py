"""Which tools to call for a prompt, with which arguments: each clause on its own, then what refers back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .calculators import calculations_in, expression_tool, is_about_operations, next_steps, sign_tools
from .clauses import Clause, clauses_of
from .clocks import asks_for_time, clock_calls, clock_tool
from .conversation import Called, Conversation
from .converters import conversion_call, conversions_wanted
from .matching import Match, best_match, match_of
from .schemas import Tool
from .words import stem, words_of, words_of_name

MAX_CALLS = 16

_NO_TOOLS = re.compile(
    r"\b(?:don't|do not|without|no need to|never) (?:us(?:e|ing)|call(?:ing)?) (?:\w+ )?(?:tools?|"
    r"calculator|functions?)\b|\bno tools\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^(?:and|what about|how about|or|and what about|and how about|same for|now|also|then)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_RESULT = re.compile(r"(?:^|=\s*)(-?\d+(?:\.\d+)?)(?=\s*$|\s*\()")


@dataclass(frozen=True, slots=True)
class Call:
    tool: str
    args: dict[str, Any]


@dataclass(slots=True)
class Plan:
    """`calls` to make now; `unmet` are requests that no tool fits, `lacking` tools that lack arguments."""

    calls: list[Call] = field(default_factory=list)
    unmet: list[Clause] = field(default_factory=list)
    lacking: list[Match] = field(default_factory=list)


def plan(conversation: Conversation, tools: Sequence[Tool]) -> Plan:
    """What the prompt asks of the tools, without what was called since."""
    if _NO_TOOLS.search(conversation.prompt) or not tools:
        return Plan(unmet=clauses_of(conversation.prompt))
    result = _planned(conversation, tools)
    if not result.calls and not conversation.called and conversation.called_before:
        result.calls = _following_up(conversation, tools)
    made = conversation.called
    unique: list[Call] = []
    for call in result.calls:
        if call not in unique and not any(each.same_as(call.tool, call.args) for each in made):
            unique.append(call)
    result.calls = unique[:MAX_CALLS]
    return result


def forced(conversation: Conversation, tools: Sequence[Tool]) -> list[Call]:
    """At least one call of these tools, its arguments as good as the text allows; none made before."""
    fitting = plan(conversation, tools).calls
    if fitting:
        return fitting
    text = " ".join([conversation.prompt, *(each.result or "" for each in conversation.called)])
    whole = Clause(text.strip(), "command")
    matches = [match_of(tool, whole, text, force=True) for tool in tools]
    for match in sorted(matches, key=lambda match: -match.score):
        call = Call(match.tool.name, match.filling.args)
        if not any(each.same_as(call.tool, call.args) for each in conversation.called):
            return [call]
    return []


def _planned(conversation: Conversation, tools: Sequence[Tool]) -> Plan:
    verbs = frozenset(stem(words_of_name(tool.name)[0]) for tool in tools if words_of_name(tool.name))
    nouns = frozenset(word for tool in tools for word in tool.name_stems)
    clauses = clauses_of(conversation.prompt, verbs, nouns)
    calls: dict[int, list[Call]] = {}
    for index, call in [
        *_conversions(clauses, tools),
        *_clocks(clauses, tools),
    ]:
        calls.setdefault(index, []).append(call)
    for indices, call in _calculations(clauses, tools, conversation, frozenset(calls)):
        for index in indices:
            calls.setdefault(index, [])
        calls[indices[-1]].append(call)
    result = Plan()
    others = _judged_by_words(tools)
    for index, clause in enumerate(clauses):
        if index not in calls:
            _match(clause, others, conversation.prompt, calls.setdefault(index, []), result)
    result.calls = [call for index in sorted(calls) for call in calls[index]]
    return result


def _judged_by_words(tools: Sequence[Tool]) -> list[Tool]:
    """Without the tools whose calls arithmetic, units and the time of day decide."""
    expression = expression_tool(tools)
    decided = [clock_tool(tools), expression and expression[0], *sign_tools(tools).values()]
    return [
        tool
        for tool in tools
        if not any(tool is other for other in decided) and not tool.having("unit_to", "currency_to")
    ]


def _conversions(clauses: Sequence[Clause], tools: Sequence[Tool]) -> Iterator[tuple[int, Call]]:
    for wish in conversions_wanted(clauses):
        if found := conversion_call(tools, wish.conversion):
            yield wish.clause, Call(found[0].name, found[1])


def _clocks(clauses: Sequence[Clause], tools: Sequence[Tool]) -> Iterator[tuple[int, Call]]:
    tool = clock_tool(tools)
    for index, clause in enumerate(clauses):
        if tool and asks_for_time(clause):
            for args in clock_calls(tool, clause, clauses[:index]):
                yield index, Call(tool.name, args)


def _calculations(
    clauses: Sequence[Clause], tools: Sequence[Tool], conversation: Conversation, taken: frozenset[int]
) -> Iterator[tuple[tuple[int, ...], Call]]:
    """The clauses that a calculation is made of, and its call."""
    whole = expression_tool(tools)
    signs = sign_tools(tools)
    if not whole and not signs:
        return
    for calculation in calculations_in(clauses, _last_number(conversation)):
        if calculation.clause in taken and calculation.node is None:
            continue
        indices = (*calculation.part, calculation.clause)
        if whole:
            yield indices, Call(whole[0].name, {whole[1]: calculation.expression})
        elif calculation.node is not None and is_about_operations(calculation.node, signs):
            for tool, args in next_steps(calculation.node, signs, _results(conversation, signs))[0]:
                yield indices, Call(tool.name, args)


def _match(clause: Clause, tools: Sequence[Tool], prompt: str, calls: list[Call], result: Plan) -> None:
    match = best_match(tools, clause, prompt)
    if match is None:
        result.unmet.append(clause)
    elif match.complete:
        calls += (Call(match.tool.name, args) for args in match.filling.calls())
    elif clause.mood == "command":
        result.lacking.append(match)
    else:
        result.unmet.append(clause)


def _following_up(conversation: Conversation, tools: Sequence[Tool]) -> list[Call]:
    """“And in London?” asks the tool of the prompt before again, with what is new."""
    text = conversation.prompt
    if not _ELLIPSIS.match(text) or len(words_of(text)) > 8:
        return []
    last = conversation.called_before[-1]
    tool = next((tool for tool in tools if tool.name == last.name), None)
    if tool is None or tool.having("expression"):
        return []
    clause = Clause(text, "question")
    filling = match_of(tool, clause, text).filling
    changed = {name: value for name, value in filling.args.items() if name in last.args or value}
    typed = {param.name for param in tool.params if param.kind not in ("text", "query", "body", "expression")}
    if not typed & changed.keys() and len(tool.required) != 1:
        return []
    return [Call(tool.name, last.args | args) for args in filling.calls() if args and args != last.args]


def _last_number(conversation: Conversation) -> str | None:
    """What “it” means in “and times 3?”: the last number of the last result before the prompt."""
    if not conversation.called_before:
        return None
    numbers = _RESULT.findall(conversation.called_before[-1].result or "")
    return numbers[-1] if numbers else None


def _results(conversation: Conversation, signs: dict[str, Tool]) -> dict[tuple[str, str, str], str]:
    known = {}
    for each in conversation.called:
        number = _value_of(each)
        if (
            number is not None
            and len(each.args) == 2
            and any(tool.name == each.name for tool in signs.values())
        ):
            left, right = (_shown(value) for value in each.args.values())
            known[each.name, left, right] = number
    return known


def _value_of(called: Called) -> str | None:
    numbers = _NUMBER.findall(called.result or "")
    return _shown(float(numbers[-1])) if numbers and not called.failed else None


def _shown(value: Any) -> str:
    return str(int(value)) if isinstance(value, (int, float)) and value == int(value) else str(value)
