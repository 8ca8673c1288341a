"""One rule about the second item of a batch, and every provider that takes batches."""

from base64 import b64encode
from typing import Any

import pytest

from tests.conftest import Advance, Http

RULE = """
name: second
rules:
  - when: {item: 2}
    deliver: [{after: 1s, status: failed}]
"""
NUMBERS = ("573000000001", "573000000002", "573000000003")

CIMA360 = [
    {"recipient": to, "templateID": "FRiuyt4563234a", "templateParameters": ["1", "2"], "channelType": 3}
    for to in NUMBERS
]
MESSENTE = [{"to": f"+{to}", "messages": [{"channel": "sms", "text": "Hello"}]} for to in NUMBERS]
SINCH = [{"destination": to, "messageText": "Hello"} for to in NUMBERS]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/ott/v1/deliver", {"payload": CIMA360}, {"X-API-KEY": "any"}),
        (
            "/v1/omnimessages",
            {"messages": MESSENTE},
            {"Authorization": f"Basic {b64encode(b'user:password').decode()}"},
        ),
        ("/v1/send-bulk-sms", {"messages": SINCH}, {"UserName": "user", "AuthenticationToken": "token"}),
    ],
    ids=["cima360", "messente", "sinch"],
)
def test_the_second_of_three_fails(
    http: Http, control: Http, advance: Advance, path: str, body: Any, headers: dict[str, str]
) -> None:
    assert control("PUT", "scenario", body=RULE).status == 200
    assert http("POST", path, json=body, headers=headers).status < 300
    advance("1m")
    listed = control("GET", "messages").json["messages"]
    assert {message["to"].removeprefix("+"): message["state"] for message in listed} == {
        "573000000001": "delivered",
        "573000000002": "failed",
        "573000000003": "delivered",
    }
