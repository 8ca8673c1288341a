"""Ports for servers of which somebody has to know the port before they start, or when they start again."""

import os
import socket

BELOW = 32768
"""Where systems begin to give ports to outgoing connections: one of those could take a port before it is used."""


def free_port() -> int:
    """Of 127.0.0.1; nobody listens there."""
    while True:
        port = BELOW // 2 + int.from_bytes(os.urandom(2), "big") % (BELOW // 2)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
