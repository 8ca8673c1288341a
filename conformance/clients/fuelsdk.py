"""The FuelSDK for Python in its forks that still install: its options ``authenticationurl`` and ``baseapiurl``.

Its SOAP half, which every client sets up, reads a WSDL from the file that ``wsdl_file_local_loc`` names.
"""

from pathlib import Path
from typing import Any

from FuelSDK import ET_Client
from FuelSDK.rest import ET_GetRest, ET_PostRest

from conformance.clients.checks import URL, credentials, equal, errors, part, raised

WSDL = Path(__file__).with_name("empty.wsdl")
MESSENGER: dict[str, Any] = {
    "messageKey": "e1c35141-6e5c-4bc2-813b-60f969e52b0d",
    "from": {"senderType": "messenger", "senderId": "503868699681937"},
    "to": {"ottId": "FBfacdb735074f7c492c0bf190fa99020"},
    "message": {
        "contents": [{"type": "text", "text": "thanks for purchase"}],
        "customKeys": [{"messagingType": "RESPONSE"}],
    },
    "validityPeriod": 30,
}


def client(oauth2: bool = True, **instead: str) -> Any:
    given = credentials("salesforce")
    return ET_Client(
        params={
            "clientid": given["client_id"],
            "clientsecret": given["client_secret"],
            "authenticationurl": URL if oauth2 else f"{URL}/v1/requestToken",
            "useOAuth2Authentication": str(oauth2),
            "baseapiurl": URL,
            "accountId": "1234567",
            "wsdl_file_local_loc": str(WSDL),
            **instead,
        }
    )


def sends(name: str, sdk: Any) -> None:
    sent = ET_PostRest(sdk, f"{URL}/ott/v1/send", MESSENGER)
    equal(f"{name}: send: status", sent.code, 201)
    equal(f"{name}: send: id", type(sent.results.get("ottRequestId")), str)
    listed = ET_GetRest(sdk, f"{URL}/ott/v1/registration/messenger", {"$page": 1, "$pagesize": 10})
    equal(f"{name}: registrations", (listed.code, listed.status), (200, True))
    equal(f"{name}: registrations: all", len(listed.results["items"]), listed.results["count"])
    one = ET_GetRest(sdk, f"{URL}/ott/v1/registration/messenger/503868699681937", {})
    equal(f"{name}: registration", one.results["ottPlatformAttributes"]["pageId"], "503868699681937")


def transactional(name: str, sdk: Any) -> None:
    """The Transactional Messaging API: sends to one by each channel, and what is told of them."""
    recipients: dict[str, Any] = {
        "sms": {"to": "15555550001"},
        "email": {"contactKey": "a@b.example"},
        "push": {"to": ["d"]},
    }
    for channel, recipient in recipients.items():
        root = f"{URL}/messaging/v1/{channel}"
        body = {"definitionKey": f"{channel}-order", "recipient": recipient}
        sent = ET_PostRest(sdk, f"{root}/messages/order-1", body)
        equal(f"{name}: {channel}: sent", (sent.code, sent.results["responses"]), (202, [{"messageKey": "order-1"}]))
        told = ET_GetRest(sdk, f"{root}/messages/order-1", {})
        equal(f"{name}: {channel}: event", told.results["eventCategoryType"].endswith("Queued"), True)
        listed = ET_GetRest(sdk, f"{root}/definitions", {"$filter": "status eq active", "$pageSize": 5})
        equal(f"{name}: {channel}: definitions", listed.results["count"], 1)
        refused = ET_PostRest(sdk, f"{root}/messages", body)
        equal(f"{name}: {channel}: without a key: code", refused.results["errorcode"], 109122)


def refusals(name: str, sdk: Any) -> None:
    for member in ("from", "to", "message", "validityPeriod"):
        body = {key: value for key, value in MESSENGER.items() if key != member}
        refused = ET_PostRest(sdk, f"{URL}/ott/v1/send", body)
        equal(f"{name}: without {member}: status", (refused.code, refused.status), (400, False))
        equal(f"{name}: without {member}: code", refused.results["validationErrors"][0]["errorcode"], 10002)
    sdk.authToken = "not-a-token"
    refused = ET_PostRest(sdk, f"{URL}/ott/v1/send", MESSENGER)
    equal(f"{name}: wrong token: status", refused.code, 401)
    equal(f"{name}: wrong token: message", refused.results["message"], "Not Authorized")


def wrong_secret(name: str, oauth2: bool) -> None:
    error = raised(f"{name}: wrong secret", Exception, lambda: client(oauth2, clientsecret="not the secret"))
    equal(f"{name}: wrong secret: message", "Unable to validate App Keys" in str(error), True)


def catalogue(sdk: Any) -> None:
    """Every documented error that a reserved recipient brings about: the SDK sends no headers of one's own."""
    for error in errors("salesforce"):
        if error["recipient"] and "." not in error["key"]:
            refused = ET_PostRest(sdk, f"{URL}/ott/v1/send", {**MESSENGER, "to": {"ottId": error["recipient"]}})
            equal(f"error {error['key']}: status", refused.code, error["status"])


for name, oauth2 in {"OAuth 2": True, "legacy token": False}.items():
    part(sends, name, client(oauth2))
    part(refusals, name, client(oauth2))
    part(transactional, name, client(oauth2))
    part(wrong_secret, name, oauth2)
part(catalogue, client())
