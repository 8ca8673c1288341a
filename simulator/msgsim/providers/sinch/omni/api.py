"""The endpoint of the omni API.

Source: Sinch's fallback API page
https://docs.sinch.com/technical-documentation/api-and-integrations/fallback-api. What counts as a failure it does not
say [inferred]: of an SMS any sent status but SENT_SUCCESS, or NOT_DELIVERED; of a call no answer within its timeout.
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
