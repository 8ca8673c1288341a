"""A certificate authority in the forms in which programs are told to trust it."""

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
"""Where Debian, Fedora, SUSE, macOS and Alpine keep the authorities that they trust."""


def bundle(pem: bytes) -> bytes:
    """The system's authorities and this one, for programs that take one file for all. Raises SimulatorError."""
    paths = (ssl.get_default_verify_paths().cafile, *ROOTS)
    system = next((Path(path) for path in paths if path and Path(path).is_file()), None)
    if system is None:
        raise SimulatorError("the system's certificates were not found; set SSL_CERT_FILE to their file")
    return system.read_bytes().rstrip() + b"\n" + pem


def trust_store(pem: bytes, password: str) -> bytes:
    """PKCS #12 as Java reads it (``javax.net.ssl.trustStore``)."""
    entry = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(pem), b"messaging-simulator")
    return pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(password.encode()))
