"""``python -m conformance [CLIENT...]``: run every client, write ``docs/conformance.md``, fail when a check fails.

With names only those clients are run, and what came of them is printed instead.
"""

import argparse
import datetime
import platform
import sys

from msgsim import __version__

from conformance import catalogue, samples, table
from conformance.client import Absent, Report
from conformance.families import FAMILIES
from conformance.install import ROOT, version
from conformance.run import run

PAGE = ROOT / "docs" / "conformance.md"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    arguments.add_argument("client", nargs="*", help="only these, by name")
    only: list[str] = arguments.parse_args().client
    reports, absent = ran(only)
    tried = {} if only else catalogue.tried()
    if not only:
        node = version("node", "--version").lstrip("v") or "none"
        versions = f"messaging-simulator {__version__}, Python {platform.python_version()}, Node.js {node}"
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        PAGE.write_text(table.page(date, versions, catalogue.providers(), reports, absent, tried))
    wrong = list(table.failures(reports, tried))
    for line in wrong:
        print(line)
    print(f"{len(wrong)} failures" if wrong else "every check passed")
    return 1 if wrong else 0


def ran(only: list[str]) -> tuple[list[Report], list[Absent]]:
    """Clients in the order of their providers, then the documents' samples; and what is left out."""
    found: list[Report | Absent] = []
    for family in FAMILIES:
        found += [said(run(client)) for client in family.CLIENTS if not only or client.name in only]
        found += family.ABSENT
    if not only:
        found += map(said, samples.run_all())
    reports = [one for one in found if isinstance(one, Report)]
    return reports, [one for one in found if isinstance(one, Absent)]


def said(one: Report | Absent) -> Report | Absent:
    """What was given, after a line about it."""
    if isinstance(one, Absent):
        print(f"{one.provider}: {one.name} {one.language}: left out, {one.reason}", flush=True)
    else:
        client, passed = one.client, sum(1 for check in one.checks if not check.reason)
        name = f"{client.provider}: {client.name} {client.version} {client.language}"
        print(f"{name}: {passed} of {len(one.checks)}", flush=True)
    return one


sys.exit(main())
