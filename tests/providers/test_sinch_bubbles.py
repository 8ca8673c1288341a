"""What recipients see of Sinch's WhatsApp, e-mail and calls, of the schemas' own examples."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch import provider
from msgsim.testing import Simulator
from msgsim.web.pages.pieces import pieces

from tests.conftest import Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}


def drawn(http: Http, sim: Simulator, path: str, body: Json) -> list[Any]:
    """The pieces of the newest message's last channel."""
    assert http("POST", path, json=body, headers=HEADERS).status == 200
    newest = sim.control("GET", "messages", query={"limit": "1"}).json["messages"][0]
    channel = newest["channels"][-1]
    return pieces(provider, channel["channel"], channel["text"] or "", channel["content"])


def whatsapp(http: Http, sim: Simulator, **message: Json) -> list[Any]:
    return drawn(
        http, sim, "/v1/whatsapp/send", {"destinations": [{"destination": "5519900001111"}], "message": message}
    )


def test_a_template_is_seen_filled_in_with_its_header_footer_and_buttons(http: Http, sim: Simulator) -> None:
    used = {
        "namespace": "whatsapp:hsm:ecommerce:movile",
        "elementName": "boarding_pass",
        "languageCode": "en",
        "header": {"title": "AD-4012", "element": {"type": "document", "url": "https://example.com/pass.pdf"}},
        "parameters": ["Ann", "10:05"],
    }
    assert whatsapp(http, sim, template=used) == [
        {"kind": "template", "name": "boarding_pass", "lang": "en"},
        {"kind": "file", "what": "document", "url": "https://example.com/pass.pdf", "name": ""},
        {"kind": "heading", "text": "AD-4012"},
        {"kind": "text", "text": "Ann, boarding begins at 10:05."},
        {"kind": "text", "text": "MyAirline"},
        {
            "kind": "buttons",
            "buttons": [{"label": "Thank you", "leads": ""}, {"label": "Change my seat", "leads": ""}],
        },
    ]


def test_a_list_is_seen_with_what_can_be_chosen(http: Http, sim: Simulator) -> None:
    rows = [{"identifier": "1", "title": "Margherita", "description": "Tomato and cheese"}]
    interactive = {
        "messageInteractiveType": "LIST",
        "header": {"text": "Pizza"},
        "body": {"text": "Which one?"},
        "footer": {"text": "MyShop"},
        "listAction": {"button": "Menu", "sections": [{"rows": rows}]},
    }
    assert whatsapp(http, sim, interactive=interactive) == [
        {"kind": "heading", "text": "Pizza"},
        {"kind": "text", "text": "Which one?"},
        {"kind": "text", "text": "MyShop"},
        {"kind": "buttons", "buttons": [{"label": "Margherita", "leads": "Tomato and cheese"}]},
    ]


@pytest.mark.parametrize("name", ["whatsapp/send", "email/send", "omni/send"])
def test_every_example_is_seen_as_something(http: Http, sim: Simulator, name: str) -> None:
    for body in provider.contract.schema(name).document["examples"]:
        seen = drawn(http, sim, f"/v1/{name}", body)
        assert seen
        assert all(piece["kind"] != "raw" for piece in seen)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    *("hsm", "template", "filled", "image", "document", "location", "contacts", "interactive", "header", "footer"),
    *(
        "parameters",
        "buttons",
        "element",
        "replyButtonAction",
        "listAction",
        "sections",
        "rows",
        "reply",
        "attachments",
    ),
)
CONTENTS = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(MEMBERS), inner | st.lists(inner, max_size=2), max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(provider.channels), st.text(max_size=5), CONTENTS)
def test_no_content_stops_the_page(channel: str, text: str, content: Json) -> None:
    assert provider.device is not None
    assert all(isinstance(piece, dict) for piece in provider.device(channel, text, content))
