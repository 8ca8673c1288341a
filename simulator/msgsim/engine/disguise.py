"""Other values in the place of secrets: of the same length and the same kinds of letters, always the same for one.

What is done again later with the disguised values meets the same checks of formats and finds the same accounts, and
nobody learns the secrets from it: they depend on a key that never leaves the store.
"""

import re
import string
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from msgsim.model import Json

_HEXADECIMAL = re.compile(r"(?=.*[0-9])[0-9a-f-]+")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_USER = re.compile(r"(:(?:\\?/){2})([^/?#\s\"'\\<>]+)@")


class Disguise:
    """Of the secrets of one store; ``key`` has at most 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of: Callable[[str], str] = lru_cache(maxsize=1024)(self._of)
        self.header: Callable[[str], str] = lru_cache(maxsize=1024)(self._header)

    def _of(self, secret: str) -> str:
        """What stands for a secret."""
        letters = "abcdef" if _HEXADECIMAL.fullmatch(secret) else string.ascii_lowercase
        return "".join(_other(letter, chance, letters) for letter, chance in zip(secret, self._chances(secret)))  # noqa: B905 - one is endless

    def _chances(self, secret: str) -> bytes:
        text = secret.encode(errors="surrogatepass")
        blocks = range(len(secret) // 64 + 1)
        return b"".join(blake2b(b"%d " % block + text, key=self._key).digest() for block in blocks)

    def _header(self, value: str) -> str:
        """The value of a header that is one secret, after its scheme; of Basic the name stays."""
        scheme, space, secret = value.rpartition(" ")
        return f"{scheme}{space}{with_password(secret, self.of) if scheme.lower() == 'basic' else self.of(secret)}"

    def json(self, text: str) -> str:
        """A JSON value as it is written, whole or cut off: strings, digits and what is inside of lists and objects."""
        if text[:1] in ('"', "[", "{"):
            return _STRING.sub(lambda found: self._string(found[0]), text)
        return text if text in ("true", "false", "null") else self.of(text)

    def _string(self, text: str) -> str:
        try:
            said: Json = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return f'"{self.of(text[1:-1])}"'
        return msgspec.json.encode(self.of(said)).decode()

    def parameter(self, text: str) -> str:
        """A value as a form or a query has it."""
        return quote_plus(self.of(unquote_plus(text)))

    def spelled(self, value: str, written: str) -> str:
        """A secret that stands somewhere, with the kind of escapes with which it is ``written`` there."""
        if written == value:
            return self.of(value)
        if "\\" in written:
            return msgspec.json.encode(self.of(value)).decode()[1:-1]
        return quote_plus(self.of(value)) if "+" in written else quote(self.of(value), safe="")

    def urls(self, text: str) -> str:
        """A text with the user and the password of each URL in it disguised."""
        return _USER.sub(lambda found: f"{found[1]}{self.of(found[2])}@", text) if "@" in text else text


def with_password(encoded: str, other: Callable[[str], str]) -> str:
    """The credentials of Basic with another password; what are none are one secret."""
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError, ValueError):
        return other(encoded)
    return b64encode(f"{name}{colon}{other(password)}".encode()).decode() if colon else other(encoded)


def _other(letter: str, chance: int, letters: str) -> str:
    """A letter of the same kind; 0 and what is neither letter nor digit stay."""
    if letter in string.ascii_lowercase:
        return letters[chance % len(letters)]
    if letter in string.ascii_uppercase:
        return string.ascii_uppercase[chance % 26]
    if letter in "123456789":
        return "123456789"[chance % 9]
    return letter if letter.isascii() else "é"
