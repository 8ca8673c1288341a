"""The only source of what looks random: every value is a function of the seed and of its place.

A seed is given, follows from another (that of a sandbox from the server's and its name, that of a test from its node
id), or is drawn, which is the only chance there is.

The first 48 bits of the ids of one acceptance are its ordered number, so an index over ids grows
at its end, and the ids of a message and of its channels stand together.
"""

import os
from hashlib import blake2b

MOST = (1 << 53) - 1
"""The largest seed that is made here: every client reads it exactly."""
TICKS_TO_1970 = 0x01B21DD213814000
"""100 ns ticks between 1582-10-15, where version 1 UUIDs begin, and 1970-01-01."""
_CUTS = tuple((slice(at, at + 3), at + 3, slice(at + 4, at + 7), slice(at + 7, at + 19)) for at in range(0, 114, 19))
"""Where the digits of six UUIDs stand in one hash; the second decides the variant."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def drawn() -> int:
    """Another seed each time."""
    return int.from_bytes(os.urandom(8), "big") & MOST


def drawn_key() -> bytes:
    """32 bytes that nobody can guess."""
    return os.urandom(32)


def following(*from_what: object) -> int:
    """The seed that follows from these, and from nothing else."""
    digest = blake2b("\0".join(map(str, from_what)).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & MOST


class Seed:
    """A number that a whole sandbox follows from."""

    def __init__(self, value: int) -> None:
        self.value = value
        self._key = str(value).encode()[:64]
        self._base = int.from_bytes(blake2b(b"base", key=self._key, digest_size=6).digest(), "big") >> 1
        digest = blake2b(b"node", key=self._key, digest_size=8).hexdigest()
        self._uuids = blake2b(key=self._key, digest_size=57)
        self._high, self._tail = -1, ""
        """The slow part of a version 1 UUID's time, and all that goes with it: some seven minutes long the same."""
        self._sequence, self._node = int(digest[:4], 16), digest[4:16]

    def digest(self, number: int, place: str) -> str:
        """32 hexadecimal digits."""
        return blake2b(b"%d %s" % (number, place.encode()), key=self._key, digest_size=16).hexdigest()

    def uuid4s(self, number: int, count: int) -> list[str]:
        """Version 4 UUIDs that share their first 48 bits, which count up with ``number``."""
        head = f"{self._base + number & 0xFFFFFFFFFFFF:012x}"
        head = f"{head[:8]}-{head[8:]}-4"
        found: list[str] = []
        while (left := count - len(found)) > 0:
            hashing = self._uuids.copy()
            hashing.update(b"%d %d" % (number, len(found)))
            some = hashing.hexdigest()
            found += [
                f"{head}{some[third]}-{_VARIANT[some[variant]]}{some[fourth]}-{some[last]}"
                for third, variant, fourth, last in _CUTS[:left]
            ]
        return found

    def uuid4(self, number: int) -> str:
        """A version 4 UUID whose first 48 bits count up with ``number``."""
        return self.uuid4s(number, 1)[0]

    def uuid1(self, ticks: int) -> str:
        """A version 1 UUID of this sandbox's node; ``ticks`` are 100 ns since 1970-01-01.

        Its 60 bits of time last from 1582 to 5236; before and after, the clock sequence is another.
        """
        high, low = divmod(ticks + TICKS_TO_1970, 1 << 32)
        if high != self._high:
            round_, time = divmod(high, 1 << 28)
            digits, sequence = f"{time:07x}", (self._sequence + round_) & 0x3FFF | 0x8000
            self._high, self._tail = high, f"-{digits[3:]}-1{digits[:3]}-{sequence:04x}-{self._node}"
        return f"{low:08x}{self._tail}"

    def hex(self, number: int, length: int, place: str = "") -> str:
        """An opaque id of ``length`` hexadecimal digits (at most 44) that counts up with ``number``."""
        return f"{self._base + number & 0xFFFFFFFFFFFF:012x}{self.digest(number, place)}"[:length]

    def fraction(self, number: int, place: str = "") -> float:
        """In [0, 1)."""
        return int(self.digest(number, place)[:13], 16) / 0x10000000000000
