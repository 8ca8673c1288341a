"""A certificate authority of this machine, and certificates for the names that clients ask for.

It is made when first needed and installed nowhere: whoever wants to trust it names it to one program, as
``msgsim ca`` shows. Its name constraints make it useless for any other site, should its key ever be taken.
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
LEAF_DAYS = 397
"""Apple's clients refuse a certificate that is valid for longer."""
LOCAL_NAMES = ("localhost", "test")
"""Names that no one else can own: ``localhost``, and everything below ``test`` (RFC 6761)."""
LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")


class AuthorityError(Exception):
    """The authority cannot be made, read, or may not sign for a name; the text says what to do."""


class Authority:
    """Signs certificates for the names it is limited to."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, path: Path) -> None:
        self.path = path
        """The certificate alone, which may be given to everybody."""
        self._certificate = certificate
        self._key = key
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())

    @classmethod
    def open(cls, folder: Path, names: Sequence[str], renew: bool = False) -> "Authority":
        """The authority of a folder; made where there is none, or a new one is asked for.

        ``names`` are the DNS names it may sign for, each with everything below it. Raises AuthorityError.
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
        return _pem(self._certificate)

    @property
    def expires(self) -> datetime:
        return self._certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256, as browsers and ``openssl x509 -fingerprint`` show it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def limits(self) -> list[str]:
        """The names it may sign for, each with everything below it, and the networks."""
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
        """TLS for a server of this name; ``localhost`` stands for the loopback addresses too. Raises AuthorityError."""
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
    """TLS 1.2 and 1.3 with HTTP/1.1 above it. Raises OSError (ssl.SSLError is one) where a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def _make(path: Path, names: Sequence[str]) -> None:
    """A new authority, for its owner alone; where two processes make one at once, the first one stays."""
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
    """From yesterday on: clocks of virtual machines and containers run late."""
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
    """An authority signs certificates and nothing else."""
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
    """A common name has at most 64 characters (RFC 5280); what counts is the subject's alternative name."""
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
    """A file for its owner alone, gone at the end: OpenSSL and links want one."""
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all."""
    with _file(content, path.parent) as made:
        made.chmod(mode)
        os.replace(made, path)  # noqa: PTH105 - the file that is unlinked afterwards must not be there any more
