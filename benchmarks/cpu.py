"""CPU time and memory of a process with all its children, from its clocks and /proc (Linux)."""

import os
import time
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on; the second, a name, may hold blanks (man 5 proc)."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """`root` and every process below it."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    parents = {pid: int(stat[1]) for pid in pids if (stat := _stat(pid))}
    found = [root]
    for parent in found:
        found += [pid for pid, its_parent in parents.items() if its_parent == parent]
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree; children that have ended count too."""
    return sum(_own_seconds(pid) + _children_seconds(pid) for pid in tree(root))


def _own_seconds(pid: int) -> float:
    """To the nanosecond, by the process's clock: /proc counts in ticks of 10 ms, and what is compared may be
    a few of them. The clock's id is as clock_getcpuclockid(3) makes it, which Python does not have."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:  # it has ended
        return 0.0


def _children_seconds(pid: int) -> float:
    stat = _stat(pid)
    return sum(map(int, stat[13:15])) / TICK if stat else 0.0


def resident_mb(root: int) -> float:
    """Resident memory of the tree in 10⁶ bytes; a page that two of its processes share counts twice."""
    return sum(map(_resident_kb, tree(root))) * 1024 / 1e6


def _resident_kb(pid: int) -> int:
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))
