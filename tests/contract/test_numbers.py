"""Whole numbers written as floats are integers wherever they enter; huge ones and far times are refused or end with the
calendar; and what a careless provider makes of a request is never a row that cannot be read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgsim.cli.settings import read as read_config
from msgsim.clock import EARLIEST, LATEST, instant, iso
from msgsim.config import ConfigError, data_folder
from msgsim.contract.decoding import DEEPEST, read_json
from msgsim.engine.receive import Engine
from msgsim.model import Call, Channel, Draft, Json, whole
from msgsim.provider import Provider, Send, discover
from msgsim.scenarios.compiler import compile_rules
from msgsim.scenarios.yaml import parse
from msgsim.storage.store import store_in
from msgsim.testing import Simulator, call
from msgspec.structs import fields, replace

from reliability.reading import failures, things
from tests.conftest import Http
from tests.samples import first_send, headers, sample

PROVIDERS = discover()
INT64 = 1 << 63
SMS = {"channel": "sms", "text": "x"}


def omni(**more: Json) -> Json:
    return {"to": "+37255000001", "dlr_url": "http://127.0.0.1:1/", "messages": [{**SMS, **more}]}


def send(sim: Simulator, provider: str, path: str, body: Json) -> Any:
    return call(f"{sim.url}{path}", "POST", body=body if isinstance(body, str) else msgspec.json.encode(body),
                headers=headers(PROVIDERS[provider]))  # fmt: skip


SINCH_AT = '{"destination": "5519997712322", "messageText": "x", "scheduledAt": 1.9e12, "expiresInMinutes": 5e7}'
FLOATS = [
    ("messente", "/v1/omnimessage", omni(ttl=1800.0)),
    ("messente", "/v1/omnimessage", omni(validity=5.0)),
    ("messente", "/v1/omnimessage", '{"to":"+37255000001","messages":[{"channel":"sms","text":"x","ttl":1e3}]}'),
    ("messente", "/v1/omnimessage", omni(priority=1.0)),
    ("messente", "/v1/omnimessages", {"messages": [omni(ttl=0.5 * 3600), omni(validity=2147483647.0)]}),
    ("sinch", "/v1/send-sms", SINCH_AT),
    ("sinch", "/v1/send-sms", {"destination": 5519997712322.0, "messageText": 1.5, "correlationId": 7.0}),
    ("sinch", "/v1/send-bulk-sms", {"messages": [{"destination": 5519997712322.0}], "delayedInMinutes": 1.0,
     "timeWindow": [float(hour) for hour in range(24)], "defaultValues": {"messageText": 1e3}}),
    ("cima360", "/ott/v1/deliver", {"payload": [{**sample(PROVIDERS["cima360"])["payload"][0], "channelType": 3.0}]}),
    ("salesforce", "/ott/v1/send", {**sample(PROVIDERS["salesforce"]), "validityPeriod": 30.0}),
    ("salesforce", "/ott/v1/send", {**sample(PROVIDERS["salesforce"]), "validityPeriod": 30.5}),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "path", "body"), FLOATS)
def test_a_whole_number_written_as_a_float_is_an_integer(sim: Simulator, provider: str, path: str, body: Json) -> None:
    answer = send(sim, provider, path, body)
    assert answer.status < 300, answer.body
    found = things(sim.url)
    assert failures(sim.url, found) == []
    for id in found.id:
        channel = sim.control("GET", f"messages/{id}").json["channels"][0]
        assert type(channel["ttl"]) in (int, type(None))
        assert "cannot be read" not in str(channel["text"])
    idle = sim.control("POST", "clock/run-until-idle")
    assert idle.status == 200
    assert failures(sim.url) == []


HUGE = [10**12, 10**18, 10**30, 1e300, -(10**30), 2**63, 2**31]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(("member", "text"), [("ttl", "2147483647"), ("validity", "2147483647")])
def test_a_huge_number_is_refused_in_messentes_words(sim: Simulator, member: str, text: str, number: Json) -> None:
    answer = send(sim, "messente", "/v1/omnimessage", omni(**{member: number}))
    (error,) = answer.json["errors"]
    wanted = f"Must be at most {text}." if number > 0 else "Must be greater than 0."
    assert (answer.status, error["code"], error["source"]) == (400, "105", f"messages.0.{member}")
    assert error["detail"] == wanted


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    ("provider", "path", "body"),
    [
        ("messente", "/v1/omnimessage", omni()),
        ("sinch", "/v1/send-sms", {"destination": "5519997712322", "messageText": "x"}),
        ("salesforce", "/ott/v1/send", sample(PROVIDERS["salesforce"])),
        ("cima360", "/ott/v1/deliver", sample(PROVIDERS["cima360"])["payload"][0]),
    ],
)
def test_huge_numbers_anywhere_do_no_harm(sim: Simulator, provider: str, path: str, body: Json, number: Json) -> None:
    for member in [*body, "unknown", "scheduledAt", "expiresAt", "expiresInMinutes", "templateId", "account_id"]:
        changed = {**body, member: number}
        answer = send(sim, provider, path, {"payload": [changed]} if provider == "cima360" else changed)
        assert answer.status < 500, (member, answer.body)
        assert "x-sim-error" not in answer.headers
    assert sim.control("POST", "clock/run-until-idle").status == 200
    assert failures(sim.url) == []


FAR = ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("date", FAR)
def test_times_outside_the_calendar_are_refused(sim: Simulator, date: str) -> None:
    refused = send(sim, "messente", "/v1/omnimessage", {**omni(), "time_to_send": date})
    assert (refused.status, refused.json["errors"][0]["source"]) == (400, "time_to_send")
    sms = {"recipient": "+573001234567", "messageBody": "x", "programmedDate": date}
    assert send(sim, "cima360", "/sms/v1/deliver", sms).status == 400
    for name in ("start", "end"):
        for path in ("/v1/sms/receive/search", "/v1/sms/status/list"):
            url = f"{sim.url}{path}"
            sim.control("POST", "clock/advance", {"by": "1s"})
            asked = call(url, "GET", headers=headers(PROVIDERS["sinch"]), query={name: date})
            assert (asked.status, "ISO 8601" in asked.json["errorMessage"]) == (400, True)
    moved = sim.control("POST", "clock/set", {"to": date})
    assert (moved.status, "outside the years 1 to 9999" in moved.json["detail"]) == (400, True)
    assert sim.control("GET", "messages", query={"since": date}).status == 400
    made = sim.control("POST", "sandboxes", {"name": "far", "clock": f"frozen@{date}"})
    assert made.status == 400


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"])
def test_the_last_moment_of_all_is_a_time(sim: Simulator, date: str) -> None:
    assert instant(date) == LATEST
    assert send(sim, "messente", "/v1/omnimessage", {**omni(), "time_to_send": date}).status == 201
    assert sim.control("POST", "clock/run-until-idle").json["now"] == "9999-12-31T23:59:59.000Z"
    assert failures(sim.url) == []


@pytest.mark.parametrize("start", [iso(EARLIEST), iso(LATEST), "1969-12-31T23:59:00Z", "5236-03-31T00:00:00Z"])
def test_every_provider_works_at_the_ends_of_the_calendar(start: str) -> None:
    zone = {"sinch": {"timeZone": "America/Sao_Paulo", "callback_url": "http://127.0.0.1:1/"}}
    with Simulator(clock=f"frozen@{start}", seed=1, providers=zone) as sim:
        for provider in PROVIDERS.values():
            answer = send(sim, provider.name, first_send(provider).path, sample(provider))
            assert answer.status < 300, answer.body
        window = {"messages": [{"destination": "5519997712322"}], "timeWindow": [3], "expiresInMinutes": 52560000}
        later = {**window, "defaultValues": {"messageText": "x"}, "delayedInMinutes": 52560000}
        for body in (later, {**later, "timeZone": "+14:00"}, {**later, "timeZone": "-12:00"}):
            assert send(sim, "sinch", "/v1/send-bulk-sms", body).status == 200
        inbound = {"provider": "sinch", "from": "5519997712322", "to": "27277", "text": "hello"}
        assert sim.control("POST", "inbound", inbound).status == 200
        assert failures(sim.url) == []
        assert sim.control("POST", "clock/advance", {"by": "1s"}).status in (200, 400)
        assert sim.control("POST", "clock/run-until-idle").status == 200
        assert sim.control("GET", "callbacks", query={"state": "pending"}).json["total"] == 0
        assert failures(sim.url) == []


def test_a_running_clock_ends_with_the_calendar() -> None:
    with Simulator(clock=f"frozen@{iso(LATEST)}", seed=1) as sim:
        sim.control("POST", "clock/speed", {"rate": 1_000_000})
        assert sim.control("GET", "clock").json["now"] == "9999-12-31T23:59:59.000Z"
        assert send(sim, "messente", "/v1/omnimessage", omni()).status == 201
        assert failures(sim.url) == []


def integers(node: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """Every place of a schema that takes integers and nothing else."""
    if isinstance(node, dict):
        kinds = node.get("type")
        kinds = set(kinds) if isinstance(kinds, list) else {kinds} if isinstance(kinds, str) else set()
        if "integer" in kinds <= {"integer", "null", "array"}:
            yield where, node
        for name, inner in node.items():
            yield from integers(inner, f"{where}/{name}")
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from integers(inner, f"{where}/{place}")


FILES = sorted(
    path for path in data_folder("schemas").glob("*/*.json") if path.name not in ("control.json", "config.json")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_integer_of_a_schema_has_limits_that_can_be_stored(file: Path) -> None:
    for where, node in integers(msgspec.json.decode(file.read_bytes())):
        assert -INT64 <= node["minimum"] <= node["maximum"] < INT64, where


RULES = """
name: numbers
rules:
  - when: {provider: messente, nth: 2, item: 1, body: {"$.messages[0].ttl": 1800}}
    times: 3
    deliver: [{after: 1s, status: UNDELIV, err: 1}]
  - when: {provider: sinch}
    respond: {status: 502, body: {a: 1}}
