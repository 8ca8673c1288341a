"""What messages say is never done: it stays text, loads nothing, and no other page may act here."""

import pytest
from msgsim.model import Json
from msgsim.testing import Simulator, call
from playwright.sync_api import Browser, Page, expect

from tests.receiver import Receiver
from tests.ui import traffic
from tests.ui.traffic import Sender

HOSTILE = (
    "<script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "\"><svg onload='window.harmed = 1'>",
    "'-window.harmed=1-'{{7*7}}{% for x in y %}",
    '</pre></textarea><iframe srcdoc="<script>parent.harmed = 1</script>"></iframe>',
    "javascript:window.harmed=1//‮gnp.exe\u0000\u0008",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_text_on_every_page(page: Page, sim: Simulator, sender: Sender, text: str) -> None:
    shown = text.replace("\u0000", "").replace("\u0008", "")
    viber = {**traffic.VIBER, "text": shown, "button_text": shown, "sender": shown}
    sent = sender.omni(traffic.PHONE, viber, dlr_url=f"{sim.url}/__sim/sink/app")
    sender.mail(shown, subject=shown)
    native = {"attachment": {"type": "template", "payload": {"text": shown, "buttons": [{"title": shown}]}}}
    sender.ott("messenger", {"type": "native", "nativePayload": native})
    sim.control("POST", "inbound", {"provider": "messente", "from": traffic.PHONE, "to": shown, "text": shown})
    sim.control("POST", "clock/run-until-idle")
    paths = [
        f"/__sim/?to=%2B{traffic.PHONE[1:]}",
        "/__sim/?to=maria%40example.com",
        f"/__sim/?to={traffic.MESSENGER_USER}",
        f"/__sim/messages/{sent['omnimessage_id']}",
        "/__sim/requests",
        "/__sim/requests/1",
    ]
    for path in paths:
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("window.harmed") is None, path
    page.goto(paths[0])
    expect(page.locator(".bubble.ch-viber .said")).to_have_text(shown)
    expect(page.locator(".bubble.wrote .said")).to_have_text(shown)
    assert page.locator("main script, main img, main svg[onload], main iframe").count() == 0


def test_hostile_recipients_and_paths_stay_text(page: Page, sim: Simulator, sender: Sender) -> None:
    to = "<img src=x onerror=window.harmed=1>"
    body: Json = {
        "messageKey": "k",
        "from": {"senderType": "messenger", "senderId": "503868699681937"},
        "to": {"ottId": to},
        "message": {"contents": [{"type": "text", "text": "x"}], "customKeys": [{"messagingType": "RESPONSE"}]},
        "validityPeriod": 1,
    }
    sender.send("salesforce", "/ott/v1/send", body)
    call(f"{sim.url}/v1/omnimessage/%3Cscript%3Ewindow.harmed=1%3C%2Fscript%3E?%22%3E%3Cscript%3E", "DELETE")
    page.goto("/__sim/")
    page.locator("#rows a").first.click()
    expect(page.get_by_role("heading", name=to)).to_be_visible()
    page.goto("/__sim/requests")
    expect(page.locator(".request").first).to_contain_text("<script>window.harmed=1<%2Fscript>")
    for path in ("?to=<script>x</script>", "?search=<script>x</script>", "errors?provider=<script>", "messages/<b>"):
        page.goto(f"/__sim/{path}")
        assert page.locator("main script, main b:text-is('x')").count() == 0
    assert page.evaluate("window.harmed") is None


def test_an_email_runs_nothing_and_loads_nothing(
    page: Page, sim: Simulator, sender: Sender, complaints: list[str]
) -> None:
    html = (
        "<style>body{background:url(https://evil.example/css)} @import 'https://evil.example/more.css';</style>"
        "<p onclick='parent.harmed=1' style='background:url(https://evil.example/p)'>Hello</p>"
        "<img src='https://evil.example/pixel.gif'><link rel=stylesheet href='https://evil.example/x.css'>"
        "<script>parent.harmed = 1; fetch('https://evil.example/')</script><base href='https://evil.example/'>"
        "<meta http-equiv=refresh content='0;url=https://evil.example/'><iframe src='https://evil.example/'></iframe>"
        "<video src='https://evil.example/v' autoplay></video><a href='https://evil.example/a'>Go</a>"
        "<form action='https://evil.example/f'><button>Send</button></form>"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sender.mail(html)
    page.goto("/__sim/?to=maria%40example.com")
    mail = page.frame_locator(".mail iframe")
    expect(mail.get_by_text("Hello")).to_be_visible()
    expect(mail.locator(".sim-picture")).to_contain_text("https://evil.example/pixel.gif")
    mail.get_by_text("Hello").click()
    mail.get_by_text("Go").click()
    page.wait_for_timeout(300)
    assert [url for url in asked if "evil" in url and not url.endswith("/a")] == []
    assert page.evaluate("window.harmed") is None
    refused = [said for said in complaints if "Content Security Policy" in said or "evil" in said]
    for said in refused:
        complaints.remove(said)


def test_every_page_has_a_policy_without_inline_scripts(sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    pages = ("", "start", "errors", "requests", "scenarios", "docs/control/reset")
    for path in (*pages, "parts?part=clock", "messages/nothing"):
        policy = call(f"{sim.url}/__sim/{path}", "GET").headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_another_sites_page_may_not_act(browser: Browser, sim: Simulator) -> None:
    """A page of another origin posts a form and calls fetch: neither gets through."""
    with Simulator() as other:
        page = browser.new_page()
        page.goto(f"{other.url}/__sim/v1/health")
        tried = page.evaluate(
            """async (url) => {
              try {
                const answer = await fetch(`${url}/__sim/v1/reset`, {method: "POST", mode: "no-cors"});
                return answer.type;
              } catch (wrong) { return String(wrong); }
            }""",
            sim.url,
        )
        page.close()
    assert tried in ("opaque", "TypeError: Failed to fetch")
    assert sim.control("GET", "requests").json["total"] == 0
    assert not any(line["action"] == "reset" for line in controls(sim))


FORM = """<!doctype html><title>elsewhere</title>
<form method="post" enctype="text/plain" action="{url}/deliver">
  <input name='{{"subject": "x", "html": "x", "recipients": [{{"to": "a@example.com"}}], "x": "' value='"}}'>
</form>
<img src="{url}/v1/send-sms?username=a&amp;authenticationtoken=b&amp;destination=5519900001111&amp;messageText=x">
<img src="{url}/__sim/v1/health">
<script>addEventListener("load", () => document.forms[0].submit())</script>"""


def test_a_form_of_another_site_sends_nothing(browser: Browser, sim: Simulator, receiver: Receiver) -> None:
    """It needs no permission, no credentials at CIMA360's e-mail, and is JSON to whoever does not look twice."""
    receiver.answer(200, FORM.format(url=sim.url).encode(), {"Content-Type": "text/html"})
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(receiver.url.replace("127.0.0.1", "localhost"))
        page.wait_for_url(f"{sim.url}/deliver")
        assert "Another site's page" in page.content()
    assert sim.control("GET", "messages").json["total"] == 0
    assert sim.control("GET", "requests").json["total"] == 0
    plain = {"subject": "x", "html": "x", "recipients": [{"to": "a@example.com"}], "x": "="}
    assert call(f"{sim.url}/deliver", "POST", plain, headers={"Content-Type": "text/plain"}).status < 300


def controls(sim: Simulator) -> list[Json]:
    import msgspec

    lines = sim.control("GET", "journal.jsonl").body.splitlines()
    return [line for line in map(msgspec.json.decode, lines) if line.get("kind") == "control"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}]
)
def test_requests_from_elsewhere_are_refused(sim: Simulator, headers: dict[str, str]) -> None:
    assert sim.control("POST", "clock/resume", headers=headers).status == 403


def test_a_foreign_host_gets_no_page(sim: Simulator) -> None:
    assert call(f"{sim.url}/__sim/", "GET", headers={"Host": "evil.example"}).status == 403
