"""Finds scenarios: files, texts sent by clients, and the scenarios shipped with the simulator."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from msgsim.config import data_folder, read_own
from msgsim.scenarios import yaml
from msgsim.scenarios.reserved import Terms
from msgsim.scenarios.scenario import Scenario
from msgsim.scenarios.yaml import BadFile, Document, Mistake, suggestion

ENDINGS = (".yaml", ".yml")
"""Endings of scenario files; no other file is read."""


class Choice(Struct, frozen=True, omit_defaults=True):
    """Which scenarios are active, in order: paths of files, names of shipped scenarios, names of texts sent."""

    names: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    """(name, YAML) of each text that was sent."""


class Shipped(Struct, frozen=True):
    """A scenario that comes with the simulator."""

    name: str
    title: str
    """The first comment line of its file that is not for editors: what the scenario shows."""
    file: Path

    @property
    def shown(self) -> str:
        return shown(self.file)


@cache
def shipped() -> Mapping[str, Shipped]:
    """All shipped scenarios by name, including those that are always on."""
    files = sorted(data_folder("scenarios").glob("*.yaml"))
    return {file.stem: Shipped(file.stem, title_of(read_own(file).decode()), file) for file in files}


def title_of(text: str) -> str:
    """The first comment line of a scenario's text that is not for editors; empty: there is none."""
    for line in text.splitlines():
        if not line.startswith("#"):
            return ""
        if "yaml-language-server" not in line:
            return line.lstrip("# ").rstrip()
    return ""


def shown(path: Path) -> str:
    """A file's name in mistakes and places of rules: its path, or ``scenarios/<file>`` for a shipped scenario."""
    return f"scenarios/{path.name}" if path.parent == data_folder("scenarios") else str(path)


def find(name: str) -> Path:
    """The file of a path or of a shipped scenario, as named by the operator (clients: `offered`).

    Raises BadFile with a suggestion.
    """
    if name.endswith(ENDINGS):
        return Path(name)
    if name in shipped():
        return shipped()[name].file
    reason = "no such file, and no scenario of that name ships"
    if "/" in name or "\\" in name:
        reason = f"the name of a scenario file ends in {' or '.join(ENDINGS)}"
    raise BadFile([Mistake(name, 1, 1, f"{reason}{suggestion(name, shipped())}")])


def offered(name: str, own: Sequence[str]) -> str:
    """The name in a `Choice` for what a client may name: a file of the server (``own``), by path or stem, or a shipped
    scenario.

    Raises BadFile with a suggestion; never opens another file.
    """
    for file in own:
        if name in (file, Path(file).stem):
            return file
    if name in shipped():
        return name
    hint = suggestion(name, [*shipped(), *(Path(file).stem for file in own)])
    reason = f"neither a shipped scenario nor a file that was sent, or that the server was started with{hint}"
    raise BadFile([Mistake(name, 1, 1, reason)])


def load(choice: Choice, terms: Mapping[str, Terms]) -> Scenario:
    """The compiled scenario of a choice. Raises BadFile with the mistakes of all its files."""
    texts = dict(choice.texts)
    documents: list[Document] = []
    mistakes: list[Mistake] = []
    for name in choice.names:
        try:
            documents.append(yaml.parse(texts[name], name) if name in texts else read(name))
        except BadFile as error:
            mistakes += error.mistakes
    if mistakes:
        raise BadFile(mistakes)
    return Scenario(documents, terms)


def read(name: str) -> Document:
    """Read a file by its path, or a shipped scenario by its name. Raises BadFile."""
    if name in shipped():
        return yaml.read(shipped()[name].file, shipped()[name].shown, read_own)
    path = find(name)
    return yaml.read(path, shown(path))


def files_of(choice: Choice) -> tuple[Path, ...]:
    """The files of a choice, by unresolved paths, because symbolic links in them may be switched."""
    texts = dict(choice.texts)
    known = (name for name in choice.names if name not in texts and (name.endswith(ENDINGS) or name in shipped()))
    return tuple(find(name) for name in known)
