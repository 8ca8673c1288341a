"""The coverage of documented errors and outcomes: merged over servers, and as a table or Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from msgsim.client.answers import Coverage, ProviderCoverage, Share, Times

PARTS: tuple[Literal["errors"], Literal["outcomes"]] = ("errors", "outcomes")
HEAD = ("provider", *PARTS, "in all")


def merged(coverages: Iterable[Coverage]) -> Coverage:
    """The coverage by several servers together: their counts are added."""
    counted: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for coverage in coverages:
        for name, provider in coverage["providers"].items():
            errors, outcomes = counted.setdefault(name, (Counter(), Counter()))
            errors.update(provider["errors"]["times"])
            outcomes.update(provider["outcomes"]["times"])
    providers = {name: _provider(*map(_times, parts)) for name, parts in counted.items()}
    return {**_sum(providers.values()), "providers": providers}


def used(coverage: Coverage) -> Coverage:
    """The coverage of those providers of which at least one error or outcome was seen."""
    providers = {name: provider for name, provider in coverage["providers"].items() if provider["seen"]}
    return {**_sum(providers.values()), "providers": providers}


def _provider(errors: Times, outcomes: Times) -> ProviderCoverage:
    return {**_sum((errors, outcomes)), "errors": errors, "outcomes": outcomes}


def _times(counted: Counter[str]) -> Times:
    return {**_share_of(sum(1 for times in counted.values() if times), len(counted)), "times": dict(counted)}


def _sum(parts: Iterable[Share]) -> Share:
    listed = list(parts)
    return _share_of(sum(part["seen"] for part in listed), sum(part["all"] for part in listed))


def _share_of(seen: int, all: int) -> Share:
    return {"seen": seen, "all": all, "percent": round(100 * seen / all, 1) if all else 100.0}


def table(coverage: Coverage) -> Iterator[str]:
    """Lines of a table: a head, a row per provider, and a row for all if there are several."""
    rows = [HEAD, *_rows(coverage)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def markdown(coverage: Coverage) -> Iterator[str]:
    """Lines of Markdown for the summary of a CI run: the table, then the errors and outcomes that were not seen."""
    for place, row in enumerate((HEAD, *_rows(coverage))):
        yield f"| {' | '.join(row)} |"
        if not place:
            yield f"|{' --- |' * len(HEAD)}"
    for line in missing(coverage):
        yield ""
        yield line


def missing(coverage: Coverage) -> Iterator[str]:
    """A line per provider with the documented errors and outcomes that were not seen."""
    for name, provider in coverage["providers"].items():
        unseen = [key for part in PARTS for key, times in provider[part]["times"].items() if not times]
        if unseen:
            yield f"{name}: not seen: {', '.join(unseen)}"


def _rows(coverage: Coverage) -> list[tuple[str, ...]]:
    rows = [
        (name, *(_share(provider[part]) for part in PARTS), _share(provider))
        for name, provider in coverage["providers"].items()
    ]
    return [*rows, ("all", *[""] * len(PARTS), _share(coverage))] if len(rows) > 1 else rows


def _share(part: Share) -> str:
    percent = 100 * part["seen"] / part["all"] if part["all"] else 100
    return f"{part['seen']} of {part['all']}  {percent:.0f}%"
