"""Runs the samples of the providers' documents, cut out as they are, in their own languages.

``conformance/samples/`` has them byte for byte; only the placeholders of credentials are filled in. They ask the
providers' own host names, which are intercepted.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import environ
from pathlib import Path

from msgsim.model import Json
from msgsim.testing import call
from msgspec import Struct

from conformance import install
from conformance.client import Absent, Check, Client, Report
from conformance.run import intercepted, met, started
from reliability.server import Server

FOLDER = install.HERE / "samples"
SECONDS = 60


class Sample(Struct, frozen=True):
    """One file, and what the simulator has to make of it."""

    file: str
    status: int
    messages: int
    """How many are accepted."""


class Language(Struct, frozen=True):
    """How the files of one ending are run."""

    name: str
    ending: str
    program: str
    """Has to be there, and says its version."""
    command: Callable[[Path], list[str]]


LANGUAGES = (
    Language("curl", ".sh", "curl", lambda file: ["sh", str(file)]),
    Language("Python", ".py", "python3", lambda file: [str(install.python("requests==2.34.2")), str(file)]),
    Language("PHP", ".php", "php", lambda file: ["php", str(file)]),
    Language("Ruby", ".rb", "ruby", lambda file: ["ruby", str(file)]),
    Language("Java", ".java", "java", lambda file: ["java", str(file)]),
)
SAMPLES: Mapping[str, Sequence[Sample]] = {
    "cima360": [Sample("deliver.sh", 200, 1)],
    "salesforce": [
        *(Sample(f"{name}.http", 201, 1) for name in ("messenger-send", "line-send", "messenger-text", "line-text")),
        *(Sample(f"messenger-{name}.http", 201, 1) for name in ("image", "video", "audio", "native")),
        *(Sample(f"line-{name}.http", 201, 1) for name in ("image", "video")),
        # Says that its sender is Messenger, and lacks what Messenger wants.
        Sample("line-audio.http", 400, 0),
        # Two brackets too many: what is printed is no JSON.
        Sample("line-native.http", 400, 0),
    ],
    "sinch": [
        *(Sample(f"send-sms.{ending}", 200, 1) for ending in ("sh", "py", "php", "rb")),
        Sample("SendSms.java", 200, 1),
        # The curl that is printed for the bulk is that of the single send once more.
        *(Sample(f"send-bulk-sms.{ending}", 200, 3) for ending in ("py", "php", "rb")),
        Sample("bulk-1.json", 200, 3),
        Sample("bulk-2.json", 200, 2),
        # A comma too many: what is printed is no JSON.
        Sample("bulk-3.json", 400, 0),
        Sample("bulk-4.json", 200, 2),
    ],
}
HOSTS = {
    "cima360": "https://api.cima360.com",
    "salesforce": "https://YOUR_SUBDOMAIN.rest.marketingcloudapis.com",
    "sinch": "https://api-messaging.wavy.global",
}
PLACEHOLDERS = {
    "<api-key>": "X-API-KEY",
    "YOUR_ACCESS_TOKEN": "access_token",
    "<username>": "UserName",
    "<authenticationtoken>": "AuthenticationToken",
}


def named(samples: Sequence[Sample]) -> str:
    return f"{len(samples)} sample{'s' if len(samples) > 1 else ''} of the documents"


def run_all() -> Iterator[Report | Absent]:
    """Every language of every provider that has samples in it; then the bare requests."""
    for provider, samples in SAMPLES.items():
        endings = {Path(sample.file).suffix for sample in samples}
        yield from (run(provider, language) for language in LANGUAGES if language.ending in endings)
        if endings & BARE.keys():
            yield run_bare(provider)


def run(provider: str, language: Language) -> Report | Absent:
    """All samples of a provider in one language."""
    samples = [sample for sample in SAMPLES[provider] if sample.file.endswith(language.ending)]
    if shutil.which(language.program) is None:
        return Absent(provider, named(samples), language.name, f"{language.program} not on this machine")
    told = "nothing: the provider's own host name, intercepted; credentials filled in"
    runtime = " ".join(install.version(language.program, "--version").split()[:2])
    client = Client(provider, named(samples), "", language.name, "", told)
    with tempfile.TemporaryDirectory() as folder, started(folder) as server:
        checks = [check for sample in samples for check in _run(server, provider, sample, language, Path(folder))]
        answered, errors = met(server, provider)
    return Report(client, runtime, tuple(checks), "", answered, errors)


def run_bare(provider: str) -> Report:
    """The samples that are requests in no language: as they are written, and bodies for ``send-bulk-sms``."""
    samples = [sample for sample in SAMPLES[provider] if Path(sample.file).suffix in BARE]
    client = Client(provider, named(samples), "", "HTTP", "", "base URL and credentials filled in")
    checks: list[Check] = []
    with started() as server:
        for sample in samples:
            text = _filled(server, provider, sample.file).replace(HOSTS[provider], server.url)
            said = BARE[Path(sample.file).suffix](server, provider, text)
            checks += _judged(server, provider, sample, said, "")
        answered, errors = met(server, provider)
    return Report(client, client.language, tuple(checks), "", answered, errors)


def _request(server: Server, provider: str, text: str) -> str:
    """``Host: <url>``, ``<method> <path>`` and headers on a line each; a body after an empty line."""
    head, _, body = text.partition("\n\n")
    host, line, *headers = head.splitlines()
    method, path = line.split()
    given = dict(header.split(": ", 1) for header in headers)
    return call(host.removeprefix("Host: ") + path, method, body=body, headers=given).body.decode()


def _bulk(server: Server, provider: str, text: str) -> str:
    given = server.control("GET", "sandboxes/default").json["credentials"][provider]
    return call(f"{server.url}/v1/send-bulk-sms", "POST", body=text, headers=given).body.decode()


BARE: Mapping[str, Callable[[Server, str, str], str]] = {".http": _request, ".json": _bulk}


def _run(server: Server, provider: str, sample: Sample, language: Language, folder: Path) -> list[Check]:
    """One sample, by the program of its language."""
    file = folder / sample.file
    file.write_text(_filled(server, provider, sample.file))
    said, failure = _said(language, file, intercepted(server, folder))
    return _judged(server, provider, sample, said, failure)


def _filled(server: Server, provider: str, file: str) -> str:
    """The text of a sample with the sandbox's credentials."""
    text = (FOLDER / provider / file).read_text()
    given = server.control("GET", "sandboxes/default").json["credentials"][provider]
    for placeholder, name in PLACEHOLDERS.items():
        text = text.replace(placeholder, given.get(name, placeholder))
    return text


def _said(language: Language, file: Path, more: dict[str, str]) -> tuple[str, str]:
    """What a sample printed, and why it did not end well; empty when it did."""
    try:
        ended = subprocess.run(
            language.command(file),
            env={**environ, **more},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (install.NotInstalled, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return ended.stdout, ended.stderr.strip() if ended.returncode else ""


def _judged(server: Server, provider: str, sample: Sample, said: str, failure: str) -> list[Check]:
    """Four checks: its end, what it printed, the status it was answered, the messages that came of it."""
    listed: list[Json] = server.control("GET", f"requests?provider={provider}&limit=1").json["requests"]
    last = listed[0] if listed else {}
    status, answer, messages = last.get("status", 0), last.get("answer", ""), last.get("messages", [])
    return [
        Check(f"{sample.file} ends well", failure),
        Check(f"{sample.file} prints the answer", "" if said.strip() == answer.strip() else f"printed {said!r}"),
        Check(f"{sample.file} is answered {sample.status}", "" if status == sample.status else f"was {status}"),
        Check(f"{sample.file} sends {sample.messages}", "" if len(messages) == sample.messages else f"sent {messages}"),
    ]
