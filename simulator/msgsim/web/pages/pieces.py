"""What a message looks like on the recipient's device: pieces that a template draws, whatever the channel.

A piece is ``{"kind": …}`` and plain values; content comes from outside, so nothing here trusts its shape.
"""

from collections.abc import Callable, Iterator

from msgsim.model import Json

Piece = dict[str, Json]


def pieces(channel: str, text: str, content: Json) -> list[Piece]:
    """From a channel's text and its provider's members to what is seen; never empty, never raises."""
    members = _map(content)
    if isinstance(members.get("contents"), list):
        found = [piece for one in _maps(members["contents"]) for piece in _block(one)]
    else:
        found = list(_DRAWN.get(channel, _plain)(text, members))
    return found or [{"kind": "raw", "json": content}]


def marks(content: Json) -> list[str]:
    """What is worth knowing of an SMS: parts, alphabet."""
    members = _map(content)
    count = members.get("parts")
    if not isinstance(count, int):
        return []
    noted = [f"{count} part{'' if count == 1 else 's'}", _text(members.get("alphabet"))]
    if isinstance(characters := members.get("characters"), int):
        noted.append(f"{characters} characters")
    return [note for note in noted if note]


def is_flash(content: Json) -> bool:
    members = _map(content)
    return members.get("flashSMS") is True or members.get("flashMessage") is True


def _plain(text: str, content: Piece) -> Iterator[Piece]:
    if text:
        yield {"kind": "text", "text": text}


def _viber(text: str, content: Piece) -> Iterator[Piece]:
    if video := _map(content.get("video")):
        yield _video(video.get("url"), video.get("thumbnail"), video.get("duration"))
    elif content.get("image_url"):
        yield _picture(content["image_url"])
    if template := _map(content.get("template")):
        values = [f"{name}: {_text(value)}" for name, value in _map(template.get("params")).items()]
        yield {"kind": "template", "name": _text(template.get("id")), "lang": _text(template.get("lang"))}
        yield from _values(values)
    yield from _plain(text, content)
    if content.get("button_text"):
        yield {"kind": "buttons", "buttons": [_button(content["button_text"], content.get("button_url"))]}
    cards = [
        _card(one, title="title", picture="image_url", buttons=[one.get("primary_button"), one.get("secondary_button")])
        for one in _maps(_map(content.get("carousel")).get("items"))
    ]
    if cards:
        yield {"kind": "cards", "cards": cards}


def _whatsapp(text: str, content: Piece) -> Iterator[Piece]:
    if template := _map(content.get("template")):
        language = _text(_map(template.get("language")).get("code"))
        yield {"kind": "template", "name": _text(template.get("name")), "lang": language}
        for component in _maps(template.get("components")):
            yield from _component(component)
    elif content.get("templateID"):
        yield {"kind": "template", "name": _text(content["templateID"]), "lang": ""}
    for kind in ("image", "sticker", "video", "audio", "document"):
        yield from _media(kind, _map(content.get(kind)))
    yield from _plain(text, content)


def _component(component: Piece) -> Iterator[Piece]:
    parameters = _maps(component.get("parameters"))
    kind = _text(component.get("type")).lower()
    if kind == "button":
        label = ", ".join(_value(one) for one in parameters) or _text(component.get("sub_type"))
        yield {"kind": "buttons", "buttons": [_button(label, component.get("sub_type"))]}
        return
    for one in parameters:
        yield from _media(_text(one.get("type")), _map(one.get(_text(one.get("type")))))
    spoken = [value for one in parameters if (value := _value(one))]
    if kind == "header":
        yield from ({"kind": "heading", "text": value} for value in spoken)
    else:
        yield from _values(spoken)


def _value(parameter: Piece) -> str:
    """A template's parameter as it is read: text, or the fallback of an amount or a date."""
    kind = _text(parameter.get("type"))
    return _text(parameter.get("text") or parameter.get("payload") or _map(parameter.get(kind)).get("fallback_value"))


def _media(kind: str, media: Piece) -> Iterator[Piece]:
    if not media:
        return
    place = media.get("link") or media.get("url") or media.get("id")
    if kind in ("image", "sticker"):
        yield _picture(place)
    elif kind == "video":
        yield _video(place)
    elif kind in ("audio", "document"):
        yield {"kind": "file", "what": kind, "url": _text(place), "name": _text(media.get("file_name"))}
    if caption := _text(media.get("caption")):
        yield {"kind": "text", "text": caption}


def _rcs(text: str, content: Piece) -> Iterator[Piece]:
    file = _map(content.get("content_info"))
    if file:
        yield _picture(file.get("thumbnail_url") or file.get("file_url"))
    rich = _map(content.get("rich_card"))
    inside = [_map(rich.get("standalone_card")).get("card_content")]
    inside += _maps(_map(rich.get("carousel_card")).get("card_contents"))
    if cards := [_rcs_card(card) for card in _maps(inside)]:
        yield {"kind": "cards", "cards": cards}
    yield from _templated(text, content)
    if buttons := _suggested(content.get("suggestions")):
        yield {"kind": "buttons", "buttons": buttons}


def _rcs_card(card: Piece) -> Piece:
    media = _map(_map(card.get("media")).get("content_info"))
    return {
        "title": _text(card.get("title")),
        "text": _text(card.get("description")),
        "picture": _text(media.get("thumbnail_url") or media.get("file_url")),
        "buttons": _suggested(card.get("suggestions")),
    }


