"""Compares what was told with what was done: nothing lost, repeated, invented, mixed or out of order."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.events import (
    BridgeEvent,
    Custom,
    MessageEnd,
    Reasoning,
    Sources,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
)
from tests.bridge.ledger import Entry, Ledger, ModelCall, Strand
from tests.bridge.well_formed import breaches

Item = tuple[str, str]


@dataclass(frozen=True)
class Account:
    """What a case did and what was told of it. `done_before` is the ledger's length when the run was ended.

    `whole`: the chain went its way; else a branch beside one that failed may go on for nobody, or have been
    cut off: then no more of it is told, and of what a thread did the last may be missing. `cut`: the handler
    itself failed.
    `struck` is the entry at which a handler beside ours raised: LangChain may have asked that one first.
    """

    ledger: Ledger
    events: Sequence[BridgeEvent]
    done_before: int
    whole: bool
    cut: bool = False
    struck: int | None = None


def differences(account: Account) -> list[str]:
    """How the story differs from the ledger."""
    if account.cut:
        return [*_invented(account), *_holes(account), *_order(account)]
    return [
        *breaches(account.events, nested=account.whole),
        *_invented(account),
        *_lost(account),
        *_holes(account),
        *_order(account),
        *_messages(account),
        *(_endings(account) if account.whole else ()),
    ]


def items_of(event: BridgeEvent, keys: dict[str, str]) -> Iterator[Item]:
    """What the ledger calls what this event tells; `keys` remembers tools' keys by their ids."""
    match event:
        case Token():
            yield from (("token", key) for key in re.findall(r"(\d+:\d+);", event.text))
        case Reasoning():
            yield from (("reasoning", key) for key in re.findall(r"r(\d+:\d+);", event.text))
        case ToolStart():
            keys[event.tool_call_id] = event.input["key"]
            yield "tool", event.input["key"]
        case ToolEnd():
            yield "tool_end", keys[event.tool_call_id]
        case ToolError(code="tool_failed" | "invalid_arguments"):
            yield "tool_end", keys[event.tool_call_id]
        case StepStart() if event.name.startswith(("function", "node")):
            yield "step", event.name
        case StepEnd() if event.name.startswith(("function", "node")):
            yield "step_end", event.name
        case Custom(name="noted") | ToolProgress(name="noted"):
            yield "custom", str(event.data_["n"])
        case Sources():
            yield "sources", str(event.items[0]["id"]).partition("/")[0]
        case _:
            pass


def _told(account: Account) -> list[Item]:
    keys: dict[str, str] = {}
    items = [item for event in account.events for item in items_of(event, keys)]
    return [item for item in items if not (item[0].startswith("tool") and item[1] in account.ledger.refused)]


def _invented(account: Account) -> Iterator[str]:
    done = {(entry.kind, entry.key) for entry in account.ledger.entries}
    for item, count in Counter(_told(account)).items():
        if count > 1:
            yield f"told {count} times: {item}"
        # The ends that the bridge itself puts where something was cut off, and what failed in its first line.
        if item not in done and not item[0].startswith("step") and (item[0] != "tool_end" or account.whole):
            if item[0] != "tool" or account.whole:
                yield f"told but never done: {item}"


def _lost(account: Account) -> Iterator[str]:
    told = set(_told(account))
    for at, entry in enumerate(account.ledger.entries[: account.done_before]):
        if at != account.struck and (entry.kind, entry.key) not in told and _is_sure(at, entry, account):
            yield f"lost: {entry}"


def _is_sure(at: int, entry: Entry, account: Account) -> bool:
    """Whether it has to be told: what a model does not stream is told only where it comes to its end."""
    if any(
        failed <= at and strand[: len(entry.strand)] != entry.strand
        for failed, strand in account.ledger.faults
    ):
        return account.whole
    if entry.kind in ("token", "reasoning") and not entry.streamed:
        call = account.ledger.calls[int(entry.key.partition(":")[0])]
        return account.whole and call.finish != "error"
    return account.whole or not (entry.threaded or not entry.streamed or entry.kind.endswith("_end"))


