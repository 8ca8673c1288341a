"""Replaces secrets by substitutes: same length, same kinds of characters, and the same substitute every time.

A replay with substitutes passes the same format checks and finds the same accounts. Substitutes depend on a key that
never leaves the store, so that nobody can compute a secret from its substitute.
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
    """The substitutes for the secrets of one store; ``key`` has at most 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of: Callable[[str], str] = lru_cache(maxsize=1024)(self._of)
        self.header: Callable[[str], str] = lru_cache(maxsize=1024)(self._header)

    def _of(self, secret: str) -> str:
        """The substitute for a secret."""
        letters = "abcdef" if _HEXADECIMAL.fullmatch(secret) else string.ascii_lowercase
        return "".join(_other(letter, chance, letters) for letter, chance in zip(secret, self._chances(secret)))  # noqa: B905 - the second is longer

    def _chances(self, secret: str) -> bytes:
        """At least one pseudo-random byte for each character of a secret."""
        text = secret.encode(errors="surrogatepass")
        blocks = range(len(secret) // 64 + 1)
        return b"".join(blake2b(b"%d " % block + text, key=self._key).digest() for block in blocks)

    def _header(self, value: str) -> str:
        """A header that holds a credential: its scheme stays, and so does the user name of Basic."""
        scheme, space, secret = value.rpartition(" ")
        return f"{scheme}{space}{with_password(secret, self.of) if scheme.lower() == 'basic' else self.of(secret)}"

    def json(self, text: str) -> str:
        """A JSON value as it is written, complete or truncated; true, false and null stay."""
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
        """A value with the percent-encoding of a form or a query."""
        return quote_plus(self.of(unquote_plus(text)))

    def spelled(self, value: str, written: str) -> str:
        """The substitute for ``value``, escaped in the same way as the secret is ``written`` in a text."""
        if written == value:
            return self.of(value)
        if "\\" in written:
            return msgspec.json.encode(self.of(value)).decode()[1:-1]
        return quote_plus(self.of(value)) if "+" in written else quote(self.of(value), safe="")

    def urls(self, text: str) -> str:
        """A text with the user and password of each URL in it replaced."""
        return _USER.sub(lambda found: f"{found[1]}{self.of(found[2])}@", text) if "@" in text else text


def with_password(encoded: str, other: Callable[[str], str]) -> str:
    """Credentials of HTTP Basic with the password replaced; what cannot be decoded is replaced as a whole."""
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError, ValueError):
        return other(encoded)
    return b64encode(f"{name}{colon}{other(password)}".encode()).decode() if colon else other(encoded)


def _other(letter: str, chance: int, letters: str) -> str:
    """A character of the same kind; 0 and ASCII characters that are neither letter nor digit stay."""
    if letter in string.ascii_lowercase:
        return letters[chance % len(letters)]
    if letter in string.ascii_uppercase:
        return string.ascii_uppercase[chance % 26]
    if letter in "123456789":
        return "123456789"[chance % 9]
    return letter if letter.isascii() else "é"
