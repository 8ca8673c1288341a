"""Clients of the Sinch (Wavy, Movile) SMS API; Sinch publishes none of its own for it."""

from conformance.client import Absent, Client

CLIENTS = (
    Client(
        *("sinch", "movile-messaging", "1.2.0-rc.1", "Node.js", "movile.mjs"),
        "no option: its host is fixed; `baseURL` is set on its public `instance`",
    ),
    Client(
        *("sinch", "movile-messaging", "1.2.0-rc.1", "Node.js", "movile.mjs"),
        "nothing: its own host names, intercepted",
        by_name=True,
    ),
    Client(
        *("sinch", "requests", "2.34.2", "Python", "requests_sinch.py"),
        "no published client has these endpoints: calls as an application writes them",
    ),
)
ABSENT = (Absent("sinch", "movile_sms", "Ruby", "no Debian package, and its own registry is out of reach"),)
