"""Rules for one test, and a message to try them on."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from msgsim.model import Json
from msgsim.testing import Answer

from tests.conftest import Http

MESSENTE = {"Authorization": "Basic " + b64encode(b"user:password").decode()}
SINCH = {"UserName": "user", "AuthenticationToken": "token"}
TO = "+37255500001"
Play = Callable[[str], None]
Send = Callable[..., Answer]


@pytest.fixture
def play(control: Http) -> Play:
    """Choose rules written in the test."""

    def choose(rules: str) -> None:
        text = f"name: a-test\nrules:\n{rules}"
        answer = control("PUT", "scenario", body=text)
        assert answer.status == 200, answer.body

    return choose


def omnimessage(to: str = TO, channels: tuple[str, ...] = ("sms",), text: str = "Hello", **more: Json) -> Json:
    return {"to": to, "messages": [{"channel": channel, "text": text} for channel in channels], **more}


@pytest.fixture
def send(http: Http) -> Send:
    """One omnimessage; ``headers`` come on top of the credentials."""

    def post(
        to: str = TO,
        channels: tuple[str, ...] = ("sms",),
        text: str = "Hello",
        headers: dict[str, str] | None = None,
        **more: Json,
    ) -> Answer:
        body = omnimessage(to, channels, text, **more)
        return http("POST", "/v1/omnimessage", json=body, headers={**MESSENTE, **(headers or {})})

    return post


@pytest.fixture
def statuses(http: Http) -> Callable[[Answer], list[tuple[str, str | None]]]:
    """What Messente says of a message that was sent."""

    def ask(sent: Answer) -> list[tuple[str, str | None]]:
        id = sent.json["omnimessage_id"]
        told = http("GET", f"/v1/omnimessage/{id}/status", headers=MESSENTE).json
        return [(one["channel"], one["status"]) for one in told["statuses"]]

    return ask
