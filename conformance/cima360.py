"""CIMA360, which publishes no client."""

from conformance.client import Absent, Client

CLIENTS = (
    Client(
        *("cima360", "requests", "2.34.2", "Python", "requests_cima360.py"),
        "no client is published: calls as an application writes them",
    ),
)
ABSENT: tuple[Absent, ...] = ()
