"""The certificate authority of this machine, which issues a certificate for each name that a client asks for.

It is created at first use and installed nowhere: a user configures single programs to trust it, as ``msgsim ca`` shows.
Its name constraints (RFC 5280, 4.2.1.10) make it useless for other sites if its key is stolen.
"""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from msgsim.clock import machine

YEARS = 10
"""How long the authority is valid."""
LEAF_DAYS = 397
"""How long a certificate is valid; Apple's clients refuse a longer validity."""
LOCAL_NAMES = ("localhost", "test")
"""Names that nobody can register: ``localhost``, and everything below ``test`` (RFC 6761)."""
LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")


class AuthorityError(Exception):
    """The authority cannot be created or read, or may not sign for a name; the text says what to do."""


class Authority:
    """Signs certificates for the names that it is limited to."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, path: Path) -> None:
        self.path = path
        """A PEM file with the authority's certificate, without its key."""
        self._certificate = certificate
        self._key = key
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())

    @classmethod
    def open(cls, folder: Path, names: Sequence[str], renew: bool = False) -> "Authority":
        """The authority of a folder; created if there is none, or if ``renew``.

        ``names``: DNS names that a new one may sign for, each with all names below it. Raises AuthorityError.
        """
        kept = folder / "authority.pem"
        try:
            if renew:
                kept.unlink(missing_ok=True)
            if not kept.exists():
                _make(kept, names)
            pem = kept.read_bytes()
            key = serialization.load_pem_private_key(pem, None)
            certificate = x509.load_pem_x509_certificate(pem)
            public = folder / "ca.pem"
            if not public.exists() or public.read_bytes() != _pem(certificate):
                _write(public, _pem(certificate), 0o644)
        except OSError as error:
            raise AuthorityError(
                f"{error.filename or folder}: {error.strerror}; choose another with --ca-folder"
            ) from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise AuthorityError(f"{kept}: no authority of msgsim; msgsim ca --renew makes a new one") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"{kept}: no authority of msgsim; msgsim ca --renew makes a new one")
        authority = cls(certificate, key, public)
        if authority.expires <= _now():
            raise AuthorityError(f"{public} has expired; msgsim ca --renew makes a new one, to be trusted anew")
        return authority

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return _pem(self._certificate)

    @property
    def expires(self) -> datetime:
        return self._certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint, as browsers and ``openssl x509 -fingerprint`` show it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def limits(self) -> list[str]:
        """DNS names that it may sign for, each with all names below it, and networks."""
        return [str(limit) for limit in self._limits()]

    def signs(self, name: str) -> bool:
        """Whether its name constraints allow a DNS name or an address."""
        with contextlib.suppress(ValueError):
            address = ip_address(name)
            return any(address in limit for limit in self._limits() if not isinstance(limit, str))
        names = [limit for limit in self._limits() if isinstance(limit, str)]
        return any(name == limit or name.endswith(f".{limit}") for limit in names)

    def _limits(self) -> list[str | IPv4Network | IPv6Network]:
        limits = self._certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        return [limit.value for limit in limits.permitted_subtrees or ()]

    @lru_cache(maxsize=1024)  # noqa: B019 - one authority lives as long as its server
    def context(self, name: str) -> ssl.SSLContext:
        """The TLS context of a server with a certificate for ``name``; for ``localhost`` also for loopback addresses.

        Raises AuthorityError.
        """
        if not self.signs(name):
            raise AuthorityError(f"the authority is not limited to {name}: msgsim ca --renew makes one that is")
        names = [name, "127.0.0.1", "::1"] if name == "localhost" else [name]
        certificate = (
            _begun(_named(name), self._leaf_key.public_key(), LEAF_DAYS)
            .issuer_name(self._certificate.subject)
            .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_authority_identifier(self._certificate), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        with _file(_private(self._leaf_key) + _pem(certificate) + self.pem) as path:
            return server_context(path)


def server_context(certificate: str | Path = "", key: str | Path | None = None) -> ssl.SSLContext:
    """A server's TLS context: TLS 1.2 and 1.3, with HTTP/1.1 by ALPN.

    ``certificate``, ``key``: PEM files; without ``key`` the first has both; empty: none is loaded. Raises OSError
    (ssl.SSLError is one) if a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def _make(path: Path, names: Sequence[str]) -> None:
    """Create an authority in a file that only its owner can read; if two processes create one, the first stays."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named("messaging-simulator, this machine only")
    limits = [x509.DNSName(name) for name in dict.fromkeys((*names, *LOCAL_NAMES))]
    networks = [x509.IPAddress(ip_network(network)) for network in LOCAL_NETWORKS]
    certificate = (
        _begun(subject, key.public_key(), YEARS * 365)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([*limits, *networks], None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _file(_private(key) + _pem(certificate), path.parent) as made, contextlib.suppress(FileExistsError):
        os.link(made, path)


def _begun(subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    """A certificate to be completed and signed; valid from yesterday: clocks of virtual machines may be slow."""
    begin = _now() - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )


def _usage() -> x509.KeyUsage:
    """The key usage of an authority: it signs certificates and nothing else."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _named(name: str) -> x509.Name:
    """A subject, cut to the 64 characters of a common name (RFC 5280); clients check the alternative name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _now() -> datetime:
    return datetime.fromtimestamp(machine() / 1000, UTC)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@contextlib.contextmanager
def _file(content: bytes, folder: Path | None = None) -> Iterator[Path]:
    """A temporary file that only its owner can read: `load_cert_chain` and `os.link` need a file."""
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file atomically."""
    with _file(content, path.parent) as made:
        made.chmod(mode)
        os.replace(made, path)  # noqa: PTH105 - `_file` unlinks the old name, which must not exist any more
