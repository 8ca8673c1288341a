"""The JSON of requests and files: whole numbers are ints, and nothing is too deep to be kept."""

from math import isinf

import msgspec

from msgsim.model import Json, whole

DEEPEST = 200
"""Levels of a body: what is taken is kept and shown some levels deeper, and has to be read there too."""
_CONTAINERS = frozenset({list, dict})


def _number(text: str) -> Json:
    """A JSON number with a point or an exponent. Raises ValueError."""
    number = float(text)
    if isinf(number):
        raise ValueError("Number out of range")
    return whole(number)


_decode = msgspec.json.Decoder(float_hook=_number).decode


def read_json(data: bytes) -> Json:
    """What JSON says. To JSON Schema ``1800.0`` and ``1e3`` are integers, so they are to us: whole numbers become ints.

    Raises msgspec.DecodeError and UnicodeDecodeError, and RecursionError below DEEPEST levels.
    """
    value = _decode(data)
    if len(data) > 2 * DEEPEST and data.count(b"[") + data.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise RecursionError("nested too deeply")
    return value


def _is_deeper(value: Json, most: int) -> bool:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return True
