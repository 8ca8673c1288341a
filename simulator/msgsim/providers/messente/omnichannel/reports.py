"""Delivery reports and inbound messages: signed POSTs to the user's application.

The signature is the HMAC-SHA256 of the sent bytes in lower-case hexadecimal digits. Its key is the
API password that sent the message, for inbound messages the number's shared secret.
"""

import hmac
from collections.abc import Iterable

from msgspec.structs import replace

from msgsim.contract import Contract
from msgsim.model import Callback, Due, Inbound, Json, Message, Post, Step
from msgsim.provider import callback_body
from msgsim.provider.desk import View
from msgsim.providers.messente.omnichannel.answers import report
from msgsim.providers.messente.timestamps import timestamp


def reports(message: Message, steps: Iterable[Step], settings: dict[str, Json]) -> list[Due]:
    """A report per step, when the request, the account or the settings name a URL."""
    url = message.extra["dlr_url"]
    return [Due(step.at, url, "report", step) for step in steps] if url else []


def post(callback: Callback, about: Message | Inbound, settings: dict[str, Json], contract: Contract) -> Post:
    """A report on a step, or the push of an inbound message."""
    if isinstance(about, Inbound):
        number = settings["inbound_numbers"].get(about.to, {})
        return _signed(about.extra, number.get("secret", settings["inbound_secret"]), callback)
    assert callback.step is not None
    channel = about.channels[callback.step.channel]
    return _signed(report(about, channel, callback.step, settings, contract), about.secret, callback)


def _signed(value: Json, key: str, callback: Callback) -> Post:
    body = callback_body(callback, value)
    if "wrong-signature" in callback.twists:
        key = f"not {key}"
    signature = hmac.new(key.encode(), body, "sha256").hexdigest()
    return Post(body, (("Content-Type", "application/json"), ("X-Messente-Signature", signature)))


def inbound(bare: Inbound, answered: Message | None, view: View) -> tuple[Inbound, list[Due]]:
    """An inbound message in the documented shape, and its push to the number's URL, if the settings have a URL."""
    id = view.seed.uuid4(view.number())
    channel = answered.channels[0].name if answered else "sms"
    body = {
        "msg_id": id,
        "sub_msg_id": view.seed.uuid4(view.number()),
        "channel": channel,
        "recipient": bare.to,
        "time": timestamp(bare.at, "Z"),
        "text": bare.text,
        "sender": bare.sender,
    }
    number = view.settings["inbound_numbers"].get(bare.to, {})
    url = number.get("url", view.settings["inbound_url"])
    return replace(bare, id=id, extra=body), [Due(bare.at, url, "inbound")] if url else []
