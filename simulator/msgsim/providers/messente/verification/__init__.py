"""The number verification API on ``api2.messente.com``: sends a PIN by SMS, and checks the PIN that was entered.

Sources: Messente's number verification API documentation, the OpenAPI document of its SDKs.
"""

from msgsim.provider import Api, Ask, SendMany
from msgsim.providers.messente import texts
from msgsim.providers.messente.verification import pins, start

api = Api(
    "verification",
    "Messente number verification",
    (
        SendMany(
            "verify-start", "POST", "/verify/start", "verification/start", start.items, start.read, start.answer,
            start.PinSession, parse=texts.parameters, shape=start.shape,
            also=texts.everywhere("POST", "/verify/start"),
        ),
        Ask(
            "verify-pin", "POST", "/verify/pin", pins.checked, "verification/pin",
            parse=texts.parameters, also=texts.everywhere("POST", "/verify/pin"),
        ),
    ),
    texts.refuse,
    texts.identify,
    hosts=texts.HOSTS,
    in_query=True,
)  # fmt: skip