def _suggested(suggestions: Json) -> list[Piece]:
    """Suggested replies and actions as buttons."""
    found = [_map(one.get("reply")) or _map(one.get("action")) for one in _maps(suggestions)]
    return [_button(one.get("text"), _map(one.get("open_url_action")).get("url")) for one in found if one]


def _email(text: str, content: Piece) -> Iterator[Piece]:
    yield {"kind": "mail", "subject": _text(content.get("subject")), "from": _text(content.get("from"))}


def _voice(text: str, content: Piece) -> Iterator[Piece]:
    yield {"kind": "call", "text": text}


def _templated(text: str, content: Piece) -> Iterator[Piece]:
    if content.get("templateID"):
        yield {"kind": "template", "name": _text(content["templateID"]), "lang": ""}
    yield from _plain(text, content)


_DRAWN: dict[str, Callable[[str, Piece], Iterator[Piece]]] = {
    "viber": _viber,
    "whatsapp": _whatsapp,
    "email": _email,
    "voice": _voice,
    "messenger": _templated,
    "telegram": _templated,
    "rcs": _rcs,
}


# Messenger and LINE: blocks, and the networks' own objects


def _block(block: Piece) -> Iterator[Piece]:
    kind = _text(block.get("type")).lower()
    if kind == "text":
        yield from _plain(_text(block.get("text")), block)
    elif kind == "image":
        yield _picture(block.get("url"))
    elif kind == "video":
        yield _video(block.get("url"), block.get("altUrl"))
    elif kind in ("audio", "file"):
        yield {
            "kind": "file",
            "what": kind,
            "url": _text(block.get("url")),
            "name": "",
            "duration": block.get("duration"),
        }
    else:
        payload = _map(block.get("nativePayload")) or _map(block.get("payload"))
        drawn = list(_native(payload))
        yield from drawn or [{"kind": "raw", "json": payload or block}]


def _native(payload: Piece) -> Iterator[Piece]:
    if attachment := _map(payload.get("attachment")):
        yield from _attachment(_text(attachment.get("type")), _map(attachment.get("payload")))
    elif payload.get("type") == "template":
        yield from _line_template(_map(payload.get("template")))
    elif payload.get("type") == "sticker":
        yield {"kind": "sticker", "text": f"{_text(payload.get('packageId'))} / {_text(payload.get('stickerId'))}"}
    elif payload.get("type") == "location":
        place = [_text(payload.get(name)) for name in ("title", "address")]
        yield {"kind": "file", "what": "location", "url": ", ".join(filter(None, place)), "name": ""}
    elif payload.get("type") == "image":
        yield _picture(payload.get("originalContentUrl") or payload.get("url"))
    elif payload.get("type") == "video":
        yield _video(payload.get("originalContentUrl"), payload.get("previewImageUrl"))
    yield from _plain(_text(payload.get("text")), payload)
    quick = [
        _button(one.get("title") or _map(one.get("action")).get("label"))
        for one in _maps(payload.get("quick_replies")) + _maps(_map(payload.get("quickReply")).get("items"))
    ]
    if quick:
        yield {"kind": "replies", "buttons": quick}


def _attachment(kind: str, payload: Piece) -> Iterator[Piece]:
    if kind == "image":
        yield _picture(payload.get("url"))
    elif kind == "video":
        yield _video(payload.get("url"))
    elif kind in ("audio", "file"):
        yield {"kind": "file", "what": kind, "url": _text(payload.get("url")), "name": ""}
    cards = [
        _card(one, title="title", picture="image_url", buttons=one.get("buttons"))
        for one in _maps(payload.get("elements"))
    ]
    if cards:
        yield {"kind": "cards", "cards": cards}
    else:
        yield from _plain(_text(payload.get("text")), payload)
        if buttons := _buttons(payload.get("buttons")):
            yield {"kind": "buttons", "buttons": buttons}


def _line_template(template: Piece) -> Iterator[Piece]:
    """Buttons, confirm, carousel and image carousel."""
    if columns := _maps(template.get("columns")):
        cards = [
            _card(one, title="title", picture="thumbnailImageUrl", buttons=one.get("actions") or [one.get("action")])
            for one in columns
        ]
        yield {"kind": "cards", "cards": cards}
        return
    card = _card(template, title="title", picture="thumbnailImageUrl", buttons=template.get("actions"))
    yield {"kind": "cards", "cards": [card]}


def _card(one: Piece, title: str, picture: str, buttons: Json) -> Piece:
    image = one.get(picture) or one.get("imageUrl")
    return {
        "title": _text(one.get(title)),
        "text": _text(one.get("subtitle") or one.get("text")),
        "picture": _text(image),
        "buttons": _buttons(buttons),
    }


def _buttons(listed: Json) -> list[Piece]:
    return [
        _button(
            one.get("title") or one.get("label") or one.get("text") or one.get("type"),
            one.get("url") or one.get("uri") or one.get("action_url") or one.get("payload") or one.get("data"),
        )
        for one in _maps(listed)
    ]


def _button(label: Json, leads: Json = "") -> Piece:
    return {"label": _text(label), "leads": _text(leads)}


def _picture(url: Json) -> Piece:
    return {"kind": "picture", "url": _text(url)}


def _video(url: Json, preview: Json = "", seconds: Json = None) -> Piece:
    return {"kind": "video", "url": _text(url), "preview": _text(preview), "seconds": _text(seconds)}


def _values(values: list[str]) -> Iterator[Piece]:
    if values:
        yield {"kind": "values", "values": values}


def _text(value: Json) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def _map(value: Json) -> Piece:
    return value if isinstance(value, dict) else {}


def _maps(value: Json) -> list[Piece]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
