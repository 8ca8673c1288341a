"""What an application writes with ``requests``: the calls of Sinch's API that no published client has."""

from typing import Any

import requests

from conformance.clients.checks import advance, base_url, control, credentials, equal, errors, part

TO = "5519900001111"
BASE = base_url("sinch")
SESSION = requests.Session()
SESSION.headers.update(credentials("sinch"))


def ask(method: str, path: str, **more: Any) -> Any:
    return SESSION.request(method, f"{BASE}{path}", timeout=30, **more)


def sends() -> None:
    body = {"destination": TO, "messageText": "Hello", "correlationId": "order-1", "extraInfo": "shop"}
    sent = ask("POST", "/v1/send-sms", json=body).json()
    equal("send: answer", [sorted(each) for each in sent], [["correlationId", "id"]])
    asked = ask("GET", "/v1/send-sms", params={"destination": TO, "messageText": "Hello"})
    equal("send by GET: status", asked.status_code, 200)
    advance("10s")
    found = ask("POST", "/v1/sms/status/search", json={"correlationIds": ["order-1"]}).json()
    equal("search: total", found["total"], 1)
    status = found["smsStatuses"][0]
    equal("search: ids", (status["id"], status["correlationId"]), (sent[0]["id"], "order-1"))
    equal("search: sent", (status["sentStatusCode"], status["sentStatus"]), (2, "SENT_SUCCESS"))
    equal("search: delivered", (status["deliveredStatusCode"], status["deliveredStatus"]), (4, "DELIVERED_SUCCESS"))
    equal("list: both", ask("GET", "/v1/sms/status/list").json()["total"], 2)
    equal("list: each once", ask("GET", "/v1/sms/status/list").json()["total"], 0)


def looks_up() -> None:
    found = ask("POST", "/v1/carrier/lookup", json={"destinations": ["+55(19)997712322", "2312312"]}).json()
    equal("lookup: active", [each["active"] for each in found["destinations"]], [True, False])
    equal("lookup: carrier", found["destinations"][0]["carrier"], {"name": "VIVO", "countryCode": "BR"})


def campaigns() -> None:
    made = ask("POST", "/api/v1/campaigns", json={"campaign": {"name": "Christmas", "alias": "xmas"}}).json()
    number = made["campaign"]["id"]
    listed = ask("GET", "/api/v1/campaigns").json()["campaigns"]
    equal("campaigns: listed", "xmas" in [each["alias"] for each in listed], True)
    for path in (f"/api/v1/campaigns/{number}", f"/api/v1/campaign/{number}"):
        equal(f"{path[:16]}: name", ask("GET", path).json()["campaign"]["name"], "Christmas")
    ask("PUT", f"/api/v1/campaigns/{number}", json={"campaign": {"name": "New year"}})
    equal("campaign: new name", ask("GET", f"/api/v1/campaigns/{number}").json()["campaign"]["name"], "New year")
    body = {"messages": [{"destination": TO, "messageText": "Hello"}], "campaignAlias": "xmas"}
    equal("campaign: sent with", ask("POST", "/v1/send-bulk-sms", json=body).status_code, 200)
    equal("campaign: deleted", ask("DELETE", f"/api/v1/campaigns/{number}").status_code, 200)
    equal("campaign: gone", ask("GET", f"/api/v1/campaigns/{number}").status_code, 404)


def receives() -> None:
    control("POST", "inbound", {"provider": "sinch", "from": TO, "to": "27182", "text": "Eu quero pizza"})
    advance("10s")
    listed = ask("GET", "/v1/sms/receive/list").json()
    equal("received", [each["messageText"] for each in listed["messages"]], ["Eu quero pizza"])


ORDER = {
    "namespace": "whatsapp:hsm:ecommerce:movile",
    "elementName": "order_on_its_way",
    "parameters": ["Ann", "A-17"],
}
WHATSAPP = {"destinations": [{"destination": TO, "correlationId": "c-1"}], "message": {"hsm": ORDER}}
MAIL = {
    "fromEmail": "shop@example.org",
    "fromName": "MyShop",
    "recipients": [{"emailAddress": "ann@example.com", "correlationId": "c-1"}],
    "subject": "Your order",
    "emailText": "It is on its way.",
}
OMNI = {
    "contacts": [{"contactInfo": {"phone1": TO}}],
    "template": {"steps": [{"type": "MT", "destinationField": "phone1", "messageText": "Hello"}]},
}
SENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "": ("/v1/send-sms", {"destination": TO, "messageText": "Hello"}),
    "whatsapp": ("/v1/whatsapp/send", WHATSAPP),
    "email": ("/v1/email/send", MAIL),
    "omni": ("/v1/omni/send", OMNI),
}
"""A send of each API."""


