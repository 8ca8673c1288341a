"""Prices of messages, per channel."""

from decimal import Decimal

from msgsim.contract import Contract
from msgsim.model import Channel, Json, Message, Step
from msgsim.plan import state

FREE = ("rejected", "cancelled")
"""Kinds of statuses that cost nothing: rejected by the operator, or cancelled before sending."""


def parts_of(channel: Channel) -> int:
    return int(channel.content.get("parts", 1)) if channel.content else 1


def price_of(channel: Channel, settings: dict[str, Json]) -> Decimal:
    """The price of all parts of a channel's message."""
    return Decimal(settings["part_price"]) * parts_of(channel)


def price_info(channel: Channel, step: Step, settings: dict[str, Json], contract: Contract) -> Json:
    """The member ``price_info`` of a delivery report."""
    free = contract.statuses[step.status].kind in FREE
    return {
        "part_price": settings["part_price"],
        "parts_count": parts_of(channel),
        "total_price": "0" if free else f"{price_of(channel, settings):f}",
    }


def charges(message: Message, now: int, settings: dict[str, Json], contract: Contract) -> list[tuple[Channel, Decimal]]:
    """The channels that have a status by ``now``, and the price of each."""
    return [
        (channel, Decimal(0) if contract.statuses[step.status].kind in FREE else price_of(channel, settings))
        for channel, step in zip(message.channels, state(message, now), strict=True)
        if step is not None
    ]
