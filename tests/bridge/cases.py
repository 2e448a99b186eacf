"""Many generated cases. `python -m tests.bridge.cases --cases 100000` prints the table of what they had.

A failure names its seed; `python -m tests.bridge.cases --seed N` runs that case alone and shows its story.
"""

import argparse
import asyncio
import gc
import logging
import multiprocessing
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.amounts import CASES
from tests.bridge.case_features import FEATURES
from tests.bridge.driven_case import HUNG, DrivenCase
from tests.bridge.random_cases import case_of

CHUNK = 250
SHOWN = 5  # failures


@dataclass
class Report:
    """What the cases had, and by seed what was wrong."""

    cases: int = 0
    seconds: float = 0.0
    features: Counter[str] = field(default_factory=Counter)
    failures: dict[int, list[str]] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Features that no case had."""
        return [feature for feature in FEATURES if not self.features[feature]]

    def add(self, other: "Report") -> None:
        self.cases += other.cases
        self.features += other.features
        self.failures |= other.failures

    def table(self) -> str:
        rows = (f"{self.features[feature]:>9}  {feature}" for feature in FEATURES)
        return "\n".join([*rows, "", f"{self.cases} cases in {self.seconds:.0f} s: {self.verdict()}"])

    def verdict(self) -> str:
        if not self.failures:
            return "nothing lost, repeated, reordered or hanging"
        lines = [f"{len(self.failures)} went wrong"]
        for seed, wrong in sorted(self.failures.items())[:SHOWN]:
            lines += [f"seed {seed} (alone: python -m tests.bridge.cases --seed {seed})"]
            lines += [f"    {line}" for line in wrong[:SHOWN]]
        return "\n".join(lines)


def run_cases(count: int, *, first: int = 0, processes: int | None = None) -> Report:
    """Run the cases of `count` seeds from `first` on, in processes."""
    began, report = time.monotonic(), Report()
    chunks = [range(at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context) as pool:
        for part in pool.map(run_here, chunks):
            report.add(part)
        if any(HUNG in wrong for wrong in report.failures.values()):
            for process in pool._processes.values():
                process.kill()  # it may wait for ever for a thread that hangs
    report.seconds = time.monotonic() - began
    return report


def run_here(seeds: Iterable[int]) -> Report:
    """Run cases one after the other, in this process; LangChain's words on failing callbacks are hushed."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coroutines that LangChain did not await when a callback raised
        loop = asyncio.new_event_loop()  # `asyncio.run` would wait for threads that hang
        try:
            return loop.run_until_complete(_run(seeds))
        finally:
            loop.close()
            gc.collect()
            logging.disable(logging.NOTSET)


async def _run(seeds: Iterable[int]) -> Report:
    report, astray = Report(), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: astray.append(str(context)))
    for seed in seeds:
        driven = DrivenCase(case_of(seed))
        wrong = await driven.run() + [f"in nobody's hands: {error}" for error in astray]
        astray.clear()
        report.cases += 1
        report.features.update(driven.features)
        if wrong:
            report.failures[seed] = wrong
        if HUNG in wrong:
            break  # each takes long, and one is enough
    return report


async def _story_of(seed: int) -> str:
    driven = DrivenCase(case_of(seed))
    wrong = await driven.run()
    return "\n".join([str(case_of(seed)), *map(str, driven.events), *(wrong or ["nothing was wrong"])])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bridge.cases", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="run this one alone, and show its story")
    args = parser.parse_args()
    if args.seed is not None:
        sys.stdout.write(asyncio.run(_story_of(args.seed)) + "\n")
        return 0
    report = run_cases(args.cases, first=args.first)
    sys.stdout.write(report.table() + "\n")
    return 1 if report.failures or report.missing else 0


if __name__ == "__main__":
    sys.exit(main())
