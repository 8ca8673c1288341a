"""A file is saved while the simulator runs."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from msgsim.model import Json
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.control.test_events import Event, listening
from tests.scenarios.conftest import MESSENTE, omnimessage

FORBIDDEN = "name: mine\nrules:\n  - times: 2\n    respond: {error: forbidden}\n"
FAILING = "name: mine\nrules: [{respond: {error: server_error}}]\n"
NOTHING = "name: mine\nrules: []\n"


class Edited:
    """A server whose scenario file a test writes."""

    def __init__(self, sim: Simulator, file: Path) -> None:
        self.sim = sim
        self.file = file

    def save(self, text: str) -> None:
        """As editors do it: another file takes the place of the first. Returns when it was read."""
        self.after(lambda: by_rename(self.file, text))

    def after(self, change: Callable[[], object], sandbox: str = "default") -> None:
        """Returns when a file was read that was changed."""
        with listening(self.sim, sandbox) as events:
            change()
            until_read(events)

    def send(self, **headers: str) -> int:
        """The status of the answer."""
        given = {**MESSENTE, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return call(f"{self.sim.url}/v1/omnimessage", "POST", omnimessage(), headers=given).status

    def health(self) -> Json:
        return self.sim.control("GET", "health").json


def until_read(events: Iterator[Event]) -> None:
    next(data for name, data in events if name == "reload")


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Edited]:
    file = tmp_path / "mine.yaml"
    file.write_text(FORBIDDEN)
    with Simulator(clock=f"frozen@{START}", scenario=(str(file),)) as sim:
        yield Edited(sim, file)


def test_a_saved_file_holds_at_once_and_everything_else_stays(edited: Edited) -> None:
    assert edited.send() == 403
    edited.save(NOTHING)
    assert edited.send() == 201
    edited.save(FAILING)
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


def by_rename(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def by_unlinking(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def with_an_old_date(file: Path, text: str) -> None:
    """As `cp -p` and archives do it."""
    by_rename(file, text)
    os.utime(file, (1, 1))


def folder_made_anew(file: Path, text: str) -> None:
    """As `git checkout` does it."""
    shutil.rmtree(file.parent)
    file.parent.mkdir()
    file.write_text(text)


def folder_swapped(file: Path, text: str) -> None:
    new = file.parent.with_name("new")
    new.mkdir()
    (new / file.name).write_text(text)
    file.parent.rename(file.parent.with_name("old"))
    new.rename(file.parent)


def whole_tree_made_anew(file: Path, text: str) -> None:
    shutil.rmtree(file.parent.parent)
    file.parent.mkdir(parents=True)
    file.write_text(text)


def link_switched(file: Path, text: str) -> None:
    other = file.with_name("other")
    other.write_text(text)
    file.unlink()
    file.symlink_to(other)


def folder_link_switched(file: Path, text: str) -> None:
    for number in (1, 2):
        folder = file.parent.with_name(f"version-{number}")
        folder.mkdir()
        (folder / file.name).write_text(text)
        link = file.parent.with_name("link")
        link.symlink_to(folder)
        if number == 1:
            shutil.rmtree(file.parent)
        link.replace(file.parent)


WAYS = (
    by_rename,
    in_place,
    by_unlinking,
    with_an_old_date,
    folder_made_anew,
    folder_swapped,
    whole_tree_made_anew,
    link_switched,
    folder_link_switched,
)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Edited]:
    file = tmp_path / "tree" / "folder" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(NOTHING)
    with Simulator(clock=f"frozen@{START}", scenario=(str(file),)) as sim:
        yield Edited(sim, file)


@pytest.mark.parametrize("change", WAYS)
def test_a_file_is_followed_however_another_takes_its_place(deep: Edited, change: Callable[[Path, str], None]) -> None:
    deep.after(lambda: change(deep.file, FAILING))
    assert deep.send() == 500
    # Nothing that happened to the folder or the link ends it.
    deep.after(lambda: in_place(deep.file, NOTHING))
    assert deep.send() == 201


def test_a_config_map_of_kubernetes_is_followed(tmp_path: Path) -> None:
    """The file is a link into ``..data``, a link to a folder; an update switches it and takes the old folder away."""

    def publish(version: int, text: str) -> None:
        folder = tmp_path / f"..2026_{version}"
        folder.mkdir()
        (folder / "mine.yaml").write_text(text)
        switched = tmp_path / "..data_tmp"
        switched.symlink_to(folder.name)
        switched.replace(tmp_path / "..data")
        for old in list(tmp_path.glob("..2026_*")):
            if old != folder:
                shutil.rmtree(old)

    publish(1, NOTHING)
    file = tmp_path / "mine.yaml"
    file.symlink_to("..data/mine.yaml")
    with Simulator(clock=f"frozen@{START}", scenario=(str(file),)) as sim:
        mounted = Edited(sim, file)
        for version, (text, status) in enumerate([(FAILING, 500), (NOTHING, 201), (FORBIDDEN, 403)], 2):
            mounted.after(partial(publish, version, text))
            assert mounted.send() == status


def test_a_save_in_the_same_moment_is_not_lost(edited: Edited) -> None:
    """Each of these makes the watch begin anew; the file is saved before the watch can have come to it."""
    control = edited.sim.control
    edited.save(NOTHING)
    beginnings: list[tuple[str, str, Json]] = [
        ("PUT", "scenario", {"names": ["mine"]}),
        ("POST", "reset", None),
        ("POST", "sandboxes", {"name": "another"}),
        ("PUT", "scenario", {"names": ["maintenance", "mine"]}),
    ]
    for number, beginning in enumerate(beginnings):
        with listening(edited.sim) as events:
            assert control(*beginning).status < 300
            in_place(edited.file, f"# {number}\n{FAILING}")
            until_read(events)
        places = [rule["place"] for rule in control("GET", "scenario").json["rules"]]
        assert f"{edited.file}:3" in places
        edited.save(NOTHING)
    with listening(edited.sim, "another") as events:
        in_place(edited.file, FAILING)
        while edited.send(X_Sim_Sandbox="another") != 500:
            until_read(events)  # A replica that has this sandbox only may come to the save before that now.


def test_two_saves_of_one_size_within_a_tick_of_the_file_system_are_two(edited: Edited) -> None:
    first, second = NOTHING + "# 1\n", NOTHING + "# 2\n"
    edited.after(lambda: in_place(edited.file, first))
    date = edited.file.stat()

    def save() -> None:
        in_place(edited.file, second)
        os.utime(edited.file, ns=(date.st_atime_ns, date.st_mtime_ns))

    edited.after(save)
    assert edited.sim.control("GET", "scenario").json["files"][0]["text"] == second


def test_a_file_chosen_later_is_followed_too(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.yaml", tmp_path / "elsewhere" / "other.yaml"
    other.parent.mkdir()
    mine.write_text(NOTHING)
    other.write_text("name: other\nrules: []\n")
    with Simulator(clock=f"frozen@{START}", scenario=(str(mine), str(other))) as sim:
        sim.control("PUT", "scenario", {"names": ["mine"]})
        sim.control("PUT", "scenario", {"names": ["other"]})
        edited = Edited(sim, other)
        edited.save(FORBIDDEN.replace("mine", "other"))
        assert edited.send() == 403


def test_what_only_requests_name_is_followed_too(edited: Edited) -> None:
    edited.sim.control("POST", "sandboxes", {"name": "another", "scenario": []})
    edited.sim.control("POST", "sandboxes", {"name": "keen"})
    asked = {"X_Sim_Sandbox": "another", "X_Sim_Scenario": "mine"}
    assert edited.send(**asked) == 403
    edited.after(lambda: by_rename(edited.file, FAILING), "keen")
    assert edited.send(**asked) == 500
    assert edited.send(X_Sim_Sandbox="another") == 201


def test_a_file_that_is_gone_changes_nothing_and_health_says_so(edited: Edited) -> None:
    edited.after(edited.file.unlink)
    assert edited.health()["mistakes"] == [f"{edited.file}:1:1: cannot be read: No such file or directory"]
    assert edited.send() == 403
    edited.after(lambda: os.mkfifo(edited.file))
    assert edited.health()["mistakes"] == [f"{edited.file}:1:1: cannot be read: it is a pipe, not a file"]
    edited.save(NOTHING)
    assert edited.health()["mistakes"] == []
    assert edited.send() == 201


def test_a_sandbox_whose_files_are_gone_after_a_restart_keeps_nobody_else_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(FAILING)
    store = str(tmp_path / "store.db")
    with Simulator(clock=f"frozen@{START}", store=store, scenario=(str(file),)) as sim:
        sim.control("POST", "sandboxes", {"name": "another"})
    file.unlink()
    with Simulator(clock=f"frozen@{START}", store=store) as sim:
        edited = Edited(sim, file)
        assert edited.send() == edited.send(X_Sim_Sandbox="another") == 201
        health = sim.control("GET", "health", query={"sandbox": "another"}).json
        assert health["mistakes"] == [f"{file}:1:1: cannot be read: No such file or directory"]
        assert edited.health()["mistakes"] == []
        edited.after(lambda: file.write_text(FAILING), "another")
        assert edited.send(X_Sim_Sandbox="another") == 500
