"""Prints a Markdown table for each benchmark named; without a name, for all."""

import argparse
import os
import sys
from dataclasses import replace

from .client import StreamFailed
from .compare import compare
from .filtering import filtering
from .growth import growth
from .hops import hops
from .observing import observing
from .processes import Cores, StartFailed
from .proxying import proxying
from .recording import recording
from .search import history_search
from .securing import securing
from .sizes import FULL, QUICK
from .subscribers import subscribers

BENCHMARKS = {
    "compare": compare,
    "proxying": proxying,
    "subscribers": subscribers,
    "growth": growth,
    "hops": hops,
    "recording": recording,
    "securing": securing,
    "observing": observing,
    "filtering": filtering,
    "search": history_search,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[[], *BENCHMARKS], metavar="name", help=" ".join(BENCHMARKS)
    )
    parser.add_argument("--rounds", type=int, help="how often `compare` measures each system")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it runs, not how fast")
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else FULL
    sizes = replace(sizes, runs=arguments.rounds or sizes.runs)
    cores = Cores.of_this_machine()
    os.sched_setaffinity(0, {cores.others})
    if cores.shared:
        print("One core for server, upstream and client: read the CPU figures, not the times.\n")
    try:
        for name in arguments.names or BENCHMARKS:
            print(BENCHMARKS[name](sizes, cores), flush=True)
    except (StartFailed, StreamFailed) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
