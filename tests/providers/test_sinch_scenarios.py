"""The stories that are shipped for Sinch load, and say what their first line promises."""

from msgsim.model import Json
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.receiver import Receiver

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}


def simulator(name: str, receiver: Receiver) -> Simulator:
    urls = {f"{kind}_url": f"{receiver.url}/{kind}" for kind in ("callback", "dlr", "mo")}
    return Simulator(clock=f"frozen@{START}", scenario=[name], providers={"sinch": urls})


def send(sim: Simulator, text: str = "Hello?", **more: Json) -> Json:
    body = {"destination": "5511900000000", "messageText": text, **more}
    return call(f"{sim.url}/v1/send-sms", "POST", body, headers=HEADERS).json


def test_a_question_is_answered(receiver: Receiver) -> None:
    with simulator("sinch-customer-answers", receiver) as sim:
        send(sim, "Is Friday all right?")
        send(sim, "No question.")
        sim.control("POST", "clock/advance", {"by": "1m"})
    assert [post.json["messageText"] for post in receiver.posts if post.path == "/mo"] == ["1"]
    assert len(receiver.posts) == 5


def test_reports_come_in_disorder(receiver: Receiver) -> None:
    with simulator("sinch-reports-in-disorder", receiver) as sim:
        send(sim)
        sim.control("POST", "clock/advance", {"by": "1m"})
    assert [post.path for post in receiver.posts][:2] == ["/dlr", "/dlr"]
    assert sorted(post.path for post in receiver.posts) == ["/callback", "/callback", "/dlr", "/dlr"]


def test_credit_runs_out_within_a_bulk(receiver: Receiver) -> None:
    with simulator("sinch-credit-runs-out", receiver) as sim:
        body = {"messages": [{"destination": "5511900000000"}] * 4, "defaultValues": {"messageText": "Hi"}}
        assert call(f"{sim.url}/v1/send-bulk-sms", "POST", body, headers=HEADERS).status == 200
        sim.control("POST", "clock/advance", {"by": "1m"})
    codes = sorted(post.json["sentStatusCode"] for post in receiver.posts if post.path == "/callback")
    assert codes == [2, 2, 201, 201]


def test_an_answer_is_lost_and_the_message_found_by_its_correlation_id(receiver: Receiver) -> None:
    with simulator("sinch-answer-lost", receiver) as sim:
        try:
            send(sim, correlationId="invoice-17")
        except OSError:
            sim.control("POST", "clock/advance", {"by": "1m"})
        found = call(
            f"{sim.url}/v1/sms/status/search", "POST", {"correlationIds": ["invoice-17"]}, headers=HEADERS
        ).json
    assert found["total"] == 1
