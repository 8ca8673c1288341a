"""Hides the secrets in a provider's settings, and restores them when the hidden form is sent back.

Secret are the values of members called password, secret, token or key. Where a setting's member names are the secrets
(``"x-secret": "names"`` in ``settings.json``), each name is replaced by a fingerprint.
"""

import re
from collections.abc import Callable, Sequence

from msgsim.engine.disguise import Disguise
from msgsim.engine.redaction import HIDDEN
from msgsim.model import Json
from msgsim.provider import Provider
from msgsim.provider.credentials import fingerprint

_SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)


def hidden(settings: dict[str, Json], provider: Provider) -> dict[str, Json]:
    """Settings of one provider with their secrets hidden."""
    named = provider.contract.secret_names
    return {
        name: {fingerprint("key", key): inner for key, inner in value.items()}
        if name in named
        else _hidden(value, name)
        for name, value in settings.items()
    }


def disguised(settings: dict[str, Json], provider: Provider, disguise: Disguise) -> dict[str, Json]:
    """Settings of one provider with substitutes for their secrets, those in URLs included."""
    named = provider.contract.secret_names
    return {
        name: {disguise.of(key): inner for key, inner in value.items()}
        if name in named and isinstance(value, dict)
        else _replaced(value, name, disguise.of, disguise.urls)
        for name, value in settings.items()
    }


def secrets_in(settings: dict[str, Json], provider: Provider) -> set[str]:
    """The secrets in the settings of one provider."""
    found: set[str] = set()

    def remember(text: str) -> str:
        found.add(text)
        return text

    for name, value in settings.items():
        if name in provider.contract.secret_names and isinstance(value, dict):
            found.update(value)
        else:
            _replaced(value, name, remember, lambda text: text)
    return found


def revealed(given: dict[str, Json], present: dict[str, Json], provider: Provider) -> dict[str, Json]:
    """Settings that were shown hidden and are sent back: each hidden secret becomes the ``present`` one.

    Raises ValueError where there is no present secret.
    """
    named = provider.contract.secret_names
    return {
        name: _renamed(value, present.get(name)) if name in named else _revealed(value, present.get(name), name)
        for name, value in given.items()
    }


def _renamed(given: Json, present: Json) -> Json:
    """Member names with each fingerprint of a present name replaced by that name."""
    if not isinstance(given, dict) or not isinstance(present, dict):
        return given
    names = {fingerprint("key", name): name for name in present}
    return {names.get(name, name): value for name, value in given.items()}


def _hidden(value: Json, member: str, secret: bool = False) -> Json:
    return _replaced(value, member, lambda text: HIDDEN, lambda text: text, secret)


def _replaced(
    value: Json, member: str, secret: Callable[[str], str], other: Callable[[str], str], is_secret: bool = False
) -> Json:
    """A setting with each text in it replaced by ``secret`` where it is a secret, by ``other`` elsewhere."""
    is_secret = is_secret or _SECRET.search(member) is not None
    if isinstance(value, dict):
        return {key: _replaced(inner, key, secret, other, is_secret) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, member, secret, other, is_secret) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    return secret(value) if is_secret else other(value)


def _revealed(given: Json, present: Json, member: str, secret: bool = False) -> Json:
    secret = secret or _SECRET.search(member) is not None
    if isinstance(given, dict):
        members: dict[str, Json] = present if isinstance(present, dict) else {}
        return {key: _revealed(inner, members.get(key), key, secret) for key, inner in given.items()}
    if isinstance(given, list):
        items: Sequence[Json] = present if isinstance(present, list | tuple) else ()
        return [
            _revealed(inner, _same(inner, place, items, member, secret), member, secret)
            for place, inner in enumerate(given)
        ]
    if not secret or given != HIDDEN:
        return given
    if not isinstance(present, str) or not present:
        raise ValueError(f"{HIDDEN} stands for a secret that is set already, and here none is; write the secret itself")
    return present


def _same(given: Json, place: int, present: Sequence[Json], member: str, secret: bool) -> Json:
    """The present item whose hidden form is ``given``: at the same place, else at any place; None: there is none."""
    here = present[place : place + 1]
    return next((item for item in [*here, *present] if _hidden(item, member, secret) == given), None)
