"""Decodes the JSON of requests and files: whole numbers become ints, and nesting is limited."""

from math import isinf

import msgspec

from msgsim.model import Json, whole

DEEPEST = 200
"""Most levels of nesting of a body. Rows and answers hold bodies some levels deeper and must be decodable too."""
_CONTAINERS = frozenset({list, dict})


def _number(text: str) -> Json:
    """A JSON number with a point or an exponent. Raises ValueError."""
    number = float(text)
    if isinf(number):
        raise ValueError("Number out of range")
    return whole(number)


_decode = msgspec.json.Decoder(float_hook=_number).decode


def read_json(data: bytes) -> Json:
    """Decode JSON. ``1800.0`` and ``1e3`` become ints, because JSON Schema counts them as integers.

    Raises msgspec.DecodeError, UnicodeDecodeError, and RecursionError for more than DEEPEST levels.
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
