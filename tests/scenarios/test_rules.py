"""When a rule fits, and what it decides."""

from collections.abc import Callable

import pytest
from msgsim.testing import Answer

from tests.conftest import Advance, Http
from tests.scenarios.conftest import MESSENTE, SINCH, TO, Play, Send, omnimessage

Statuses = Callable[[Answer], list[tuple[str, str | None]]]
REFUSED = "respond: {error: forbidden}"


def refused(answer: Answer) -> bool:
    assert answer.status in (201, 403), answer.body
    return answer.status == 403


@pytest.mark.parametrize(
    ("when", "fits", "passes"),
    [
        ("{provider: messente}", {}, None),
        ("{provider: sinch}", None, {}),
        ("{endpoint: send}", {}, None),
        ("{endpoint: send-bulk}", None, {}),
        ("{channel: viber}", {"channels": ("viber",)}, {}),
        ('{to: "+37255500001"}', {}, {"to": "+37255500002"}),
        ("{to: 37255500001}", {}, {"to": "+37255500002"}),
        ('{to: "+3725550*"}', {}, {"to": "+37256600001"}),
        ('{to: "/0[13]$/"}', {}, {"to": "+37255500002"}),
        ("{text: Hello}", {}, {"text": "Hello you"}),
        ("{text: 'Hello*'}", {"text": "Hello you"}, {"text": "hello"}),
        ("{text: '/(?i)hello/'}", {"text": "say hellO"}, {"text": "bye"}),
        ("{header: {X-Run: a-*}}", {"headers": {"x-run": "a-1"}}, {"headers": {"x-run": "b-1"}}),
        ("{body: {$.priority: high}}", {"priority": "high"}, {"priority": "low"}),
        ("{body: {'$.messages[0].text': /ell/}}", {}, {"text": "Bye"}),
        (
            "{body: {'$.messages[?(@.ttl > 60)].ttl': 90}}",
            {"messages": [{"channel": "sms", "text": "x", "ttl": 90}]},
            {},
        ),
        ("{credential: us*}", {}, None),
        ("{credential: nobody}", None, {}),
        ("{item: 1}", {}, None),
        ("{item: 2}", None, {}),
        ('{channel: sms, text: "Hel*", to: "+372*"}', {}, {"text": "Bye"}),
    ],
)
def test_a_rule_fits_what_it_says(
    http: Http, play: Play, when: str, fits: dict[str, object] | None, passes: dict[str, object] | None
) -> None:
    play(f"  - {{when: {when}, {REFUSED}}}")

    def send(to: str = TO, channels: tuple[str, ...] = ("sms",), text: str = "Hello", **more: object) -> Answer:
        headers = more.pop("headers", {})
        assert isinstance(headers, dict)
        return http(
            "POST", "/v1/omnimessage", json=omnimessage(to, channels, text, **more), headers={**MESSENTE, **headers}
        )

    for case, expected in ((fits, True), (passes, False)):
        if case is not None:
            assert refused(send(**case)) is expected  # type: ignore[arg-type]


def test_the_sender_and_the_place_in_a_batch(http: Http, play: Play) -> None:
    play(
        "  - {when: {from: MyShop, endpoint: send-bulk}, respond: {error: forbidden}}\n"
        "  - {when: {item: 2}, respond: {error: message_not_found}}"
    )
    one = {"to": TO, "messages": [{"channel": "sms", "text": "x", "sender": "MyShop"}]}
    listed = http(
        "POST", "/v1/omnimessages", json={"messages": [one, omnimessage(), omnimessage()]}, headers=MESSENTE
    ).json["messages"]
    codes = [item["errors"][0]["code"] if "errors" in item else None for item in listed]
    assert codes == ["102", "101", None]


def test_the_first_rule_that_fits_decides_whatever_it_looks_at(play: Play, send: Send) -> None:
    play(f'  - {{when: {{to: "+37255500009"}}, deliver: []}}\n  - {REFUSED}')
    assert not refused(send("+37255500009"))
    assert refused(send())


def test_rules_of_requests_and_of_bodies_reach_asks(http: Http, play: Play) -> None:
    play(
        '  - {when: {to: "+37255500009"}, deliver: []}\n'
        "  - {when: {provider: messente, endpoint: status}, times: 1, respond: {error: server_error}}\n"
        "  - {when: {provider: sinch, body: {'$.destinations[*]': '55119*'}}, respond: {error: unavailable}}"
    )
    assert http("GET", "/v1/omnimessage/x/status", headers=MESSENTE).status == 500
    assert http("GET", "/v1/omnimessage/x/status", headers=MESSENTE).status == 404
    for number, status in (("5511900000000", 503), ("5521900000000", 200)):
        asked = {"destinations": [number]}
        assert http("POST", "/v1/carrier/lookup", json=asked, headers=SINCH).status == status


