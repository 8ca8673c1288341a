"""YAML files of ours, read with the position of every value, so that a mistake can be pointed at."""

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import yaml
from msgspec import Struct, field

from simulator.model import Json

LARGEST = 10_000_000
"""Bytes of one file."""
DEEPEST = 500
"""Levels of values within values."""
MOST_NODES = 500_000
"""Values of one file, aliases counted each time they are used: a bomb stops here."""
_TEXT = re.compile(r"(?i:yes|no|on|off|y|n)|\+\d+|0\d+|[-+]?\d+(:[0-5]?\d)+(\.\d*)?", re.ASCII)
"""What YAML 1.1 takes for truth values and numbers, and a writer of messages for words, phone numbers and hours."""
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the cycle collector out: it would look at every node of a large file again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Mistake(Struct, frozen=True, order=True):
    """One thing that is wrong in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.reason}"


class Wrong(Exception):
    """All the mistakes of the files that were read."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


class Document(Struct):
    """What a file says, and where it says it."""

    file: str
    value: Json = None
    places: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict)
    """Path of keys and indexes → line and column."""
    keys: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict)
    """The same for the key itself."""

    def at(self, path: Iterable[str | int], reason: str, key: bool = False) -> Mistake:
        """A mistake at a path, or at the nearest thing around it that has a place."""
        here = tuple(path)
        place = self.keys.get(here) if key else None
        while place is None and here not in self.places and here:
            here = here[:-1]
        line, column = place or self.places.get(here, (1, 1))
        return Mistake(self.file, line, column, reason)


def read(path: Path, shown: str | None = None) -> Document:
    """Read a file. Raises Wrong with one mistake when it is no YAML that we take."""
    name = shown or str(path)
    try:
        if path.stat().st_size > LARGEST:
            raise Wrong([Mistake(name, 1, 1, f"the file is larger than {LARGEST // 1_000_000} MB")])
        data = path.read_bytes()
    except OSError as wrong:
        raise Wrong([Mistake(name, 1, 1, f"cannot be read: {wrong.strerror}")]) from None
    return parse(data, name)


def parse(data: bytes | str, name: str) -> Document:
    """Read a text as `read` does."""
    with uncollected():
        return _parsed(data, name)


def _parsed(data: bytes | str, name: str) -> Document:
    if len(data) > LARGEST:
        raise Wrong([Mistake(name, 1, 1, f"the file is larger than {LARGEST // 1_000_000} MB")])
    try:
        _measure(data, name)
        root = yaml.compose(data, _LOADER)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Wrong([Mistake(name, *place, f"not YAML: {wrong.problem or wrong.context}")]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        raise Wrong([Mistake(name, 1, 1, f"not YAML: {' '.join(str(wrong).split())}")]) from None
    document = Document(name)
    if root is not None:
        try:
            document.value = _Reader(document).value(root, ())
        except RecursionError:
            raise Wrong([Mistake(name, 1, 1, "nested too deeply")]) from None
    return document


def _measure(data: bytes | str, name: str) -> None:
    """Event by event, before anything is composed: libyaml's composer has no end to its depth but that of the stack."""
    text = data if isinstance(data, str) else data.decode(errors="replace")
    if text.count("[") + text.count("{") < DEEPEST and max(map(len, text.splitlines()), default=0) < DEEPEST:
        return
    depth = nodes = 0
    for event in yaml.parse(data, _LOADER):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or nodes > MOST_NODES:
            reason = "nested too deeply" if depth > DEEPEST else "too many values"
            place = (mark.line + 1, mark.column + 1) if (mark := event.start_mark) else (1, 1)
            raise Wrong([Mistake(name, *place, reason)])


class _Reader:
    """Turns nodes into plain values and remembers where they stood."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.left = MOST_NODES
        self.scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Json:
        self.left -= 1
        mark = node.start_mark
        place = (mark.line + 1, mark.column + 1)
        if self.left < 0:
            raise self._wrong(place, "too many values (aliases count each time they are used)")
        self.document.places[path] = place
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN:
            raise self._wrong(place, f"the tag {node.tag} is not taken here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key_node, child in node.value:
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._wrong(place, "a key has to be a plain word")
            key = str(key_node.value)
            if key in found:
                raise self._wrong(place, f"{key!r} stands here twice")
            self.document.keys[(*path, key)] = place
            found[key] = self.value(child, (*path, key))
        return found

    def _scalar(self, node: yaml.ScalarNode, place: tuple[int, int]) -> Json:
        if node.tag == "tag:yaml.org,2002:str" or (not node.style and _TEXT.fullmatch(node.value)):
            return node.value
        if node.tag.rpartition(":")[2] in ("null", "bool", "int", "float"):
            try:
                return self.scalars.construct_object(node)
            except ValueError:
                return node.value
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        raise self._wrong(place, f"the tag {node.tag} is not taken here")

    def _wrong(self, place: tuple[int, int], reason: str) -> Wrong:
        return Wrong([Mistake(self.document.file, *place, reason)])


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'delivered'?`` or nothing."""
    near = get_close_matches(word, [str(one) for one in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
