"""Reads YAML files with the line and column of every value, for messages about mistakes."""

import gc
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import yaml
from msgspec import Struct

from msgsim.config import yaml_fault
from msgsim.contract.decoding import DEEPEST
from msgsim.model import Json

LARGEST = 10_000_000
"""Most bytes of a file."""
MOST_NODES = 500_000
"""Most values of a file; aliases count each time they are used, which stops alias bombs ("billion laughs")."""
_TEXT = re.compile(r"(?i:yes|no|on|off|y|n)|\+\d+|0\d+|[-+]?\d+(:[0-5]?\d)+(\.\d*)?", re.ASCII)
"""Unquoted values that stay texts, although YAML 1.1 reads them as booleans or numbers: words, phone numbers, hours."""
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_STRING = "tag:yaml.org,2002:str"
_FASTEST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector, which would traverse the nodes of a large file again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Mistake(Struct, frozen=True, order=True):
    """A mistake in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.reason}"


class BadFile(Exception):
    """The mistakes in one or several files, sorted."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


Spot: TypeAlias = "tuple[int, int, dict[str, tuple[int, int, Spot]] | list[Spot] | None]"
"""Line and column of a value, and the spots inside: of a mapping, key → line and column of the key, spot of its
value; of a list, the spots of its items; None of a scalar.
"""


class Document(Struct):
    """The parsed contents of a file, and the positions of its values."""

    file: str
    value: Json = None
    spot: Spot = (1, 1, None)
    digest: bytes = b""
    """Digest of the file's bytes; empty for a text that was sent."""
    text: str = ""
    """The YAML source."""

    def at(self, path: Iterable[str | int], reason: str, key: bool = False) -> Mistake:
        """A mistake at the value at a path, or at the nearest value around it; with ``key`` at the path's last key."""
        return Mistake(self.file, *self.place(path, key), reason)

    def place(self, path: Iterable[str | int], key: bool = False) -> tuple[int, int]:
        """Line and column, as for `at`."""
        line, column, inside = self.spot
        its_key = line, column
        for part in path:
            if isinstance(inside, dict) and part in inside:
                key_line, key_column, (line, column, inside) = inside[str(part)]
                its_key = key_line, key_column
            elif isinstance(inside, list) and isinstance(part, int) and part < len(inside):
                line, column, inside = inside[part]
                its_key = line, column
            else:
                return line, column
        return its_key if key else (line, column)


