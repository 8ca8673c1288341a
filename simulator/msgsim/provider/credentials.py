"""What is known of names and secrets, whoever the provider is."""

from collections.abc import Mapping
from hashlib import blake2b

from msgsim.model import Credential


def knows(credential: Credential, accounts: Mapping[str, str], name: str, secret: str) -> bool:
    """Whether a name and a secret fit: anybody's while there are no accounts.

    ``name`` and ``secret`` were issued for the sandbox: together always good, another secret with that name never.
    """
    if credential.name == name and credential.secret == secret:
        return True
    if credential.name in accounts:
        return credential.secret == accounts[credential.name]
    return not accounts and credential.name != name


def fingerprint(kind: str, secret: str) -> str:
    """What is shown of a secret that is a name too: ``key-1a2b3c4d``, enough to tell two apart."""
    return f"{kind}-{blake2b(secret.encode(), digest_size=4).hexdigest()}"
