"""The names of localhost: IPv4 and IPv6 on one port, and what is said when that cannot be."""

import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgsim import server
from msgsim.config import Config
from msgsim.testing import Simulator, call
from msgsim.web.edge.replies import CannotStart


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


NEEDS_IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@NEEDS_IPV6
def test_both_loopback_addresses_are_served_by_default() -> None:
    with Simulator() as sim:
        assert sim.url == f"http://127.0.0.1:{sim.port}"
        for host in ("127.0.0.1", "[::1]", "localhost"):
            url = f"http://{host}:{sim.port}/__sim/v1/"
            assert call(f"{url}health", "GET").status == 200
            own = {"Origin": f"http://{host}:{sim.port}", "Sec-Fetch-Site": "same-origin"}
            assert call(f"{url}reset", "POST", headers=own).status == 200


@NEEDS_IPV6
def test_tls_and_the_proxy_are_on_both_too(tmp_path: Path) -> None:
    with Simulator(https_port=0, proxy_port=0, ca_folder=str(tmp_path)) as sim:
        assert sim._server.ports is not None
        for port in (sim._server.ports.port("https"), sim._server.ports.port("proxy")):
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), 5).close()


@NEEDS_IPV6
def test_an_address_alone_is_served_alone() -> None:
    with Simulator(host="127.0.0.1") as sim, pytest.raises(OSError, match="refused"):
        socket.create_connection(("::1", sim.port), 5)
    with Simulator(host="::1") as sim:
        assert urlsplit(sim.url).hostname == "::1"
        assert sim.control("GET", "health").status == 200
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", sim.port), 5)


@NEEDS_IPV6
def test_a_port_that_another_program_has_on_ipv6_is_taken() -> None:
    """Who says localhost would reach the other program, or us, as the wind blows."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"\[::1\]:{port}: Address already in use; choose another with --port"):
            server.listen(Config(port=port))
        with socket.create_server(("127.0.0.1", port)) as ours:
            assert ours.getsockname()[1] == port, "the socket of IPv4 was left open"


def test_without_ipv6_only_ipv4_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = server._bound

    def without(host: str, port: int) -> socket.socket:
        if ":" in host:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address", host)
        return bound(host, port)

    monkeypatch.setattr(server, "_bound", without)
    with Simulator() as sim:
        assert [listening.family for listening in sim._listening] == [socket.AF_INET]
        assert sim.control("GET", "health").status == 200


def test_a_free_port_is_free_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first port that IPv4 got is taken on IPv6, another is tried, and no socket is left behind."""
    bound, taken = server._bound, [True, True, False]
    firsts: list[socket.socket] = []

    def unlucky(host: str, port: int) -> socket.socket:
        if ":" in host and taken.pop(0):
            raise OSError(errno.EADDRINUSE, "Address already in use", host)
        listening = bound(host, port)
        firsts.append(listening)
        return listening

    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    monkeypatch.setattr(server, "_bound", unlucky)
    found = server.listen(Config(port=0))
    assert len(found) == 2
    assert len({listening.getsockname()[1] for listening in found}) == 1
    assert [listening.fileno() for listening in firsts[:-2]] == [-1, -1]
    for listening in found:
        listening.close()


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(CannotStart, match=r"192\.0\.2\.1:0: .*choose another with --host"):
        server.listen(Config(host="192.0.2.1", port=0))
