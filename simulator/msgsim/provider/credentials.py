"""What is known of names and secrets, whoever the provider is."""

from collections.abc import Mapping
from hashlib import blake2b

from msgsim.model import Credential


def knows(credential: Credential, accounts: Mapping[str, str], name: str, secret: str) -> bool:
    """Whether credentials are accepted.

    ``accounts``: name → secret from the settings; while it is empty, every name with any secret is accepted.
    ``name`` and ``secret`` were issued for the sandbox: they are always accepted together, and the name with no other
    secret.
    """
    if credential.name == name and credential.secret == secret:
        return True
    if credential.name in accounts:
        return credential.secret == accounts[credential.name]
    return not accounts and credential.name != name


def fingerprint(kind: str, secret: str) -> str:
    """A name that may be shown for an account whose only name is its secret, such as ``key-1a2b3c4d``."""
    return f"{kind}-{blake2b(secret.encode(), digest_size=4).hexdigest()}"
