"""Checks the types in what a provider returns before it is stored: a row of another type could not be decoded again.

A schema normally guarantees the types; these checks catch a member that a schema does not constrain. They are few and
cheap, because a bulk calls them a thousand times.
"""

from msgsim.model import Credential, Draft, Due, Inbound


class Unstorable(ValueError):
    """A value that the store could write but never decode again; the text says which type it has to have."""


def check(draft: Draft) -> None:
    """Raises Unstorable."""
    if not type(draft.id) is type(draft.to) is type(draft.batch) is type(draft.reference) is str:
        raise Unstorable(f"a draft has texts for id, to, batch and reference: {draft}")
    if (draft.start is not None and type(draft.start) is not int) or type(draft.item) is not int:
        raise Unstorable(f"a draft has its place, and starts at a whole millisecond: {draft}")
    if type(draft.fates) is not dict:
        raise Unstorable(f"a draft has the fates of channels by their places: {draft}")
    if draft.expires is not None and type(draft.expires) is not int:
        raise Unstorable(f"a draft expires at a whole millisecond: {draft}")
    for channel in draft.channels:
        if not type(channel.name) is type(channel.id) is type(channel.sender) is type(channel.to) is str:
            raise Unstorable(f"a channel has texts for name, id, sender and to: {channel}")
        if type(channel.text) is not str or (channel.ttl is not None and type(channel.ttl) is not int):
            raise Unstorable(f"a channel has a text, and a ttl of whole milliseconds: {channel}")


def check_due(due: Due) -> None:
    """Raises Unstorable."""
    if type(due.at) is not int or type(due.url) is not str:
        raise Unstorable(f"a callback has a time of whole milliseconds, and a URL: {due}")


def check_credential(credential: Credential) -> None:
    """Raises Unstorable."""
    if not type(credential.name) is type(credential.secret) is type(credential.shown) is str:
        raise Unstorable("a credential is made of texts")


def check_inbound(inbound: Inbound) -> None:
    """Raises Unstorable."""
    whence = (inbound.provider, inbound.sender, inbound.to, inbound.credential)
    if type(inbound.at) is not int or {str} != {*map(type, (inbound.id, inbound.text, inbound.message, *whence))}:
        raise Unstorable(f"an inbound message has texts, and a time of whole milliseconds: {inbound}")
