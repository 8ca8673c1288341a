"""Messente's SDKs."""

from conformance.client import Absent, Client

CLIENTS = (
    *(
        Client("messente", "messente-api", version, "Python", "messente.py", "option `Configuration(host=…)`")
        for version in ("2.7.0", "2.6.0", "2.0.0", "1.5.0")
    ),
    Client(
        "messente",
        "messente-api",
        "2.7.0",
        "Python",
        "messente.py",
        "nothing: its own host names, intercepted",
        by_name=True,
    ),
    Client("messente", "messente_api", "1.5.0", "Node.js", "messente.mjs", "option `basePath`"),
)
ABSENT = tuple(
    Absent(
        "messente",
        f"Messente's SDK for {language}",
        language,
        "no Debian package, and its own registry is out of reach",
    )
    for language in ("Ruby", "PHP", "Java")
)
