"""Decodes requests and files: JSON (whole numbers become ints, nesting is limited), and the numbers of a query."""

import re
from collections.abc import Mapping
from math import isinf

import msgspec

from msgsim.model import Json, Refusal, Refused, whole

DEEPEST = 200
"""Most levels of nesting of a body. Rows and answers hold bodies some levels deeper and must be decodable too."""
_CONTAINERS = frozenset({list, dict})
BOM = b"\xef\xbb\xbf"
"""The byte order mark that some editors and .NET clients write in front of UTF-8."""
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_PLACE = re.compile(r"(?:JSON is malformed: )?(.*?)(?: \(byte (\d+)\)| - at .*)?", re.DOTALL)
_CONTROLS = {0: "NUL", 9: "tab", 10: "line feed", 13: "carriage return"}


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


def json_of(data: bytes, media: str = "") -> Json:
    """What JSON says; ``media`` is the Content-Type it came with. Raises Refused with ``malformed`` and the reason."""
    try:
        return read_json(data.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Refusal("malformed", reason=_why_no_json(data, media, error))) from None


def _why_no_json(data: bytes, media: str, error: Exception) -> str:
    """The decoder's reason in a person's words; positions count bytes from 0."""
    if not data.removeprefix(BOM).strip():
        return "there is no body"
    try:
        data.decode()
    except UnicodeDecodeError as found:
        charset = _CHARSET.search(media)
        said = f": the body says {charset[1]}" if charset and charset[1].lower() not in ("utf-8", "utf8") else ""
        return f"byte 0x{data[found.start]:02x} at {found.start} is not UTF-8{said}"
    if isinstance(error, RecursionError):
        return "lists and objects are nested too deeply"
    fitting = _PLACE.fullmatch(str(error))
    assert fitting is not None
    reason, place = fitting[1], fitting[2]
    if place is None:
        return "it ends too early" if "truncated" in reason else reason[:1].lower() + reason[1:]
    at = int(place) + len(data) - len(data.removeprefix(BOM)) - (reason == "trailing characters")  # msgspec is past it
    code = data[at] if at < len(data) else 0x20
    if code < 0x20:
        return f"a raw {_CONTROLS.get(code, f'control character 0x{code:02x}')} at {at}"
    return f"{reason} at position {at}"


def positive(parameters: Mapping[str, str], name: str, default: int, refusal: Refusal) -> int:
    """A parameter of a query that is a whole number from 1 on. Raises Refused with ``refusal``."""
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise Refused(refusal)
    return int(text)
