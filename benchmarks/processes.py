"""What a server and all its children use, from /proc; and how a budget is told."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> list[int]:
    """A process and its living descendants."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(FileNotFoundError):  # The thread ended meanwhile.
                found += map(int, task.read_text().split())
    return found


def cpu(root: int) -> float:
    """Seconds of processor time of a tree so far, children that are gone included."""
    ticks = 0
    for pid in tree(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def memory(root: int) -> float:
    """Resident MiB of a tree."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in tree(root))
    return pages * PAGE / 1024 / 1024


def judged(budgets: Iterable[tuple[str, float, float, bool]]) -> bool:
    """Print each budget as met or missed: what, figure, limit, whether more is better. True when all are met."""
    all_met = True
    for what, figure, limit, more in budgets:
        met = figure >= limit if more else figure <= limit
        all_met &= met
        print(f"{'met   ' if met else 'MISSED'}  {what}: {figure:.3g} (at {'least' if more else 'most'} {limit:g})")
    return all_met
