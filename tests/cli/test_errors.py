"""`msgsim errors`: a summary first, those of a provider, and one with all there is to know."""

import json

import pytest
from msgsim.provider import discover

from tests.cli.conftest import Run


def test_a_summary_counts_by_provider_and_api(msgsim: Run) -> None:
    done = msgsim("errors")
    assert done.returncode == 0, done.stderr
    assert "curl" not in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.split()[:1] and line.split()[0] in discover()]
    for name, provider in discover().items():
        mine = [line.split() for line in rows if line.split()[0] == name]
        assert sum(int(row[-3]) for row in mine if row[-3] != "-") == len(provider.contract.errors)
        titles = [
            api.title
            for api in provider.apis
            if any(key.startswith(f"{api.name}.") for key in provider.contract.errors)
        ]
        assert all(any(title in line for line in rows) for title in titles)


def test_a_provider_has_a_line_for_each_and_details_on_demand(msgsim: Run) -> None:
    listed, detailed = msgsim("errors", "--provider", "sinch"), msgsim("errors", "--provider", "sinch", "--details")
    assert "curl" not in listed.stdout
    keys = discover()["sinch"].contract.errors
    assert all(key in listed.stdout for key in keys)
    assert detailed.stdout.count("      curl ") >= len(keys)


def test_a_key_is_explained_with_a_curl_to_the_server(msgsim: Run) -> None:
    done = msgsim("errors", "--provider", "messente", "forbidden", "--url", "http://127.0.0.1:9000")
    assert done.stdout.splitlines()[0] == f"{discover()['messente'].title} (messente)"
    assert "curl -i -X POST http://127.0.0.1:9000/v1/omnimessage" in done.stdout
    assert done.stdout.count("\n") == 4
    assert msgsim("errors", "--provider", "messente", "102").stdout.count("forbidden") >= 1


def test_a_key_of_several_providers_shows_each(msgsim: Run) -> None:
    found = json.loads(msgsim("errors", "malformed", "--format", "json").stdout)
    having = [name for name, provider in discover().items() if "malformed" in provider.contract.errors]
    assert [entry["provider"] for entry in found] == having


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("forbiden",), "there is no error 'forbiden'; did you mean 'forbidden'?"),
        (("--provider", "mesente", "forbidden"), "there is no provider 'mesente'; did you mean 'messente'?"),
        (("--url", "127.0.0.1:80"), "needs http://"),
    ],
)
def test_a_mistake_has_a_suggestion(msgsim: Run, arguments: tuple[str, ...], told: str) -> None:
    done = msgsim("errors", *arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert told in done.stderr


def test_errors_lists_every_documented_code(msgsim: Run) -> None:
    done = msgsim("errors", "--provider", "messente")
    assert done.returncode == 0
    assert all(code in done.stdout for code in ("101", "102", "103", "104", "105", "106", "107"))
    assert "\x1b[" not in done.stdout
