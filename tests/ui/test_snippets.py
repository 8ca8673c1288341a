"""Snippets of the start page run as they stand, in every language, with the credentials of their sandbox."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgsim.examples.snippets import LANGUAGES
from msgsim.provider import discover
from msgsim.testing import Simulator, call

COMMANDS = {
    "curl": ("sh", "send.sh"),
    "Python": (sys.executable, "send.py"),
    "Node": ("node", "send.mjs"),
    "Java": ("java", "Send.java"),
    "PHP": ("php", "send.php"),
    "Ruby": ("ruby", "send.rb"),
}
"""What runs each, and the name of its file."""


class Snippets(HTMLParser):
    """Texts of the elements with ``data-snippet``, by provider and language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], str] = {}
        self._open: tuple[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "pre" and (language := given.get("data-snippet")):
            self._open = (given.get("data-provider") or "", language)
            self.found[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open] += data


def snippets(sim: Simulator, sandbox: str) -> dict[tuple[str, str], str]:
    return Snippets(call(f"{sim.url}/__sim/start?sandbox={sandbox}", "GET").body.decode()).found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_snippet_sends_a_message_of_its_sandbox(sim: Simulator, tmp_path: Path, language: str) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    found = snippets(sim, "ci-17")
    command, file = COMMANDS[language]
    for provider in discover():
        (tmp_path / file).write_text(found[provider, language])
        ran = subprocess.run([command, file], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        listed = sim.control("GET", "messages", query={"provider": provider, "sandbox": "ci-17"}).json
        assert listed["total"] == 1, (provider, ran.stdout, ran.stderr)
    assert sim.control("GET", "messages").json["total"] == 0


def test_every_provider_has_a_snippet_in_every_language(sim: Simulator) -> None:
    assert set(snippets(sim, "default")) == {(provider, language) for provider in discover() for language in LANGUAGES}