def contents(path: Path) -> bytes:
    """The bytes of a regular file, at most `LARGEST` + 1 (enough to see that it is too large).

    Never blocks on a device or a pipe. Raises OSError, also for anything but a regular file.
    """
    try:
        mode = path.stat().st_mode
    except ValueError as error:
        raise OSError(str(error)) from None
    if not stat.S_ISREG(mode):
        raise OSError(f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")
    # Non-blocking, and checked again: a pipe may have replaced the file since.
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a file")
        return file.read(LARGEST + 1) or b""


def read(path: Path, shown: str | None = None, source: Callable[[Path], bytes] = contents) -> Document:
    """Read a file. Raises BadFile with one mistake when it cannot be read or is not the YAML accepted here.

    ``shown``: its name in mistakes; None: its path. ``source``: reads the bytes; raises OSError.
    """
    name = shown or str(path)
    try:
        data = source(path)
        document = parse(data, name)
        document.digest = digest(data)
        return document
    except OSError as error:
        raise BadFile([Mistake(name, 1, 1, f"cannot be read: {error.strerror or error}")]) from None


def digest(data: bytes) -> bytes:
    """A digest of a file's contents, to see whether they have changed."""
    return blake2b(data, digest_size=16).digest()


_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def parse(data: bytes | str, name: str) -> Document:
    """Parse YAML; ``name`` is the file's name in mistakes. Raises BadFile, as `read`."""
    with uncollected():
        return _parsed(data, name)


def _parsed(data: bytes | str, name: str) -> Document:
    if len(data) > LARGEST:
        raise BadFile([Mistake(name, 1, 1, f"the file is larger than {LARGEST // 1_000_000} MB")])
    text = data if isinstance(data, str) else _text(data)
    try:
        root = yaml.compose(data, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise BadFile([Mistake(name, *place, f"not YAML: {yaml_fault(error, text)}")]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile([Mistake(name, 1, 1, f"not YAML: {' '.join(str(error).split())}")]) from None
    if root is None:
        return Document(name, text=text)
    try:
        return Document(name, *_Reader(name).read(root), text=text)
    except RecursionError:
        raise BadFile([Mistake(name, 1, 1, "nested too deeply")]) from None


def _text(data: bytes) -> str:
    """The source as the loader decodes it: UTF-16 with a byte order mark, else UTF-8."""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")


class _Loader(_FASTEST):  # type: ignore[misc, valid-type]
    """Composes nodes; caches the resolution of tags, and limits nesting and number of nodes."""

    def __init__(self, stream: bytes | str) -> None:
        super().__init__(stream)
        self._resolved: dict[tuple[type, str, Json], str] = {}
        self._depth = self._nodes = 0

    def resolve(self, kind: type, value: str, implicit: Json) -> str:
        known = (kind, value, implicit)
        tag = self._resolved.get(known)
        if tag is None:
            tag = self._resolved[known] = super().resolve(kind, value, implicit)
        return tag

    def descend_resolver(self, parent: yaml.Node | None, index: Json) -> None:
        self._depth += 1
        self._nodes += 1
        if self._depth > DEEPEST or self._nodes > MOST_NODES:
            reason = "nested too deeply" if self._depth > DEEPEST else "too many values"
            raise yaml.MarkedYAMLError(problem=reason, problem_mark=parent.start_mark if parent else None)

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _Reader:
    """Turns nodes into plain values and spots."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.left = MOST_NODES
        self.scalars = yaml.SafeLoader("")

    def read(self, node: yaml.Node) -> tuple[Json, Spot]:
        self.left -= 1
        mark = node.start_mark
        line, column = mark.line + 1, mark.column + 1
        if self.left < 0:
            raise self._mistake((line, column), "too many values (aliases count each time they are used)")
        if isinstance(node, yaml.ScalarNode):
            value = node.value if node.tag == _STRING else self._scalar(node, (line, column))
            return value, (line, column, None)
        if node.tag not in _PLAIN:
            raise self._mistake((line, column), f"the tag {node.tag} is not taken here")
        if isinstance(node, yaml.MappingNode):
            found, spots = self._mapping(node)
            return found, (line, column, spots)
        listed = [self.read(child) for child in node.value]
        return [value for value, _ in listed], (line, column, [spot for _, spot in listed])

    def _mapping(self, node: yaml.MappingNode) -> tuple[dict[str, Json], dict[str, tuple[int, int, Spot]]]:
        found: dict[str, Json] = {}
        spots: dict[str, tuple[int, int, Spot]] = {}
        for key_node, child in node.value:
            mark = key_node.start_mark
            line, column = mark.line + 1, mark.column + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._mistake((line, column), "a key has to be a plain word")
            key = str(key_node.value)
            if key in found:
                raise self._mistake((line, column), f"{key!r} stands here twice")
            found[key], spot = self.read(child)
            spots[key] = line, column, spot
        return found, spots

    def _scalar(self, node: yaml.ScalarNode, place: tuple[int, int]) -> Json:
        if not node.style and _TEXT.fullmatch(node.value):
            return node.value
        if node.tag.rpartition(":")[2] in ("null", "bool", "int", "float"):
            try:
                return self.scalars.construct_object(node)
            except ValueError:
                return node.value
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        raise self._mistake(place, f"the tag {node.tag} is not taken here")

    def _mistake(self, place: tuple[int, int], reason: str) -> BadFile:
        return BadFile([Mistake(self.file, *place, reason)])


LONGEST_WORD = 200
"""Characters of a word for which a similar one is looked for: a body can have one of megabytes."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'delivered'?`` for a similar known word, else empty."""
    nearest = get_close_matches(word, map(str, known), n=1, cutoff=0.6) if len(word) <= LONGEST_WORD else ()
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
