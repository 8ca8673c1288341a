"""Explains why a receiver did not answer, so that a user knows what to check."""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from yarl import URL

OF_OPENSSL = re.compile(r"\[SSL: (\w+)\]")
OF_THE_SYSTEM = re.compile(r"\[Errno (\d+)\]")
"""For an error that combines several, where a name has several addresses: the numbers are only in its text."""
SILENT = {errno.ETIMEDOUT, errno.EHOSTDOWN}
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
CUT = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}
"""OpenSSL's reasons when the answer to its ClientHello is not TLS."""
WANTS_CERTIFICATE = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
VERIFICATIONS = {9: "is not valid yet", 10: "has expired", 62: "is for another name", 64: "is for another address"}
"""OpenSSL's verification code (X509_V_ERR_*) → text; every other code means that the certificate is not trusted."""


def failure(error: Exception, url: "URL", timeout: str) -> str:
    """The reason in words, such as ``nobody listens on 127.0.0.1:18399``. ``timeout``: the setting, such as ``10s``."""
    place = f"{url.host_subcomponent}:{url.port}"
    if isinstance(error, TimeoutError):
        return f"{place} did not answer within {timeout}"
    if (reason := _of_tls(error, place)) or (reason := _of_connection(error, place)):
        return reason
    match error:
        case aiohttp.ServerDisconnectedError():
            return f"{place} closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            return f"{place} broke off its answer"
        case aiohttp.ClientResponseError():
            return f"{place} answered something that is no HTTP"
        case UnicodeError():
            return f"{url.host} is no name of a host"
    return f"no request can be made of it: {str(error) or type(error).__name__}"


def _of_tls(error: Exception, place: str) -> str:
    """The reason of a TLS error; empty: the error is not about TLS."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_code"):  # aiohttp's lacks it.
            return _unverified(cause, place)
    words = [word for cause in _causes(error) for word in OF_OPENSSL.findall(str(cause))]
    if not words:
        return f"{place} ended the TLS handshake" if isinstance(error, aiohttp.ClientSSLError) else ""
    word = words[-1]
    if word in NOT_TLS:
        return f"{place} does not speak TLS; is it http:// instead of https://?"
    if word == WANTS_CERTIFICATE:
        return f"{place} wants a certificate of the caller, and callbacks have none"
    return f"{place} and the simulator agree on no TLS: {word.replace('_', ' ').lower()}"


def _unverified(error: ssl.SSLCertVerificationError, place: str) -> str:
    if (known := VERIFICATIONS.get(error.verify_code)) is not None:
        return f"the certificate of {place} {known}"
    reason = error.verify_message
    return f"the certificate of {place} is not trusted ({reason}); trust it with --callback-ca FILE"


def _of_connection(error: Exception, place: str) -> str:
    """The reason of an operating system error; empty: it is not an OSError."""
    if not isinstance(error, OSError) or isinstance(error, aiohttp.ServerDisconnectedError):
        return ""
    cause = getattr(error, "os_error", error)
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return f"the name of {place} cannot be looked up now: the name server does not answer"
        return f"there is no host of that name: {place}"
    number = next(filter(None, map(_number, _causes(error))), None)
    if number == errno.ECONNREFUSED:
        return f"nobody listens on {place}"
    if number is None or number in CUT:
        return f"{place} cut the connection before it had answered"
    if number in NO_WAY:
        return f"there is no way from this machine to {place}"
    if number in SILENT:
        return f"{place} does not answer"
    return f"{place} cannot be reached: {_described(number)}"


def _number(error: BaseException) -> int | None:
    """The errno of an error; None: it has none."""
    number = error.errno if isinstance(error, OSError) else None
    found = OF_THE_SYSTEM.search(str(error))
    return number or (int(found[1]) if found else None)


def _described(number: int) -> str:
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
