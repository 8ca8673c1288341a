"""The Omnichannel API: SMS, Viber and WhatsApp with fallback, schedule, cancel and signed reports.

Source: Messente's Omnichannel API documentation; facts from its other pages have ``provenance: public`` in
``schemas/messente/``.
"""

from msgsim.provider import Ask, Send, SendMany
from msgsim.providers.messente.omnichannel.answers import bulk_sent, cancelled, sent, statuses
from msgsim.providers.messente.omnichannel.reading import bulk_item, credit_of, omnimessage, with_plus

ENDPOINTS = (
    Send("send", "POST", "/v1/omnimessage", schema="omnimessage", shape=with_plus, read=omnimessage, answer=sent),
    SendMany(
        "send-bulk",
        "POST",
        "/v1/omnimessages",
        schema="bulk",
        shape=with_plus,
        items=lambda body: body["messages"],
        item_schema="omnimessage",
        partial=True,
        batch=credit_of,
        read=bulk_item,
        answer=bulk_sent,
    ),
    Ask("status", "GET", "/v1/omnimessage/{id}/status", answer=statuses),
    Ask("cancel", "DELETE", "/v1/omnimessage/{id}", answer=cancelled),
)
