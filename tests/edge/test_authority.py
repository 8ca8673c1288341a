"""The authority of this machine as its clients meet it: handshakes on real sockets, other ecosystems' trust stores."""

import datetime
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgsim.client.trust import bundle, trust_store
from msgsim.web.edge.authority import Authority, AuthorityError

NAMES = ["api.messente.com", "auth.marketingcloudapis.com"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "ca", NAMES)


def shaken(context: ssl.SSLContext, trusted: bytes, name: str) -> str:
    """The protocol that a client and a server of this context agree on. Raises ssl.SSLError as the client sees it."""
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            context.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    server = threading.Thread(target=serve)
    server.start()
    client = ssl.create_default_context(cadata=trusted.decode())
    try:
        with client.wrap_socket(here, server_hostname=name) as connected:
            return connected.version() or ""
    finally:
        here.close()
        server.join(10)


@pytest.mark.parametrize("name", ["api.messente.com", "mc123.auth.marketingcloudapis.com", "localhost", "shop.test"])
def test_a_name_it_is_limited_to_gets_a_certificate_that_its_clients_trust(authority: Authority, name: str) -> None:
    assert shaken(authority.context(name), authority.pem, name) in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost_is_good_for_loopback_addresses(authority: Authority, address: str) -> None:
    assert shaken(authority.context("localhost"), authority.pem, address)


@pytest.mark.parametrize("name", ["example.com", "messente.com", "10.0.0.1", "evilapi.messente.com.example"])
def test_it_signs_for_nothing_else(authority: Authority, name: str) -> None:
    with pytest.raises(AuthorityError, match="not limited to"):
        authority.context(name)


def test_its_limits_hold_against_its_own_key(authority: Authority, tmp_path: Path) -> None:
    """Whoever took the key could sign for any name; clients refuse that by the name constraints."""
    pem = (tmp_path / "ca/authority.pem").read_bytes()
    taken = Authority(x509.load_pem_x509_certificate(pem), ec.generate_private_key(ec.SECP256R1()), authority.path)
    stolen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives import serialization

    signer = serialization.load_pem_private_key(pem, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
    parent = x509.load_pem_x509_certificate(taken.pem)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(parent.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(parent.not_valid_before_utc)
        .not_valid_after(now + datetime.timedelta(days=300))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.com")]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    file = tmp_path / "leaf.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
    stolen.load_cert_chain(file)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shaken(stolen, authority.pem, "example.com")


def test_it_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    first, again = (Authority.open(tmp_path / "ca", NAMES) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    assert (tmp_path / "ca/authority.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "ca").iterdir()) == ["authority.pem", "ca.pem"]
    assert (tmp_path / "ca/ca.pem").read_bytes() == first.pem
    assert b"PRIVATE" not in first.pem


def test_many_processes_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    barrier, found = threading.Barrier(8), set()

    def opened() -> None:
        barrier.wait()
        found.add(Authority.open(tmp_path / "ca", NAMES).fingerprint)

    threads = [threading.Thread(target=opened) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_renewed_it_is_another_with_other_limits(tmp_path: Path) -> None:
    first = Authority.open(tmp_path / "ca", NAMES)
    second = Authority.open(tmp_path / "ca", [*NAMES, "shop.example"], renew=True)
    assert first.fingerprint != second.fingerprint
    assert not first.signs("shop.example")
    assert second.signs("shop.example")
    assert (tmp_path / "ca/ca.pem").read_bytes() == second.pem


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca/authority.pem").write_bytes(content)
    with pytest.raises(AuthorityError, match="no authority of msgsim; msgsim ca --renew makes a new one"):
        Authority.open(tmp_path / "ca", NAMES)


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("a file")
    with pytest.raises(AuthorityError, match="choose another with --ca-folder"):
        Authority.open(tmp_path / "ca", NAMES)


def test_java_reads_the_trust_store(authority: Authority, tmp_path: Path) -> None:
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("no keytool: Java's trust store is tested where a JDK is")
    (tmp_path / "trust.p12").write_bytes(trust_store(authority.pem, "changeit"))
    command = [keytool, "-list", "-keystore", str(tmp_path / "trust.p12"), "-storepass", "changeit"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "trustedCertEntry" in listed
    assert authority.fingerprint in listed


def test_the_bundle_trusts_the_system_and_this(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "all.pem").write_bytes(bundle(authority.pem))
    context = ssl.create_default_context(cafile=tmp_path / "all.pem")
    subjects = [dict(part[0] for part in entry["subject"]) for entry in context.get_ca_certs()]  # type: ignore[misc]
    assert {"commonName": "messaging-simulator, this machine only"} in subjects
    assert len(subjects) > 1