def _holes(account: Account) -> Iterator[str]:
    """What is told of a call is its beginning, wherever it was cut off."""
    told = set(_told(account))
    missing: dict[tuple[str, str], str] = {}
    for entry in account.ledger.entries:
        if entry.kind in ("token", "reasoning"):
            call = entry.kind, entry.key.partition(":")[0]
            if (entry.kind, entry.key) not in told:
                missing.setdefault(call, entry.key)
            elif call in missing:
                yield f"a hole: {missing[call]} was not told, and {entry.key} was"


def _order(account: Account) -> Iterator[str]:
    """In each branch, what came before and after it in the branches around it included."""
    told = {item: at for at, item in enumerate(_told(account))}
    for strand, entries in _strands(account).items():
        places = [
            (told[entry.kind, entry.key], entry) for entry in entries if (entry.kind, entry.key) in told
        ]
        for (before, first), (after, second) in pairwise(places):
            if after < before:
                yield f"out of order in {strand}: {second} was told before {first}"


def _strands(account: Account) -> dict[Strand, list[Entry]]:
    strands: dict[Strand, list[Entry]] = defaultdict(list)
    for entry in account.ledger.entries:
        if account.whole or not entry.kind.endswith("_end"):
            strands[entry.strand].append(entry)
    if not account.whole:
        return strands
    return {
        strand: [entry for entry in account.ledger.entries if strand[: len(entry.strand)] == entry.strand]
        for strand in strands
    }


def _messages(account: Account) -> Iterator[str]:
    """Each call is one message, in its place, on its channel, and its tool calls join to what it wrote."""
    steps = {event.step: event.name for event in account.events if isinstance(event, StepStart)}
    calls_of: dict[str, set[int]] = defaultdict(set)
    args: dict[tuple[str, str], str] = defaultdict(str)
    for event in account.events:
        if isinstance(event, Token | Reasoning):
            calls_of[event.message_id] |= {int(n) for n in re.findall(r"(\d+):\d+;", event.text)}
            for number in calls_of[event.message_id]:
                yield from _misplaced(event, account.ledger.calls[number], steps)
        elif isinstance(event, ToolCall):
            args[event.message_id, event.tool_call_id] += event.args_delta
    mixed = {message_id: calls for message_id, calls in calls_of.items() if len(calls) != 1}
    if mixed:
        yield f"messages of several calls: {mixed}"
    if len({next(iter(calls)) for calls in calls_of.values() if calls}) != len(calls_of):
        yield f"calls in several messages: {dict(calls_of)}"
    yield from _args(account, {id_: text for (_, id_), text in args.items()})


def _misplaced(event: Token | Reasoning, call: ModelCall, steps: dict[str, str]) -> Iterator[str]:
    if isinstance(event, Token) and (event.channel == "inner") != call.inner:
        yield f"on the wrong channel: {event}"
    if steps.get(event.step or "") != call.step:
        yield f"in the wrong step, {steps.get(event.step or '')} rather than {call.step}: {event}"


def _args(account: Account, told: dict[str, str]) -> Iterator[str]:
    for call in account.ledger.calls.values():
        for id_, written in call.args.items():
            if account.whole and told.get(id_) != written:
                yield f"the arguments of {id_} were {written} and told as {told.get(id_)}"
            elif not written.startswith(told.get(id_, "")):
                yield f"the arguments of {id_} began {written} and told as {told[id_]}"


def _endings(account: Account) -> Iterator[str]:
    """How the messages ended, as many times as they did, and what they used."""
    calls = account.ledger.calls.values()
    told = Counter(event.finish_reason for event in account.events if isinstance(event, MessageEnd))
    if told != (done := Counter(call.finish for call in calls)):
        yield f"messages ended {dict(told)} and not {dict(done)}"
    usages = [event for event in account.events if isinstance(event, Usage)]
    used = sorted(event.output_tokens for event in usages if not event.estimated)
    reported = sorted(call.number for call in calls if call.reports_usage and call.finish != "error")
    if used != reported:
        yield f"usage of {used} and not of {reported}"
    refused = [
        event for event in account.events if isinstance(event, ToolError) and event.code == "cancelled"
    ]
    if refused:
        yield f"nothing was cancelled: {refused}"
