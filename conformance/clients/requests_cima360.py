"""What an application writes with ``requests``: CIMA360 publishes no client."""

from typing import Any

import requests

from conformance.clients.checks import advance, base_url, control, credentials, equal, errors, part

TO = "573000000000"
BASE = base_url("cima360")
SESSION = requests.Session()
SESSION.headers.update(credentials("cima360"))
OTT = {"recipient": TO, "templateID": "FRiuyt4563234a", "templateParameters": ["1", "2"], "channelType": 3}
EMAIL: dict[str, Any] = {
    "subject": "Your order",
    "from": "orders@example.com",
    "html": "<p>Hello {{name}}</p>",
    "recipients": [{"to": "maria@example.com", "fields": {"name": "María"}}],
}


def post(path: str, body: Any, **headers: str) -> Any:
    return SESSION.post(f"{BASE}{path}", json=body, headers=headers, timeout=30)


def sends_ott() -> None:
    answer = post("/ott/v1/deliver", {"payload": [OTT, {**OTT, "recipient": "12"}]})
    equal("OTT: status", answer.status_code, 200)
    good, bad = answer.json()
    equal("OTT: the good item", (good["recipient"], good["status"], good["error"]), (TO, "queued", None))
    equal("OTT: the bad item", (bad["messageId"], bad["status"], bad["error"]), (None, "error", "Invalid recipient"))
    advance("1m")
    status = control("GET", f"messages/{good['messageId']}")["channels"][0]["status"]
    equal("OTT: delivered", status, "DELIVERED")


def sends_sms() -> None:
    answer = post("/sms/v1/deliver", {"recipient": f"+{TO}", "messageBody": "Your order has been shipped."})
    equal("SMS: status", (answer.status_code, answer.json()["status"]), (200, "Queued"))
    equal("SMS: id", type(answer.json()["smsId"]), str)
    equal("SMS: without recipient", post("/sms/v1/deliver", {"messageBody": "Hello"}).status_code, 400)


def sends_email() -> None:
    for path in ("/deliver", "/email/v1/deliver"):
        answer = post(path, EMAIL)
        equal(f"e-mail at {path}: status", answer.status_code, 202)
        equal(f"e-mail at {path}: overall", answer.json()["overallStatus"], "Accepted")
        equal(f"e-mail at {path}: recipients", [each["success"] for each in answer.json()["recipients"]], [True])


def sends_voice() -> None:
    answer = post("/voice/v1/deliver", {"recipient": f"+{TO}", "messageBody": "Your appointment is tomorrow."})
    equal("voice: status", (answer.status_code, answer.json()["status"]), (200, "Queued"))


def catalogue() -> None:
    """Every documented error, asked for on the service that has it."""
    bodies = {
        "email": ("/email/v1/deliver", EMAIL),
        "ott": ("/ott/v1/deliver", {"payload": [OTT]}),
        "voice": ("/voice/v1/deliver", {"recipient": f"+{TO}", "messageBody": "Hello"}),
    }
    for error in errors("cima360"):
        sms = ("/sms/v1/deliver", {"recipient": f"+{TO}", "messageBody": "Hello"})
        path, body = bodies.get(error["key"].partition("_")[0], sms)
        answer = post(path, body, **{"X-Sim-Outcome": error["key"]})
        equal(f"error {error['key']}: status", answer.status_code, error["status"])


equal("no key: status", requests.post(f"{BASE}/ott/v1/deliver", json={"payload": [OTT]}, timeout=30).status_code, 401)
part(sends_ott)
part(sends_sms)
part(sends_email)
part(sends_voice)
part(catalogue)
