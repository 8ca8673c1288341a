"""``python -m reliability [--long] [PART...]``: measure, print the figures, and fail when a promise is broken."""

import argparse
import sys
from collections.abc import Callable

from reliability import (
    accepted,
    connections,
    crash,
    documents,
    faults,
    fuzz,
    outage,
    patterns,
    replicas,
    security,
    soak,
)
from reliability.figures import Figure


def parts(long: bool) -> dict[str, Callable[[], list[Figure]]]:
    return {
        "crash": lambda: crash.run(crash.LONG if long else crash.SHORT),
        "outage": lambda: outage.run(outage.LONG if long else outage.SHORT),
        "replicas": lambda: replicas.run(replicas.LONG if long else replicas.SHORT),
        "accepted": lambda: accepted.run(accepted.LONG if long else accepted.SHORT),
        "faults": faults.run,
        "fuzz": lambda: fuzz.run(fuzz.LONG if long else fuzz.SHORT),
        "documents": lambda: documents.run(documents.LONG if long else documents.SHORT),
        "edge": lambda: connections.run(connections.LONG if long else connections.SHORT),
        "security": security.run,
        "patterns": patterns.run,
        "soak": lambda: soak.run(soak.LONG if long else soak.SHORT),
    }


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m reliability", description=__doc__)
    arguments.add_argument("--long", action="store_true", help="100 kills, ten minutes of soak, 400 mutations a route")
    arguments.add_argument("part", nargs="*", choices=[*parts(False), []], help="only these")
    asked = arguments.parse_args()
    broken = 0
    for name, measure in parts(asked.long).items():
        if not asked.part or name in asked.part:
            for figure in measure():
                print(figure, flush=True)
                broken += not figure.kept
    print(f"{broken} promises broken" if broken else "every promise kept")
    return 1 if broken else 0


sys.exit(main())
