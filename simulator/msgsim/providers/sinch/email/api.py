"""The endpoints of the e-mail API.

Source: Sinch's e-mail API page https://docs.sinch.com/technical-documentation/api-and-integrations/email-api.
"""

from msgsim.provider import Api, Ask, SendMany
from msgsim.providers.sinch.email import drafts, members, queries

api = Api(
    "email",
    "Sinch (Wavy) e-mail",
    (
        SendMany(
            "email-send", "POST", "/v1/email/send", "email/send", lambda body: body["recipients"],
            drafts.read_item, drafts.sent, drafts.MailBatch, shape=members.of_a_send, check=drafts.check,
        ),
        Ask(
            "email-status-search", "POST", "/v1/email/status/search", queries.searched, "email/search",
            shape=members.of_a_search, sparing=queries.SPARING,
        ),
        Ask("email-status-list", "POST", "/v1/email/status/list", queries.listed),
    ),
)  # fmt: skip
