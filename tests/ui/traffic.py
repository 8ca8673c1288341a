"""One message of every kind there is to draw, sent as an application would send it."""

from msgsim.model import Json
from msgsim.testing import Simulator, call

PHONE = "+37255500017"
OTHER = "+37255500042"
LATIN = "5511912345678"
ANDES = "+573001234567"
LINE_USER = "U42348yafsd8y3248yfsq8cy9088934d"
MESSENGER_USER = "FBfacdb735074f7c492c0bf190fa99020"
VIBER_FAILS = f"""# Viber cannot deliver, SMS takes over.
name: viber-fails
rules:
  - when: {{provider: messente, channel: viber, to: "{PHONE}"}}
    deliver:
      - {{after: 200ms, status: ACK}}
      - {{after: 2s, status: UNDELIV, err: 1}}
"""
PICTURE = "https://cdn.example.com/autumn/boots.jpg"

VIBER = {
    "channel": "viber",
    "sender": "Kivi Shop",
    "text": "Your autumn boots are back in stock. We kept a pair in size 42 for you until Friday.",
    "image_url": PICTURE,
    "button_text": "See the boots",
    "button_url": "https://shop.example.com/boots",
}
VIBER_VIDEO = {
    "channel": "viber",
    "sender": "Kivi Shop",
    "text": "How we make them, in half a minute.",
    "video": {
        "url": "https://cdn.example.com/making-of.mp4",
        "thumbnail": "https://cdn.example.com/making-of.jpg",
        "file_size": 4_200_000,
        "duration": 32,
    },
}
WHATSAPP = {
    "channel": "whatsapp",
    "sender": "Kivi Shop",
    "template": {
        "name": "order_update",
        "language": {"code": "en", "policy": "deterministic"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"link": PICTURE}}]},
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Maria"},
                    {
                        "type": "currency",
                        "currency": {"fallback_value": "89.00 EUR", "code": "EUR", "amount_1000": "89000"},
                    },
                    {"type": "date_time", "date_time": {"fallback_value": "Friday, 2 January"}},
                ],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": 0,
                "parameters": [{"type": "text", "text": "Track the parcel"}],
            },
        ],
    },
}
SMS = {"channel": "sms", "sender": "KiviShop", "text": "Your code is 482 913. It is good for ten minutes."}
LONG_SMS = {
    "channel": "sms",
    "sender": "KiviShop",
    "text": "Tere! Teie tellimus on teel ja jõuab kohale reedel kella üheksa ja kaheteistkümne vahel. "
    "Kui aeg ei sobi, vastake sellele sõnumile sõnaga MUUDA 😊",
}
LINE_NATIVE = {
    "type": "template",
    "altText": "Two ways to get it",
    "template": {
        "type": "carousel",
        "columns": [
            {
                "thumbnailImageUrl": PICTURE,
                "title": "Pick it up",
                "text": "Ready tomorrow at ten",
                "actions": [{"type": "uri", "label": "Find the shop", "uri": "https://shop.example.com/find"}],
            },
            {
                "thumbnailImageUrl": PICTURE,
                "title": "Have it sent",
                "text": "On Friday, free of charge",
                "actions": [{"type": "postback", "label": "Send it", "data": "send"}],
            },
        ],
    },
}
LINE_CONFIRM = {
    "type": "template",
    "altText": "Are you coming?",
    "template": {
        "type": "confirm",
        "text": "Are you coming on Friday?",
        "actions": [
            {"type": "message", "label": "Yes", "text": "yes"},
            {"type": "message", "label": "No", "text": "no"},
        ],
    },
}
MESSENGER_GENERIC = {
    "attachment": {
        "type": "template",
        "payload": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Autumn boots",
                    "subtitle": "Waterproof, 89 EUR",
                    "image_url": PICTURE,
                    "buttons": [{"type": "web_url", "title": "Buy", "url": "https://shop.example.com/boots"}],
                },
                {
                    "title": "Wool socks",
                    "subtitle": "Two pairs, 15 EUR",
                    "image_url": "https://cdn.example.com/socks.jpg",
                    "buttons": [{"type": "postback", "title": "Add them", "payload": "ADD_SOCKS"}],
                },
            ],
        },
    }
}
MAIL = (
    "<div style='font-family:Georgia,serif'><h1 style='color:#0b5563'>Thank you, {{name}}</h1>"
    "<p>Your order <b>78910</b> is packed.</p><img src='https://tracker.example.com/open.gif' alt='Our shop'>"
    "<p><a href='https://shop.example.com'>Look at the order</a></p></div>"
)


class Sender:
    """Sends with the credentials that the simulator issued."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        world = sim.control("GET", "errors").json["statuses"]
        self._headers = {
            one["provider"]: {name: text for name, text in one["example"]["headers"].items() if name != "X-Sim-Outcome"}
            for one in world
        }

    def send(self, provider: str, path: str, body: Json) -> Json:
        answer = call(f"{self._sim.url}{path}", "POST", body, headers=self._headers[provider])
        assert answer.status < 300, answer.body
        return answer.json

    def omni(self, to: str, *messages: Json, **more: Json) -> Json:
        return self.send("messente", "/v1/omnimessage", {"to": to, "messages": list(messages), **more})

    def ott(self, network: str, *contents: Json) -> Json:
        line = network == "line"
        body = {
            "messageKey": "order-1001",
            "from": {"senderType": network, "senderId": "2145435435632435" if line else "503868699681937"},
            "to": {"ottId": LINE_USER if line else MESSENGER_USER},
            "message": {"contents": list(contents), "customKeys": [] if line else [{"messagingType": "RESPONSE"}]},
            "validityPeriod": 30,
        }
        return self.send("salesforce", "/ott/v1/send", body)

    def sms(self, text: str, **more: Json) -> Json:
        return self.send("sinch", "/v1/send-sms", {"destination": LATIN, "messageText": text, **more})

    def mail(self, html: str, subject: str = "Your order", to: str = "maria@example.com") -> Json:
        body = {"subject": subject, "from": "orders@example.com", "html": html, "recipients": [{"to": to}]}
        return self.send("cima360", "/email/v1/deliver", body)

    def voice(self, text: str) -> Json:
        return self.send("cima360", "/voice/v1/deliver", {"recipient": ANDES, "messageBody": text})


def everything(sim: Simulator) -> Sender:
    """One of each, with callbacks into a sink of the simulator itself."""
    sender = Sender(sim)
    sink = f"{sim.url}/__sim/sink/app"
    sender.omni(PHONE, SMS)
    sender.omni(PHONE, VIBER, dlr_url=sink)
    sender.omni(PHONE, WHATSAPP, dlr_url=sink)
    sender.omni(PHONE, LONG_SMS)
    sender.omni(OTHER, VIBER_VIDEO)
    picture = {"type": "image", "url": PICTURE, "altUrl": PICTURE}
    sender.ott("line", {"type": "text", "text": "Your order is ready."}, picture)
    sender.ott("line", {"type": "native", "nativePayload": LINE_NATIVE})
    sender.ott("line", {"type": "native", "nativePayload": LINE_CONFIRM})
    sender.ott("messenger", {"type": "native", "nativePayload": MESSENGER_GENERIC})
    sender.sms("Seu pedido 78910 saiu para entrega.")
    sender.sms("Codigo: 482913", flashSMS=True)
    sender.mail(MAIL, "Your order 78910")
    sender.voice("Your appointment is tomorrow at nine.")
    return sender
