"""Finds and replaces the texts in a JSON body by their paths."""

from collections.abc import Iterator

from msgsim.model import Json

Path = tuple[str | int, ...]
"""Names of members and indexes of lists, from the outermost to the innermost."""


def leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """(path, text) of every text in a body."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    elif isinstance(value, str):
        yield path, value


def put(body: Json, path: Path, value: str) -> None:
    """Replace the text at an existing path."""
    for part in path[:-1]:
        body = body[part]
    body[path[-1]] = value


def member(path: Path) -> str:
    """The innermost name on a path, in lower case."""
    return next((part.lower() for part in reversed(path) if isinstance(part, str)), "")
