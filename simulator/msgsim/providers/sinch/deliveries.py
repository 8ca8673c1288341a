"""Callbacks and MOs: passes them to the SMS or the WhatsApp API. E-mail and omni have none."""

from collections.abc import Iterable, Iterator

from msgsim.contract import Contract
from msgsim.engine.device import Piece
from msgsim.model import Callback, Due, Inbound, Json, Message, Post, Step
from msgsim.provider import callback_body
from msgsim.provider.desk import View
from msgsim.providers.sinch import device, inbound, reports
from msgsim.providers.sinch.account import Account, account
from msgsim.providers.sinch.drafts import is_sms
from msgsim.providers.sinch.whatsapp import device as whatsapp_device
from msgsim.providers.sinch.whatsapp import inbound as whatsapp_inbound
from msgsim.providers.sinch.whatsapp import reports as whatsapp_reports
from msgsim.providers.sinch.whatsapp.drafts import CHANNEL as WHATSAPP


def callbacks(message: Message, steps: Iterable[Step], customer: Account) -> list[Due]:
    """The callbacks for steps of a message, where URLs are configured."""
    if message.channels[0].name == WHATSAPP:
        return whatsapp_reports.callbacks(message, steps, customer)
    return reports.callbacks(message, steps, customer) if is_sms(message) else []


def post(callback: Callback, subject: Message | Inbound, customer: Account, contract: Contract) -> Post:
    """The bytes of a callback: DLR, status or MO."""
    if callback.kind == whatsapp_inbound.KIND and isinstance(subject, Inbound):
        return Post(callback_body(callback, whatsapp_inbound.pushed(subject, customer)))
    if callback.kind == whatsapp_reports.KIND and isinstance(subject, Message) and callback.step is not None:
        return Post(callback_body(callback, whatsapp_reports.pushed(subject, callback.step, customer)))
    return reports.post(callback, subject, customer, contract)


def receive(written: Inbound, message: Message | None, view: View) -> tuple[Inbound, list[Due]]:
    """An MO: on WhatsApp if it is for the account's WhatsApp number or replies to a WhatsApp message, else an SMS."""
    if whatsapp_inbound.is_for(written.to, message, account(view)):
        return whatsapp_inbound.receive(written, message, view)
    return inbound.receive(written, message, view)


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    """What the recipient sees."""
    return whatsapp_device.pieces(text, content) if channel == WHATSAPP else device.pieces(channel, text, content)
