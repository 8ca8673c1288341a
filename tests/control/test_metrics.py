"""The whole server in numbers, as Prometheus reads them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Message
from msgsim.storage.messages import Messages
from msgsim.testing import Simulator, call
from msgsim.web.control.metrics import MEDIA, Metric
from prometheus_client.parser import text_string_to_metric_families as families

from tests.conftest import START, Advance, Http
from tests.control.acting import refuse, send
from tests.receiver import Receiver
from tests.replicas.round_robin import replicas_of

Samples = dict[tuple[str, ...], float]


def scraped_one(url: str, path: str = "/__sim/metrics") -> dict[str, Samples]:
    """Name → values of labels, in the order of the labels' names, → value."""
    answer = call(f"{url}{path}", "GET")
    assert (answer.status, answer.headers["content-type"]) == (200, MEDIA)
    found: dict[str, Samples] = {}
    for family in families(answer.body.decode()):
        assert family.documentation
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def scraped(sim: Simulator, path: str = "/__sim/metrics") -> dict[str, Samples]:
    """The sum over all replicas: each has its own numbers, and is scraped by itself."""
    found: dict[str, Samples] = {}
    for url in replicas_of(sim):
        for name, samples in scraped_one(url, path).items():
            sums = found.setdefault(name, {})
            for labels, value in samples.items():
                sums[labels] = sums.get(labels, 0) + value
    return found


def test_what_is_counted(sim: Simulator, control: Http, advance: Advance, receiver: Receiver) -> None:
    receiver.answer(503, b"later")
    send(sim, dlr_url=receiver.url)
    send(sim)
    refuse(sim)
    control("POST", "sandboxes", {"name": "ci-17", "clock": "frozen@2026-03-01T00:00:00Z"})
    send(sim, sandbox="ci-17")
    found = scraped(sim)
    assert found["msgsim_requests_total"] == {("messente", "201"): 3, ("messente", "400"): 1}
    keys = [refusal["key"] for refusal in control("GET", "requests/3").json["refusals"]]
    assert found["msgsim_refusals_total"] == {(key, "messente"): keys.count(key) for key in keys}
    assert found["msgsim_messages"] == {("messente", "default", "queued"): 2, ("messente", "ci-17", "queued"): 1}
    assert found["msgsim_callbacks"] == {("default", "pending"): 2}
    assert found["msgsim_sandboxes"] == {(): 2}
    assert found["msgsim_clock_seconds"] == {("default",): 1767225600, ("ci-17",): 1772323200}
    assert found["msgsim_clock_rate"] == {("default",): 0, ("ci-17",): 0}
    assert found["msgsim_commit_seconds_count"][()] == found["msgsim_commit_seconds_bucket"][("+Inf",)] > 0
    advance("1m")
    later = scraped(sim)
    assert later["msgsim_messages"][("messente", "default", "delivered")] == 2
    assert sum(later["msgsim_callbacks"].values()) == 2
    control("DELETE", "sandboxes/ci-17")
    assert all("ci-17" not in labels for samples in scraped(sim).values() for labels in samples)


def by_state(control: Http) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for message in control("GET", "messages", query={"limit": "10000"}).json["messages"]:
        key = (message["provider"], "default", message["state"])
        found[key] = found.get(key, 0) + 1
    return found


def test_states_are_those_of_the_messages_whatever_happens(
    sim: Simulator, control: Http, advance: Advance, receiver: Receiver
) -> None:
    """Between two scrapes messages come, go on, are cut by hand; and clocks are set back."""

    def check() -> None:
        found = scraped(sim)
        assert {key: count for key, count in found.get("msgsim_messages", {}).items() if count} == by_state(control)
        states: dict[tuple[str, ...], float] = {}
        for callback in control("GET", "callbacks", query={"limit": "10000"}).json["callbacks"]:
            states["default", callback["state"]] = states.get(("default", callback["state"]), 0) + 1
        assert found.get("msgsim_callbacks", {}) == states

    control("PUT", "settings", {"messente": {"dlr_url": receiver.url}})
    ids = []
    for scenario in ("viber-falls-back-to-sms", "failed-by-each-reason", "recipients-reply", "expired"):
        control("PUT", "scenario", {"names": [scenario]})
        control("POST", "sample", {"count": 150, "seed": 1})
        ids.append(send(sim, time_to_send="2026-01-02T00:00"))
        check()
        advance("700ms")
        check()
    control("POST", f"messages/{ids[0]}/cancel")
    control("POST", f"messages/{ids[1]}/status", {"status": "delivered"})
    check()
    advance("2h")
    check()
    control("POST", "clock/set", {"to": START})
    check()
    control("POST", "clock/run-until-idle")
    control("POST", "callbacks/1/replay")
    check()
    control("POST", "reset")
    check()


def test_where_prometheus_looks_by_itself(sim: Simulator) -> None:
    assert scraped(sim, "/metrics").keys() == scraped(sim).keys()
    assert call(f"{sim.url}/metrics", "GET", headers={"Host": "api.messente.com"}).status == 404
    assert call(f"{sim.url}/metrics", "POST").status == 405


def test_beyond_loopback_it_wants_the_token() -> None:
    with Simulator(host="0.0.0.0", token="open-sesame") as sim:
        assert call(f"http://127.0.0.1:{sim.port}/metrics", "GET").status == 401
        given = {"Authorization": "Bearer open-sesame"}
        assert call(f"http://127.0.0.1:{sim.port}/metrics", "GET", headers=given).status == 200


def test_many_sandboxes_are_not_listed_one_by_one(sim: Simulator, control: Http) -> None:
    for number in range(110):
        control("POST", "sandboxes", {"name": f"ci-{number}"})
    found = scraped(sim)
    assert found["msgsim_sandboxes"] == {(): 111}
    for one in map(scraped_one, replicas_of(sim)):
        assert len(one["msgsim_clock_rate"]) == min(100, one["msgsim_sandboxes"][()])
    assert {("default",), ("ci-109",)} <= found["msgsim_clock_rate"].keys()


def test_nothing_is_read_again_that_cannot_have_changed(sim: Simulator, control: Http, monkeypatch: Any) -> None:
    """A scrape costs what has happened since the one before, not what there is."""
    control("POST", "sample", {"provider": "messente", "count": 1000, "seed": 1})
    first = scraped(sim)
    read: list[int] = []
    block = Messages.block

    def counted(self: Messages, number: int) -> list[Message]:
        read.append(number)
        return block(self, number)

    monkeypatch.setattr(Messages, "block", counted)
    assert scraped(sim)["msgsim_messages"] == first["msgsim_messages"]
    send(sim)
    control("POST", "clock/advance", {"by": "1h"})
    read.clear()  # Whoever moves the clock is told what happened.
    assert scraped(sim)["msgsim_messages"] != first["msgsim_messages"]
    assert len(read) == 1


@given(st.text(), st.floats(allow_nan=False))
def test_any_text_may_be_a_label(text: str, value: float) -> None:
    text = text.replace("\r", "")
    lines = "\n".join(Metric("a", "gauge", "Help.", [("", {"b": text}, value)]).lines())
    (family,) = families(lines)
    (sample,) = family.samples
    assert sample.labels == {"b": text}
    assert sample.value == value
