"""A certificate authority in the file formats that programs read trusted authorities from."""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from msgsim.client.errors import SimulatorError

ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The files with the trusted authorities of Debian, Fedora, SUSE, and of macOS and Alpine."""


def bundle(pem: bytes) -> bytes:
    """The system's authorities and this one, as PEM, for programs that read all of them from one file.

    Raises SimulatorError if the system's are not found.
    """
    paths = (ssl.get_default_verify_paths().cafile, *ROOTS)
    system = next((Path(path) for path in paths if path and Path(path).is_file()), None)
    if system is None:
        raise SimulatorError("the system's certificates were not found; set SSL_CERT_FILE to their file")
    return system.read_bytes().rstrip() + b"\n" + pem


def trust_store(pem: bytes, password: str) -> bytes:
    """PKCS #12 as Java reads it (``javax.net.ssl.trustStore``)."""
    entry = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(pem), b"messaging-simulator")
    return pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(password.encode()))
