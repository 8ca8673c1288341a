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


def catalogue() -> None:
    """Every documented error, with its documented body."""
    for error in errors("sinch"):
        body = {"destination": TO, "messageText": "Hello"}
        answer = ask("POST", "/v1/send-sms", json=body, headers={"X-Sim-Outcome": error["key"]})
        equal(f"error {error['key']}: status", answer.status_code, error["status"])
        equal(f"error {error['key']}: members", sorted(answer.json()), ["errorCode", "errorMessage"])
        equal(f"error {error['key']}: errorCode", answer.json()["errorCode"], error["code"])


# One status query a second is all the account may ask; here there are more.
control("PUT", "settings", {"sinch": {"status_rate_limit": 0}})
part(sends)
part(looks_up)
part(campaigns)
part(receives)
part(catalogue)
