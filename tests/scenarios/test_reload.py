"""A file is saved while the simulator runs."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgsim.model import Json
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.scenarios.conftest import MESSENTE, omnimessage

FORBIDDEN = "name: mine\nrules:\n  - times: 2\n    respond: {error: forbidden}\n"


class Edited:
    """A server whose scenario file a test writes."""

    def __init__(self, sim: Simulator, file: Path) -> None:
        self.sim = sim
        self.file = file

    def save(self, text: str) -> None:
        """As editors do it: another file takes the place of the first."""
        before = self.reloads()
        self.put(text)
        self.until(lambda: self.reloads() > before)

    def put(self, text: str) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(5000):
            if holds():
                return
        raise AssertionError("the file was not read again")

    def reloads(self) -> int:
        lines = self.sim.control("GET", "journal.jsonl").body.decode()
        return lines.count('"action":"reload"')

    def send(self) -> int:
        return call(f"{self.sim.url}/v1/omnimessage", "POST", omnimessage(), headers=MESSENTE).status

    def health(self) -> Json:
        return self.sim.control("GET", "health").json


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Edited]:
    file = tmp_path / "mine.yaml"
    file.write_text(FORBIDDEN)
    with Simulator(clock=f"frozen@{START}", scenario=(str(file),)) as sim:
        yield Edited(sim, file)


def test_a_saved_file_holds_at_once_and_everything_else_stays(edited: Edited) -> None:
    assert edited.send() == 403
    edited.save("name: mine\nrules: []\n")
    assert edited.send() == 201
    edited.save("name: mine\nrules: [{respond: {error: server_error}}]\n")
    assert edited.send() == 500
    assert edited.sim.control("GET", "messages").json["total"] == 1


def test_a_broken_save_keeps_the_last_good_version_and_says_so(
    edited: Edited, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "msgsim"):
        edited.save(FORBIDDEN.replace("forbidden", "forbiden"))
    mistake = f"{edited.file}:4:22: there is no error 'forbiden'; did you mean 'forbidden'?"
    assert edited.health()["mistakes"] == [mistake]
    assert edited.sim.control("GET", "scenario").json["mistakes"] == [mistake]
    assert mistake in caplog.text
    assert edited.send() == 403
    edited.save(FORBIDDEN)
    assert edited.health()["mistakes"] == []


def test_rules_that_an_edit_left_alone_keep_their_counts(edited: Edited) -> None:
    assert edited.send() == 403
    edited.save("# A comment above moves every line.\n" + FORBIDDEN + "  - {when: {to: x}, deliver: []}\n")
    assert [edited.send(), edited.send()] == [403, 201]


def test_a_file_chosen_later_is_watched_too(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.yaml", tmp_path / "elsewhere" / "other.yaml"
    other.parent.mkdir()
    mine.write_text("name: mine\nrules: []\n")
    other.write_text("name: other\nrules: []\n")
    with Simulator(clock=f"frozen@{START}", scenario=(str(mine), str(other))) as sim:
        sim.control("PUT", "scenario", {"names": ["mine"]})
        sim.control("PUT", "scenario", {"names": ["other"]})
        edited = Edited(sim, other)
        edited.save(FORBIDDEN.replace("mine", "other"))
        assert edited.send() == 403


def test_a_file_that_is_gone_changes_nothing(edited: Edited) -> None:
    before = edited.reloads()
    edited.file.unlink()
    edited.until(lambda: edited.reloads() > before)
    assert "cannot be read" in edited.health()["mistakes"][0]
    assert edited.send() == 403
