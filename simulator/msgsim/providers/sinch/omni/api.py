"""The endpoint of the omni API.

Source: Sinch's fallback API page
https://docs.sinch.com/technical-documentation/api-and-integrations/fallback-api. It does not say what counts as a
failure; inferred: of an SMS any sent status but SENT_SUCCESS, or NOT_DELIVERED; of a call no answer in its timeout.
"""

from msgsim.provider import Api, SendMany
from msgsim.providers.sinch.omni import drafts

api = Api(
    "omni",
    "Sinch (Wavy) omni",
    (
        SendMany(
            "omni-send", "POST", "/v1/omni/send", "omni/send", lambda body: body["contacts"],
            drafts.read_item, drafts.sent, drafts.OmniBatch, shape=drafts.shape, check=drafts.check,
        ),
    ),
)  # fmt: skip
