"""The endpoints of the WhatsApp API.

Sources: Sinch's WhatsApp API page
https://docs.sinch.com/technical-documentation/api-and-integrations/whatsapp-api, its pages about interactive messages,
lifetimes, lists and templates; where these are silent, what deployed clients send and read.
"""

from msgsim.provider import Api, Ask, SendMany
from msgsim.providers.sinch.whatsapp import answers, drafts, files, listing, members

api = Api(
    "whatsapp",
    "Sinch (Wavy) WhatsApp",
    (
        SendMany(
            "whatsapp-send", "POST", "/v1/whatsapp/send", "whatsapp/send", lambda body: body["destinations"],
            drafts.read_item, answers.sent, drafts.Mailing, shape=members.of_a_send, check=drafts.check,
        ),
        Ask("whatsapp-list", "GET", "/v1/list/{type}", files.listed),
        Ask("whatsapp-sessions", "GET", "/v1/session", files.open_sessions, sparing=files.SPARING),
        Ask("whatsapp-templates", "GET", "/api/v1/whatsapp_message_templates", listing.listed),
    ),
)  # fmt: skip
