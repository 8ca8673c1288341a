"""A search as people type it: each word fits somewhere, or in the one place its key names."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.testing import Simulator
from msgsim.web.control import messages
from msgsim.web.control.search import KEYS, Term, terms

from tests.conftest import Http
from tests.control.in_memory import memory
from tests.ui.traffic import everything

WORDS = (
    "Parcel",
    "straße",
    "İstanbul",
    "ſmall",
    "1 part",
    "+37255500001",
    "372555",
    "Kivi",
    "viber",
    "ms",
    "delivered",
)
VALUES = st.sampled_from(WORDS) | st.text(st.characters(blacklist_characters='"'), min_size=1, max_size=6)
TEXTS = st.text(min_size=1, max_size=8) | st.sampled_from(
    ("Your parcel is here", "STRASSE", "istanbul", "Small\nprint")
)


@given(st.lists(st.builds(Term, st.sampled_from(("", *KEYS)), VALUES, st.booleans())))
def test_what_is_written_is_read_again(written: list[Term]) -> None:
    assert terms(" ".join(map(str, written))) == written


@given(st.text())
def test_any_search_is_read_or_refused(search: str) -> None:
    try:
        found = terms(search)
    except ValueError:
        return
    assert all(term.value and term.key in ("", *KEYS) for term in found)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ('status:failed channel:viber "your parcel"', ["status|failed", "channel|viber", "|your parcel"]),
        ("-status:failed -test", ["-status|failed", "-|test"]),
        ("STATUS:Failed", ["status|Failed"]),
        ('from:"Kivi Shop" "unfinished', ["from|Kivi Shop", "|unfinished"]),
        ("https://a.example/x 12:30 code: -", ["|https://a.example/x", "|12:30", "|code:", "|-"]),
        ('status: to:"" ""  ', []),
    ],
)
def test_how_a_search_is_read(search: str, expected: list[str]) -> None:
    assert [f"{'-' * term.excluded}{term.key}|{term.value}" for term in terms(search)] == expected


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("stauts:failed", "a text with a colon is put in quotes); did you mean 'status'?"),
        ("order:12", "there is no key 'order'"),
        ("status:faild", "there is no status 'faild'; did you mean 'failed'?"),
        ("channel:pigeon", "there is no channel 'pigeon'; there are"),
        ("provider:mesente", "there is no provider 'mesente'; did you mean 'messente'?"),
    ],
)
def test_a_search_that_nothing_can_fit_is_a_mistake(control: Http, search: str, said: str) -> None:
    refused = control("GET", "messages", query={"search": search})
    assert refused.status == 400
    assert said in refused.json["detail"]


def fits(term: Term, message: Json) -> bool:
    """Of a message as it is shown."""
    channels = message["channels"]
    places = {
        "to": [message["to"], *(channel["to"] or "" for channel in channels)],
        "from": [channel["from"] or "" for channel in channels],
        "text": [text for channel in channels for text in (channel["text"] or "", *said(channel["content"]))],
        "status": [message["state"], *(channel["status"] or "" for channel in channels)],
        "provider": [message["provider"]],
        "channel": [channel["channel"] for channel in channels],
    }
    wanted = term.value.casefold()
    found = {
        key: any(
            text.casefold().startswith(wanted)
            if key in ("status", "provider", "channel")
            else wanted in text.casefold()
            for text in texts
        )
        for key, texts in places.items()
    }
    return (found[term.key] if term.key else any(found.values())) != term.excluded


def said(content: Json) -> list[str]:
    if isinstance(content, str):
        return [content]
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return [text for value in inner for text in said(value)]


ANY_TERM = st.builds(Term, st.sampled_from(("", "to", "from", "text")), VALUES, st.booleans()) | st.builds(
    Term,
    st.sampled_from(("", "status")),
    st.sampled_from(("fail", "failed", "DELIV", "sent", "ack", "que")),
    st.booleans(),
)


@settings(max_examples=80)
@given(
    st.lists(st.tuples(TEXTS, st.sampled_from((("sms",), ("viber", "sms"), ("viber",)))), max_size=6),
    st.lists(
        ANY_TERM | st.builds(Term, st.just("channel"), st.sampled_from(("vib", "SMS", "line")), st.booleans()),
        max_size=3,
    ),
    st.sampled_from((0, 600, 5000)),
)
def test_what_is_found_is_what_a_look_at_every_message_finds(
    sent: list[tuple[str, tuple[str, ...]]], wanted: list[Term], later: int
) -> None:
    with memory() as world:
        for place, (text, channels) in enumerate(sent):
            world.send(f"+3725550000{place}", text, channels)
            world.move(400)
        world.move(later)
        listing = world.listing(messages.listing, urlencode({"search": " ".join(map(str, wanted))}))()
        found = [listing.show(message) for message in listing.between(0, 1 << 30) if listing.fits(message)]
        everything = [listing.show(message) for message in listing.newest(0, 1 << 30)]
        assert found == [message for message in everything if all(fits(term, message) for term in wanted)]


def test_words_that_are_shown_nowhere_but_in_a_subject_or_a_template_are_found(sim: Simulator) -> None:
    everything(sim)
    found = {
        search: [
            message["provider"] for message in sim.control("GET", "messages", query={"search": search}).json["messages"]
        ]
        for search in (
            "order_update",
            "78910 channel:email",
            "from:KiviShop ümber",
            "to:maria@",
            "autumn channel:messenger",
        )
    }
    assert found == {
        "order_update": ["messente"],
        "78910 channel:email": ["cima360"],
        "from:KiviShop ümber": [],
        "to:maria@": ["cima360"],
        "autumn channel:messenger": ["salesforce"],
    }


def test_a_search_is_waited_for_and_says_what_came_nearest(sim: Simulator) -> None:
    everything(sim)
    missed = sim.control("GET", "messages", query={"search": "channel:voice tomorrow at ten", "wait": "10ms"})
    assert missed.status == 408
    assert "'ten' is nowhere in it" in missed.json["near"][0]["text"]
    found = sim.control("GET", "messages", query={"search": "channel:voice tomorrow -sms", "wait": "10s"})
    assert found.json["total"] == 1
