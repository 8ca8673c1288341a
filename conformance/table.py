"""``docs/conformance.md``, from what was run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgsim.provider import Provider

from conformance.catalogue import Documented, statuses
from conformance.client import Absent, Report

INTRODUCTION = """\
# Conformance

Made by `make conformance`, which installs published clients unmodified, runs each against a server of its own whose
clock stands still, and sends the example of every documented error. Not to be edited: run it again. A check is one
assertion about what the client returned or raised.
"""
CATALOGUE = """\
`clients` are the numbers of the clients above that called the endpoint or met the error. `example` says what brings the
error about: a `request` by itself, or a `scenario` where only an account's state does; then the header `X-Sim-Outcome`
asks for it, as the clients' scripts do for most of what they meet. `provenance` is `seed` for the document that is
simulated, `public` for other published pages, and `inferred` where the documents leave status, code or text open and
what is answered is ours.
"""
CLIENTS = ("", "provider", "client", "version", "language", "checks passed", "base URL, or why it was left out")


def page(
    date: str,
    versions: str,
    providers: Mapping[str, Provider],
    reports: Sequence[Report],
    absent: Sequence[Absent],
    tried: Mapping[str, Sequence[Documented]],
) -> str:
    """The whole document."""
    numbered = list(enumerate(reports, 1))
    parts = [
        INTRODUCTION,
        f"{date}, {versions}.\n",
        _summary(reports, tried),
        "## Clients\n",
        _clients(numbered, absent),
    ]
    parts += [_failures(reports, tried), "## Endpoints and errors\n", CATALOGUE]
    for name, provider in providers.items():
        own = [(number, report) for number, report in numbered if report.client.provider == name]
        parts += [f"### {provider.title}\n", _endpoints(provider, own), _errors(tried[name], own)]
    return "\n".join(part for part in parts if part)


def _rows(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |\n"

    return line(heads) + "|" + "---|" * len(heads) + "\n" + "".join(map(line, rows))


def _summary(reports: Sequence[Report], tried: Mapping[str, Sequence[Documented]]) -> str:
    checks = sum(len(report.checks) for report in reports)
    passed = sum(_passed(report) for report in reports)
    clients = sum(1 for report in reports if not report.failed)
    errors = [error for listed in tried.values() for error in listed]
    brought = [sum(1 for error in errors if error.how == how and not error.failure) for how in ("request", "scenario")]
    return (
        f"**{clients} of {len(reports)} clients pass, {passed} of {checks} checks. Of {len(errors)} documented errors "
        f"{brought[0]} are brought about by a request of their own and {brought[1]} when a header asks for them.**\n"
    )


def _passed(report: Report) -> int:
    return sum(1 for check in report.checks if not check.reason)


def _clients(numbered: Sequence[tuple[int, Report]], absent: Sequence[Absent]) -> str:
    rows: list[Sequence[object]] = []
    for number, report in numbered:
        client = report.client
        passed = f"{_passed(report)} of {len(report.checks)}" + (" **fails**" if report.failed else "")
        runtime = report.runtime or client.language
        rows.append((number, client.provider, client.name, client.version, runtime, passed, client.base_url))
    rows += [("–", one.provider, one.name, "", one.language, "left out", one.reason) for one in absent]
    return _rows(CLIENTS, rows)


def _failures(reports: Sequence[Report], tried: Mapping[str, Sequence[Documented]]) -> str:
    lines = list(failures(reports, tried))
    return "## Failing\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""


def failures(reports: Sequence[Report], tried: Mapping[str, Sequence[Documented]]) -> Iterator[str]:
    """Everything that failed, in one line each."""
    for report in reports:
        name = f"{report.client.name} {report.client.version} ({report.client.provider}, {report.client.language})"
        yield from (f"{name}: {line}" for line in report.failed)
    for provider, errors in tried.items():
        yield from (f"{provider}, example of `{error.key}`: {error.failure}" for error in errors if error.failure)


def _endpoints(provider: Provider, own: Sequence[tuple[int, Report]]) -> str:
    rows: list[Sequence[object]] = []
    for endpoint in provider.endpoints:
        called = {number: set(statuses(provider, endpoint, report.answered)) for number, report in own}
        met = sorted({status for seen in called.values() for status in seen})
        clients = _numbers(number for number, seen in called.items() if seen)
        rows.append((f"`{endpoint.method} {endpoint.path}`", endpoint.name, ", ".join(map(str, met)) or "–", clients))
    return _rows(("endpoint", "name", "answers seen by clients", "clients"), rows)


def _errors(errors: Sequence[Documented], own: Sequence[tuple[int, Report]]) -> str:
    rows: list[Sequence[object]] = []
    for error in errors:
        clients = _numbers(number for number, report in own if error.key in report.errors)
        example = f"**{error.failure}**" if error.failure else error.how
        rows.append((f"`{error.key}`", error.status, error.code, error.text, error.provenance, example, clients))
    return _rows(("error", "status", "code", "text", "provenance", "example", "clients"), rows)


def _numbers(numbers: Iterable[int]) -> str:
    """``1–4, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs) or "–"
