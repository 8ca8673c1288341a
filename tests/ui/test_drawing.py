"""What is drawn, without a browser: any content is drawn, plans have their places, e-mails are made safe."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.web.pages import mail, raw_text
from msgsim.web.pages.pieces import pieces
from msgsim.web.pages.plan_drawing import drawing, spoken
from msgspec.structs import replace

PROVIDERS = discover()
CHANNELS = ("sms", "viber", "whatsapp", "messenger", "line", "telegram", "rcs", "email", "push", "voice", "pager")
NAMES = [
    *("template", "components", "parameters", "type", "text", "image", "video", "audio", "document", "sticker", "link"),
    *("url", "caption", "carousel", "items", "title", "contents", "nativePayload", "payload", "attachment", "elements"),
    *("content_info", "rich_card", "standalone_card", "carousel_card", "card_contents", "card_content", "suggestions"),
    *("reply", "open_url_action", "file_url", "media"),
    *("buttons", "columns", "actions", "action", "quick_replies", "quickReply", "label"),
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(NAMES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)


@given(st.sampled_from(list(PROVIDERS)), st.sampled_from(CHANNELS), st.text(max_size=20), ANYTHING)
def test_any_content_is_drawn(provider: str, channel: str, text: str, content: Json) -> None:
    found = pieces(PROVIDERS[provider], channel, text, content)
    assert found
    assert all(isinstance(piece["kind"], str) for piece in found)


def test_an_rcs_card_is_drawn_with_its_suggestions() -> None:
    reply = {"reply": {"text": "Thanks", "postback_data": "thanks"}}
    media = {"height": "TALL", "content_info": {"file_url": "https://example.com/shop.png", "force_refresh": False}}
    card = {"title": "Your order", "description": "On its way", "media": media, "suggestions": [reply]}
    visit = {"action": {"text": "Visit", "open_url_action": {"url": "https://example.com"}}}
    content = {"rich_card": {"standalone_card": {"card_content": card}}, "suggestions": [visit]}
    assert pieces(PROVIDERS["messente"], "rcs", "", content) == [
        {
            "kind": "cards",
            "cards": [
                {
                    "title": "Your order",
                    "text": "On its way",
                    "picture": "https://example.com/shop.png",
                    "buttons": [{"label": "Thanks", "leads": ""}],
                }
            ],
        },
        {"kind": "buttons", "buttons": [{"label": "Visit", "leads": "https://example.com"}]},
    ]


def test_what_nobody_knows_is_shown_raw() -> None:
    flex = {"type": "flex", "contents": {"type": "bubble"}}
    content = {"contents": [{"type": "native", "nativePayload": flex}]}
    assert pieces(PROVIDERS["salesforce"], "line", "", content) == [{"kind": "raw", "json": flex}]


def test_a_provider_that_says_nothing_of_devices_has_its_text_drawn() -> None:
    silent = replace(PROVIDERS["sinch"], device=None)
    assert pieces(silent, "pigeon", "Coo", {"flashSMS": True}) == [{"kind": "text", "text": "Coo"}]
    assert pieces(silent, "pigeon", "", {"wing": 1}) == [{"kind": "raw", "json": {"wing": 1}}]


@given(st.text())
def test_no_email_keeps_a_script_or_a_remote_picture(text: str) -> None:
    page = mail.page(f"<p>{text}</p><script>{text}</script><img src='https://x.example/{text}'>", text)
    body = page.partition("<body>")[2]
    assert "<script" not in body
    assert "<img" not in body or "data:image/" in body


def test_an_email_keeps_its_words_styles_and_inline_pictures() -> None:
    html = "<p style='color:red'>1 &lt; 2 &amp; 3<br>x</p><img src='data:image/png;base64,AA' alt='dot'>"
    page = mail.page(html, "Subject <b>")
    assert '<p style="color:red">1 &lt; 2 &amp; 3<br>x</p><img src="data:image/png;base64,AA" alt="dot">' in page
    assert "<title>Subject &lt;b&gt;</title>" in page


def test_an_email_loses_what_acts_or_loads() -> None:
    html = (
        "<a href='https://a.example' onclick='x()'>go</a><style>@import 'x'; p{background:url(https://a.example)}</style>"
        "<p style='background:URL(https://a.example)'>x</p>"
        "<iframe srcdoc='x'>inside</iframe><form action='/x'>kept</form>"
    )
    body = mail.page(html, "").partition("<body>")[2]
    assert body.startswith('<a href="https://a.example">go</a>')
    for gone in ("onclick", "url(https", "URL(", "@import", "iframe", "inside", "<form"):
        assert gone not in body
    assert "kept" in body


def test_what_looks_like_markup_in_json_stays_text() -> None:
    shown = str(raw_text.coloured('{"a<b": "<script>alert(1)</script>", "n": -1.5e3, "t": true}'))
    assert "<script>" not in shown
    assert '<span class="j-name">&#34;a&lt;b&#34;</span>' in shown
    assert '<span class="j-number">-1.5e3</span>' in shown
    assert '<span class="j-word">true</span>' in shown


@given(st.text())
def test_any_body_can_be_shown(text: str) -> None:
    shown = raw_text.coloured(text)
    assert "<s" not in str(shown).replace('<span class="j-', "").replace("</span>", "")


def test_a_huge_body_is_cut() -> None:
    assert raw_text.laid_out("x" * 100_000).endswith("40000 characters more")


def test_durations_are_spoken() -> None:
    said = [spoken(one) for one in (0, 250, 1500, 90_000, 21_600_000, 90_061_000)]
    assert said == ["0 ms", "250 ms", "1.5 s", "1 min 30 s", "6 h", "1 d 1 h"]


def whole(*steps: tuple[str, str, str, str], channels: tuple[str, ...] = ("viber", "sms")) -> Json:
    """A message as the control API shows it: (second of acceptance, channel, status, kind)."""
    plan = [
        {"at": f"2026-01-01T00:00:{second}Z", "channel": name, "status": word, "kind": kind, "code": None}
        for second, name, word, kind in steps
    ]
    start = "2026-01-01T00:00:00Z"
    shown = [{"channel": name} for name in channels]
    return {"accepted": start, "start": start, "channels": shown, "plan": plan, "callbacks": []}


START = 1_767_225_600_000


def test_moments_go_from_left_to_right_and_never_touch() -> None:
    plan = drawing(
        whole(("01", "viber", "ACK", "sent"), ("02", "viber", "UNDELIV", "failed"), ("03", "sms", "ACK", "sent")), START
    )
    places = [x for x, _ in plan.ticks]
    assert places == sorted(places)
    assert min(after - before for before, after in pairwise(places)) >= 80
    assert [text for _, text in plan.ticks] == ["accepted", "+1 s", "+2 s", "+3 s"]
    assert [dot.past for dot in plan.dots] == [False, False, False]
    assert len(plan.bends) == 1


def test_now_stands_between_what_was_and_what_comes() -> None:
    message = whole(("01", "viber", "ACK", "sent"), ("03", "viber", "DELIVRD", "delivered"))
    plan = drawing(message, START + 2000)
    first, second = plan.dots
    assert first.past
    assert not second.past
    assert first.x < plan.now < second.x
    assert drawing(message, START + 60_000).now > second.x


def test_two_attempts_on_one_channel_have_their_own_lanes() -> None:
    message = whole(
        ("01", "line", "invalid_reply_token", "failed"), ("02", "line", "sent", "sent"), channels=("line", "line")
    )
    first, second = drawing(message, START).dots
    assert first.y < second.y


def test_a_message_without_a_future_is_drawn() -> None:
    plan = drawing(whole(), START + 1000)
    assert plan.dots == []
    assert plan.now > plan.ticks[0][0]


WORDS = st.sampled_from(("ACK", "DELIVRD", "NOT_DELIVERED", "OPERATOR_REJECTED", "invalid_reply_token"))
ANSWERS = st.sampled_from((200, 204, 401, 503, None))
CALLBACK = st.fixed_dictionaries(
    {
        "due": st.integers(0, 59).map("2026-01-01T00:00:{:02}Z".format),
        "status": WORDS,
        "kind": st.just("status"),
        "state": st.sampled_from(("pending", "done", "cancelled")),
        "attempts": st.lists(st.fixed_dictionaries({"answered": ANSWERS}), max_size=6),
    }
)


@given(st.lists(st.tuples(st.integers(0, 59).map("{:02}".format), WORDS), max_size=6), st.lists(CALLBACK, max_size=6))
def test_no_words_of_a_plan_stand_on_each_other(steps: list[tuple[str, str]], callbacks: list[Json]) -> None:
    message = whole(*((at, "sms", word, "sent") for at, word in sorted(steps)), channels=("sms",))
    plan = drawing({**message, "callbacks": callbacks}, START)
    boxes = []
    for dot in plan.dots:
        words = dot.word if dot.upper else dot.note
        middle = dot.y - 15 - 14 * dot.level if dot.upper else dot.y + 20
        boxes.append((dot.x - 3.5 * len(words), middle - 6, dot.x + 3.5 * len(words), middle + 6))
    for one, (left, top, right, bottom) in enumerate(boxes):
        assert right <= plan.width
        assert bottom <= plan.height
        for other_left, other_top, other_right, other_bottom in boxes[:one]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