expect:
  - send: {provider: sinch}
    times: 2
    status: 502
"""


def as_floats(text: str) -> str:
    for number in ("nth: 2", "item: 1", '.ttl": 1800', "times: 3", "err: 1", "status: 502", "times: 2"):
        assert number in text
        text = text.replace(number, f"{number}.0")
    return text


def test_a_scenario_written_with_floats_is_the_same_scenario(sim: Simulator, http: Http, control: Http) -> None:
    store = store_in(None)
    terms = Engine(read_config({"store": "memory"}, {}), store, PROVIDERS).terms
    store.close()
    rules, floats = (compile_rules(parse(text, "a.yaml"), terms) for text in (RULES, as_floats(RULES)))
    for rule, other in zip(rules, floats, strict=True):
        assert rule.outcome == other.outcome
        assert (rule.times, rule.nth) == (other.times, other.nth)
        assert {type(number) for number in (other.times, other.nth)} == {int}
    assert control("PUT", "scenario", body=as_floats(RULES)).status == 200
    refused = send(sim, "sinch", "/v1/send-sms", {"destination": "5519997712322", "messageText": "x"})
    assert (refused.status, refused.json) == (502, {"a": 1})
    for _ in range(2):
        assert send(sim, "messente", "/v1/omnimessage", omni(ttl=1800)).status == 201
    sim.control("POST", "clock/advance", {"by": "5s"})
    newest, oldest = (message["channels"][0] for message in control("GET", "messages").json["messages"])
    assert ((newest["status"], newest["code"]), oldest["status"]) == (("UNDELIV", 1), "DELIVRD")
    assert [route for route in failures(sim.url) if "__sim" in route] == []


@pytest.mark.parametrize("number", ["1e30", "1" + "0" * 30, ".inf", "-1e30"])
@pytest.mark.parametrize("member", ["nth: 2", "item: 1", "times: 3", "err: 1", "status: 502", "times: 2"])
def test_a_huge_number_in_a_scenario_is_a_mistake_with_its_place(control: Http, member: str, number: str) -> None:
    text = RULES.replace(member, f"{member.split(':')[0]}: {number}")
    answer = control("PUT", "scenario", body=text)
    assert (answer.status, answer.json["mistakes"][0][:9]) == (400, "scenario:")


def test_control_bodies_take_whole_floats(sim: Simulator, control: Http) -> None:
    assert control("POST", "seed", {"seed": 7.0}).json["seed"] == 7
    assert control("POST", "sandboxes", {"name": "one", "seed": 3.0}).json["seed"] == 3
    id = send(sim, "messente", "/v1/omnimessage", omni()).json["omnimessage_id"]
    assert control("POST", f"messages/{id}/status", {"status": "UNDELIV", "err": 4.0}).json["channels"][0]["code"] == 4
    assert control("PUT", "sinks/one", {"answers": [{"status": 503.0, "times": 2.0}]}).json["answers"][0]["times"] == 2
    assert call(f"{sim.url}/__sim/sink/one", "POST", body=b"x").status == 503
    assert len(control("POST", "sample", {"provider": "messente", "count": 2.0, "seed": 1.0}).json["sent"]) == 2
    assert control("PUT", "settings", {"sinch": {"rate_limit": 5.0}}).json["sinch"]["rate_limit"] == 5
    assert failures(sim.url) == []


@pytest.mark.parametrize("number", [10**30, -(10**30), 1e300])
def test_huge_numbers_in_control_bodies_are_refused(sim: Simulator, control: Http, number: Json) -> None:
    id = send(sim, "messente", "/v1/omnimessage", omni()).json["omnimessage_id"]
    for method, path, body in (
        ("POST", "seed", {"seed": number}),
        ("POST", "sandboxes", {"name": "one", "seed": number}),
        ("POST", f"messages/{id}/status", {"status": "UNDELIV", "err": number}),
        ("PUT", "sinks/one", {"answers": [{"status": number}]}),
        ("PUT", "sinks/one", {"answers": [{"times": number}]}),
        ("POST", "sample", {"count": number}),
        ("POST", "sample", {"seed": number}),
        ("PUT", "settings", {"sinch": {"rate_limit": number}}),
        ("POST", "clock/speed", {"rate": number}),
    ):
        answer = control(method, path, body)
        assert answer.status == 400, (path, body, answer.body)
    assert failures(sim.url) == []


def test_settings_from_a_file_or_from_python_take_whole_floats(tmp_path: Path) -> None:
    path = tmp_path / "msgsim.yaml"
    path.write_text("port: 0.0\nseed: 3.0\nbody_limit: 1e6\nproviders: {sinch: {status_rate_limit: 2.0}}\n")
    config = read_config({}, {}, str(path))
    assert (config.port, config.seed, config.body_limit) == (0, 3, 1_000_000)
    with Simulator(providers={"sinch": {"status_rate_limit": 2.0, "carriers": [_carrier()]}}) as sim:
        assert sim.control("GET", "settings").json["sinch"]["status_rate_limit"] == 2
        assert send(sim, "sinch", "/v1/send-sms", {"destination": "5519997712322", "messageText": "x"}).status == 200
        assert failures(sim.url) == []
    path.write_text("a: &a [*a]\n")
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_config({}, {}, str(path))


def _carrier() -> Json:
    return {"id": 5.0, "name": "MINE", "country": "BR", "share": 1.0}


def test_numbers_of_json_are_read_as_json_schema_reads_them() -> None:
    text = b'[1800.0, 1e3, -0.0, 1.5, 1e17, 9.3e18, 12345678901234567890123, true, "1.0"]'
    read = read_json(text)
    assert [type(value) for value in read] == [int, int, int, float, int, float, int, bool, str]
    assert read == msgspec.json.decode(text)
    assert whole({"a": (1.0, [2.5, 3.0])}) == {"a": [1, [2.5, 3]]}


def test_bodies_may_be_nested_as_deep_as_can_be_read_again(sim: Simulator) -> None:
    levels = DEEPEST - 5  # those around the payload
    body = sample(PROVIDERS["salesforce"])
    native = {"type": "native", "nativePayload": "HERE"}
    body = {**body, "message": {**body["message"], "contents": [native]}}
    for depth, status in ((levels, 201), (levels + 5, 400), (50_000, 400)):
        payload: Json = b'{"a":' * depth + b"1" + b"}" * depth
        text = msgspec.json.encode(body)
        answer = send(sim, "salesforce", "/ott/v1/send", text.replace(b'"HERE"', payload).decode())
        assert answer.status == status, answer.body
    assert failures(sim.url) == []


# A provider that forgot its schema


def careless(draft: Draft) -> Engine:
    """A simulator whose only provider makes this draft of everything."""
    messente = PROVIDERS["messente"]
    endpoint = Send("send", "POST", "/v1/omnimessage", schema="omnimessage", read=lambda body, desk: draft,
                    answer=messente.endpoints[0].answer)  # type: ignore[arg-type]  # fmt: skip
    provider = replace(messente, endpoints=(endpoint,), callbacks=None)
    return Engine(read_config({"store": "memory", "clock": "frozen"}, {}), store_in(None), {"messente": provider})


GOOD = Draft("id", "+37255000001", (Channel("sms", "channel-id", "me", text="x"),), extra={"dlr_url": ""})
WRONG: dict[str, Json] = {"float": 1.5, "whole float": 2.0, "list": [], "bytes": b"x", "object": object(), "None": None}


def spoilt() -> Iterator[tuple[str, Draft]]:
    for kind, value in WRONG.items():
        for field in fields(Draft):
            if field.name not in ("channels", "fate"):
                yield f"{field.name} {kind}", replace(GOOD, **{field.name: value})
        for field in fields(Channel):
            channel = replace(GOOD.channels[0], **{field.name: value})
            yield f"channel {field.name} {kind}", replace(GOOD, channels=(channel,))


SPOILT = dict(spoilt())


@pytest.mark.parametrize("name", SPOILT)
def test_what_a_careless_provider_makes_is_refused_or_can_be_read(name: str) -> None:
    engine = careless(SPOILT[name])
    call = Call("POST", "/v1/omnimessage", "", {"authorization": "Basic YTpi"}, msgspec.json.encode(omni()))
    reply = engine.receive(call)
    engine.store.commit()
    kept = list(engine.store.messages.newest(engine.sandboxes.default.number))
    (entry,) = engine.store.journal.between(engine.sandboxes.default.number)
    assert entry.exchange is not None
    assert [message.unreadable for message in kept] == ([""] if reply.status == 201 else [])
    assert entry.exchange.status == reply.status
    if reply.status != 201:
        (refusal,) = entry.exchange.refusals
        assert (reply.status, refusal.key, bool(refusal.reason)) == (400, "malformed", True)
    engine.store.close()


def test_the_same_provider_is_fine_when_it_is_careful() -> None:
    engine = careless(GOOD)
    call = Call("POST", "/v1/omnimessage", "", {"authorization": "Basic YTpi"}, msgspec.json.encode(omni()))
    assert engine.receive(call).status == 201
    engine.store.close()


def test_every_provider_has_the_error_that_refuses_it() -> None:
    def has(provider: Provider) -> bool:
        return provider.contract.errors["malformed"].status >= 400

    assert all(has(provider) for provider in PROVIDERS.values())
