"""Drops null members, because serialisers write unset members as null [inferred]."""

from msgsim.model import Json
from msgsim.provider.desk import Desk

_DEPTH = 4
"""Levels of documented members: the body, a list or an object in it, a recipient, its members."""


def shape(body: Json, desk: Desk) -> Json:
    return _without_nulls(body, _DEPTH)


def _without_nulls(value: Json, depth: int) -> Json:
    if depth and isinstance(value, dict):
        return {name: _without_nulls(inner, depth - 1) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item, depth - 1) for item in value] if depth and isinstance(value, list) else value