def test_times_and_nth_count_requests(play: Play, send: Send) -> None:
    play(f"  - {{times: 2, {REFUSED}}}\n  - {{when: {{nth: 2}}, {REFUSED}}}")
    assert [refused(send()) for _ in range(6)] == [True, True, False, True, False, False]


def test_times_and_nth_count_messages_where_a_rule_looks_at_them(play: Play, send: Send) -> None:
    play(f"  - {{when: {{text: a}}, times: 2, {REFUSED}}}\n  - {{when: {{text: b, nth: 2}}, {REFUSED}}}")
    assert [refused(send(text=text)) for text in "abababab"] == [True, False, True, True, False, False, False, False]


def test_nth_counts_a_message_once_however_many_channels_it_has(play: Play, send: Send) -> None:
    play(f"  - {{when: {{text: Hello, nth: 3}}, {REFUSED}}}")
    assert [refused(send(channels=("viber", "sms"))) for _ in range(4)] == [False, False, True, False]


def test_counts_outlive_a_change_of_nothing(control: Http, play: Play, send: Send) -> None:
    play(f"  - {{times: 1, {REFUSED}}}")
    assert [refused(send()) for _ in range(2)] == [True, False]
    play(f"  - {{times: 1, {REFUSED}}}")
    assert refused(send()), "a scenario that is chosen anew starts anew"


def test_chance_follows_the_seed(play: Play, send: Send) -> None:
    play(f"  - {{when: {{chance: 30%}}, {REFUSED}}}")
    drawn = [refused(send()) for _ in range(100)]
    assert 15 <= sum(drawn) <= 45
    assert drawn[:10] != drawn[10:20]


@pytest.mark.parametrize(("chance", "expected"), [("0%", False), ("100%", True)])
def test_no_chance_and_certainty(play: Play, send: Send, chance: str, expected: bool) -> None:
    play(f"  - {{when: {{chance: {chance}}}, {REFUSED}}}")
    assert {refused(send()) for _ in range(20)} == {expected}


def test_since_and_until_count_from_the_choice(play: Play, send: Send, advance: Advance) -> None:
    advance("1h")
    play(f"  - {{when: {{since: 1m, until: 3m}}, {REFUSED}}}")
    seen = []
    for _ in range(5):
        seen.append(refused(send()))
        advance("1m")
    assert seen == [False, True, True, False, False]


def test_steps_in_the_words_of_the_provider_or_in_neutral_ones(
    play: Play, send: Send, advance: Advance, statuses: Statuses
) -> None:
    play(
        "  - when: {channel: viber}\n    deliver: [{after: 1s, status: sent}, {after: 3s, status: UNDELIV, err: 1}]\n"
        "  - when: {channel: sms}\n    deliver: [{after: 5s, status: DELIVRD}]"
    )
    sent = send(channels=("viber", "sms"))
    told = []
    for _ in range(3):
        advance("2900ms")
        told.append(statuses(sent))
    assert told == [
        [("viber", "ACK"), ("sms", None)],
        [("viber", "UNDELIV"), ("sms", None)],
        [("viber", "UNDELIV"), ("sms", "DELIVRD")],
    ]


def test_a_raw_answer_is_given_word_for_word(play: Play, send: Send) -> None:
    play("  - {respond: {status: 418, body: {tea: [1, null]}, headers: {X-Pot: 1}}}")
    answer = send()
    assert (answer.status, answer.body, answer.headers["x-pot"]) == (418, b'{"tea":[1,null]}', "1")
    play("  - {respond: {status: 502, body: Bad Gateway}}")
    answer = send()
    assert (answer.status, answer.body) == (502, b"Bad Gateway")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_headers_come_on_top_of_a_documented_error(play: Play, send: Send) -> None:
    play('  - {respond: {error: too_many_requests, headers: {X-Limit: "150"}}}')
    answer = send()
    assert (answer.status, answer.headers["retry-after"], answer.headers["x-limit"]) == (429, "1", "150")


def test_a_recipient_replies(control: Http, play: Play, send: Send, advance: Advance) -> None:
    play("  - when: {channel: viber}\n    deliver: [{after: 10s, status: failed}]\n"
         "  - when: {channel: sms}\n    reply: {after: 5s, text: Yes}")  # fmt: skip
    send(channels=("viber", "sms"))
    advance("1m")
    (reply,) = control("GET", "inbound").json["inbound"]
    assert (reply["from"], reply["text"], reply["at"]) == (TO, "Yes", "2026-01-01T00:00:15.000Z")


def test_what_a_provider_never_tells_is_left_out(http: Http, control: Http, play: Play, advance: Advance) -> None:
    play("  - deliver: [{after: 1s, status: queued}, {after: 2s, status: sent}, {after: 3s, status: seen}]")
    sms = {"destination": "5511900000000", "messageText": "Hello"}
    assert http("POST", "/v1/send-sms", json=sms, headers=SINCH).status == 200
    advance("1m")
    (message,) = control("GET", "messages").json["messages"]
    assert message["channels"][0]["status"] == "SENT_SUCCESS"