def statuses_of_whatsapp() -> list[str]:
    """Statuses of all messages, the oldest first."""
    found = []
    for message in control("GET", "messages?channel=whatsapp")["messages"]:
        plan = control("GET", f"messages/{message['id']}")["plan"]
        found.append(plan[-1]["status"])
    return found[::-1]


def whatsapp() -> None:
    sent = ask("POST", "/v1/whatsapp/send", json=WHATSAPP)
    equal("whatsapp: members", [*sent.json()], ["id", "destinations"])
    equal("whatsapp: entry", [*sent.json()["destinations"][0]], ["id", "correlationId", "destination"])
    equal("whatsapp: reason", sent.reason, "OK")
    bare = sent.text
    for word in ("destinations", "destination", "correlationId", "id", *'"{}[]'):
        bare = bare.replace(word, "")
    pieces = [piece for part_of in bare.split(":") for piece in part_of.split(",") if piece]
    equal("whatsapp: cut at its colons", pieces[:2], [sent.json()["id"], sent.json()["destinations"][0]["id"]])
    text = {**WHATSAPP, "message": {"messageText": "Hello"}}
    ask("POST", "/v1/whatsapp/send", json=text)
    control("POST", "inbound", {"provider": "sinch", "from": TO, "to": "5519900000000", "text": "Where is it?"})
    ask("POST", "/v1/whatsapp/send", json=text)
    equal("whatsapp: statuses", statuses_of_whatsapp(), ["DELIVERED_SUCCESS", "INVALID_SESSION", "DELIVERED_SUCCESS"])
    link = ask("GET", "/v1/session", params={"customerId": 42, "subAccountId": 1291}).json()["file_url"]
    rows = [row.split(";") for row in requests.get(link, timeout=30).text.splitlines()]
    equal("whatsapp: sessions", [row[0] for row in rows], ["source", TO])
    listed = ask("GET", "/v1/list/OPTOUT", params={"customerId": 42}).json()
    equal("whatsapp: list without entries", listed, {"success": True, "status": 200})
    asked = {"page": 1, "page_size": 10, "element_name": "order"}
    templates = ask("GET", "/api/v1/whatsapp_message_templates", params=asked).json()["data"]
    equal("whatsapp: templates", [each["element_name"] for each in templates], ["order_on_its_way"])


def emails() -> None:
    sent = ask("POST", "/v1/email/send", json=MAIL).json()
    equal("e-mail: answer", [*sent["recipients"][0]], ["correlationId", "id"])
    advance("10s")
    (found,) = ask("POST", "/v1/email/status/search", json={"correlationIds": ["c-1"]}).json()
    equal("e-mail: delivered", (found["deliveredStatusCode"], found["deliveredStatus"]), (3, "DELIVERED_SUCCESS"))
    equal("e-mail: list", len(ask("POST", "/v1/email/status/list").json()), 1)
    equal("e-mail: each once", ask("POST", "/v1/email/status/list").json(), [])


def omni() -> None:
    equal("omni: answer", [*ask("POST", "/v1/omni/send", json=OMNI).json()], ["id"])


def catalogue() -> None:
    """Every documented error, with its documented body, of the API whose it is."""
    for error in errors("sinch"):
        path, body = SENDS[error["key"].rpartition(".")[0]]
        answer = ask("POST", path, json=body, headers={"X-Sim-Outcome": error["key"]})
        equal(f"error {error['key']}: status", answer.status_code, error["status"])
        equal(f"error {error['key']}: members", sorted(answer.json()), ["errorCode", "errorMessage"])
        equal(f"error {error['key']}: errorCode", answer.json()["errorCode"], error["code"])


# One status query a second is all the account may ask; here there are more.
control("PUT", "settings", {"sinch": {"status_rate_limit": 0}})
part(sends)
part(looks_up)
part(campaigns)
part(receives)
part(whatsapp)
part(emails)
part(omni)
part(catalogue)
