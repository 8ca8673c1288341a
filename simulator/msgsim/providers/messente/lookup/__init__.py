"""The number lookup API (HLR): whether a phone is on, its network, roaming and porting.

Sources: Messente's number lookup documentation, the OpenAPI document of its SDKs, and the newest page as published by
RingCentral.
"""

from msgsim.provider import Api, Ask
from msgsim.providers.messente.lookup.answers import looked_up, refuse

ADVICE = "a lookup costs money: keep its result for some days, and ask for many numbers at once"
api = Api(
    "lookup",
    "Messente number lookup",
    (Ask("number-lookup", "POST", "/v1/hlr/sync", looked_up, "lookup/numbers", sparing=ADVICE),),
    refuse,
)
