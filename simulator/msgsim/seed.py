"""Makes ids and random-looking values. Each is a function of a seed and a number: the same run gives the same values.

A seed is configured, derived from another (a sandbox's from the server's seed and its name, a test's from its node id),
or drawn by `drawn`, which with `drawn_key` is the only true randomness here.

All ids of one accepted message begin with the same 48 bits, which count up from message to message: a database index
over ids then grows at its end only, and the ids of a message and of its channels are neighbours.
"""

import os
from hashlib import blake2b

MOST = (1 << 53) - 1
"""The largest seed that is drawn or derived: JavaScript reads it exactly, where a number is a double."""
TICKS_TO_1970 = 0x01B21DD213814000
"""Ticks of 100 ns between 1582-10-15, from which version 1 UUIDs count, and 1970-01-01 (RFC 9562, 5.1)."""
_CUTS = tuple((slice(at, at + 3), at + 3, slice(at + 4, at + 7), slice(at + 7, at + 19)) for at in range(0, 114, 19))
"""The slices of one hash (114 hexadecimal digits) for six UUIDs; the second of each selects the variant digit."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def drawn() -> int:
    """A random seed, different each time."""
    return int.from_bytes(os.urandom(8), "big") & MOST


def drawn_key() -> bytes:
    """32 random bytes for a secret key."""
    return os.urandom(32)


def following(*from_what: object) -> int:
    """A seed derived from these values by a hash; the same values give the same seed."""
    digest = blake2b("\0".join(map(str, from_what)).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & MOST


class Seed:
    """The seed of a sandbox, and the values that are derived from it.

    ``number`` is the count of the acceptance or request that a value is for, ``place`` tells several values of one
    number apart.
    """

    def __init__(self, value: int) -> None:
        self.value = value
        self._key = str(value).encode()[:64]
        self._base = int.from_bytes(blake2b(b"base", key=self._key, digest_size=6).digest(), "big") >> 1
        digest = blake2b(b"node", key=self._key, digest_size=8).hexdigest()
        self._uuids = blake2b(key=self._key, digest_size=57)
        self._high, self._tail = -1, ""
        """The upper bits of a version 1 UUID's time, and the text made of them: they change every seven minutes."""
        self._sequence, self._node = int(digest[:4], 16), digest[4:16]

    def digest(self, number: int, place: str) -> str:
        """32 hexadecimal digits for a number and a place."""
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
        """A version 1 UUID with this sandbox's node; ``ticks``: its time in 100 ns since 1970-01-01.

        The 60 bits of time reach from 1582 to 5236; outside these years the clock sequence changes, so that no id
        comes twice.
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
        """A pseudo-random number in [0, 1)."""
        return int(self.digest(number, place)[:13], 16) / 0x10000000000000
