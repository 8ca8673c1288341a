"""The formats of wire schemas. They are asserted, not only annotated as JSON Schema does by default."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgsim.clock import date_time
from msgsim.config import milliseconds


@lru_cache(maxsize=65536)
def impossible(number: str) -> str:
    """Why ``+`` and digits cannot be a phone number: ``country`` (no such code) or ``length``; empty: they can be.

    Numbers have to be possible, not valid: the sample numbers of the documents are in no assigned range.
    """
    import phonenumbers  # For start-up time.

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        return "country" if error.error_type == error.INVALID_COUNTRY_CODE else "length"
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return "" if reason == phonenumbers.ValidationResult.IS_POSSIBLE else "length"


_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_EMAIL = re.compile(
    r"[^@\s\"(),:;<>\[\\\]\x00-\x1f]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def is_e164(text: str) -> bool:
    """Whether a text has the form of E.164; `impossible` says more."""
    return _E164.fullmatch(text) is not None


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def is_pause(text: str) -> bool:
    """A duration as people write them: ``250ms``, ``5s``, ``10m``, ``2h``, ``1d``."""
    try:
        milliseconds(text)
    except ValueError:
        return False
    return True


def is_http_url(text: str) -> bool:
    from urllib.parse import urlsplit  # For start-up time.

    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and " " not in text
    except ValueError:
        return False


def is_date_time(text: str) -> bool:
    try:
        date_time(text)
    except ValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "e164": is_e164,
    "email": is_email,
    "http-url": is_http_url,
    "pause": is_pause,
    "iso-date-time": is_date_time,
}
"""Format → check. A provider may add its own."""
