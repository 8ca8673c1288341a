"""The coverage of documented errors and outcomes, as people read it: a table, or Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgsim.client.api import Json

PARTS = ("errors", "outcomes")
HEAD = ("provider", *PARTS, "in all")


def merged(coverages: Iterable[Json]) -> Json:
    """What several servers have seen together."""
    times: dict[str, dict[str, Counter[str]]] = {}
    for coverage in coverages:
        for name, provider in coverage["providers"].items():
            for part in PARTS:
                counted = times.setdefault(name, {}).setdefault(part, Counter())
                counted.update(provider[part]["times"])
    providers = {
        name: _whole({part: _summed(counted) for part, counted in parts.items()}) for name, parts in times.items()
    }
    return {**_sum(providers.values()), "providers": providers}


def _summed(counted: Counter[str]) -> Json:
    return {"seen": sum(1 for times in counted.values() if times), "all": len(counted), "times": dict(counted)}


def _whole(parts: dict[str, Json]) -> Json:
    return {**_sum(parts.values()), **parts}


def _sum(parts: Iterable[Json]) -> Json:
    listed = list(parts)
    seen, all = sum(one["seen"] for one in listed), sum(one["all"] for one in listed)
    return {"seen": seen, "all": all, "percent": round(100 * seen / all, 1) if all else 100.0}


def table(coverage: Json) -> Iterator[str]:
    """One line per provider, under a head."""
    rows = [HEAD, *_rows(coverage)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def markdown(coverage: Json) -> Iterator[str]:
    """The table, and what was not seen, for the summary of a pipeline."""
    for place, row in enumerate((HEAD, *_rows(coverage))):
        yield f"| {' | '.join(row)} |"
        if not place:
            yield f"|{' --- |' * len(HEAD)}"
    for line in missing(coverage):
        yield ""
        yield line


def missing(coverage: Json) -> Iterator[str]:
    """What is documented and was not seen, a line per provider."""
    for name, provider in coverage["providers"].items():
        unseen = [key for part in PARTS for key, times in provider[part]["times"].items() if not times]
        if unseen:
            yield f"{name}: not seen: {', '.join(unseen)}"


def _rows(coverage: Json) -> list[tuple[str, ...]]:
    rows = [(name, *(_share(one[part]) for part in PARTS), _share(one)) for name, one in coverage["providers"].items()]
    return [*rows, ("all", *[""] * len(PARTS), _share(coverage))] if len(rows) > 1 else rows


def _share(part: Json) -> str:
    percent = 100 * part["seen"] / part["all"] if part["all"] else 100
    return f"{part['seen']} of {part['all']}  {percent:.0f}%"
