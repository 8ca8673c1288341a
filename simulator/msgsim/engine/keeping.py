"""What a provider made of a request, before it is kept: what is written has to be what will be read.

Values that came through a schema are as they should be; these are for the one that was forgotten there. Only the types
are looked at, and only where rows would not decode with others: a thousand times per bulk.
"""

from msgsim.model import Credential, Draft, Due, Inbound


class Unkeepable(ValueError):
    """It could be written, but never be read again; the text says what is wrong with it."""


def check(draft: Draft) -> None:
    """Raises Unkeepable."""
    if not type(draft.id) is type(draft.to) is type(draft.batch) is type(draft.reference) is str:
        raise Unkeepable(f"a draft has texts for id, to, batch and reference: {draft}")
    if (draft.start is not None and type(draft.start) is not int) or type(draft.item) is not int:
        raise Unkeepable(f"a draft has its place, and starts at a whole millisecond: {draft}")
    if type(draft.fates) is not dict:
        raise Unkeepable(f"a draft has the fates of channels by their places: {draft}")
    if draft.expires is not None and type(draft.expires) is not int:
        raise Unkeepable(f"a draft expires at a whole millisecond: {draft}")
    for channel in draft.channels:
        if not type(channel.name) is type(channel.id) is type(channel.sender) is type(channel.to) is str:
            raise Unkeepable(f"a channel has texts for name, id, sender and to: {channel}")
        if type(channel.text) is not str or (channel.ttl is not None and type(channel.ttl) is not int):
            raise Unkeepable(f"a channel has a text, and a ttl of whole milliseconds: {channel}")


def check_due(due: Due) -> None:
    """Raises Unkeepable."""
    if type(due.at) is not int or type(due.url) is not str:
        raise Unkeepable(f"a callback has a time of whole milliseconds, and a URL: {due}")


def check_credential(credential: Credential) -> None:
    """Raises Unkeepable."""
    if not type(credential.name) is type(credential.secret) is type(credential.shown) is str:
        raise Unkeepable("a credential is made of texts")


def check_inbound(inbound: Inbound) -> None:
    """Raises Unkeepable."""
    whence = (inbound.provider, inbound.sender, inbound.to, inbound.credential)
    if type(inbound.at) is not int or {str} != {*map(type, (inbound.id, inbound.text, inbound.message, *whence))}:
        raise Unkeepable(f"an inbound message has texts, and a time of whole milliseconds: {inbound}")
