"""What recipients see: content blocks and native objects on Messenger and LINE, e-mails, push messages."""

from collections.abc import Iterator

from msgsim.engine.device import (
    Piece,
    button,
    buttons,
    card,
    cards,
    file,
    first,
    mapping,
    mappings,
    picture,
    plain,
    video,
    words,
)
from msgsim.model import Json


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    members = mapping(content)
    if channel == "email":
        yield {"kind": "mail", **{name: words(members.get(name)) for name in ("subject", "from", "html")}}
        return
    if channel == "push":
        leads = [button("Open", members["url"])] if members.get("url") else []
        yield from cards([card(members.get("title"), text, members.get("picture"), leads)])
        return
    contents = members.get("contents")
    if not isinstance(contents, list):
        yield from plain(text)
    for block in mappings(contents):
        yield from _block(block)


def _block(block: Piece) -> Iterator[Piece]:
    kind = words(block.get("type")).lower()
    if kind == "text":
        yield from plain(block.get("text"))
    elif kind == "image":
        yield picture(block.get("url"))
    elif kind == "video":
        yield video(block.get("url"), block.get("altUrl"))
    elif kind in ("audio", "file"):
        yield {**file(kind, block.get("url")), "duration": block.get("duration")}
    else:
        payload = mapping(block.get("nativePayload")) or mapping(block.get("payload"))
        yield from list(_native(payload)) or [{"kind": "raw", "json": payload or block}]


def _native(payload: Piece) -> Iterator[Piece]:
    """A native object of Messenger or LINE."""
    if attachment := mapping(payload.get("attachment")):
        yield from _attachment(words(attachment.get("type")), mapping(attachment.get("payload")))
    elif payload.get("type") == "template":
        yield from _line_template(mapping(payload.get("template")))
    elif payload.get("type") == "sticker":
        yield {"kind": "sticker", "text": f"{words(payload.get('packageId'))} / {words(payload.get('stickerId'))}"}
    elif payload.get("type") == "location":
        yield file("location", ", ".join(filter(None, [words(payload.get(name)) for name in ("title", "address")])))
    elif payload.get("type") == "image":
        yield picture(first(payload, "originalContentUrl", "url"))
    elif payload.get("type") == "video":
        yield video(payload.get("originalContentUrl"), payload.get("previewImageUrl"))
    yield from plain(payload.get("text"))
    quick = mappings(payload.get("quick_replies")) + mappings(mapping(payload.get("quickReply")).get("items"))
    if quick:
        labels = [button(reply.get("title") or mapping(reply.get("action")).get("label")) for reply in quick]
        yield {"kind": "replies", "buttons": labels}


def _attachment(kind: str, payload: Piece) -> Iterator[Piece]:
    """An attachment of Messenger: a file, or a template of elements or buttons."""
    if kind == "image":
        yield picture(payload.get("url"))
    elif kind == "video":
        yield video(payload.get("url"))
    elif kind in ("audio", "file"):
        yield file(kind, payload.get("url"))
    if elements := mappings(payload.get("elements")):
        yield from cards([_card(element, "image_url", element.get("buttons")) for element in elements])
    else:
        yield from plain(payload.get("text"))
        yield from buttons(_buttons(payload.get("buttons")))


def _line_template(template: Piece) -> Iterator[Piece]:
    """A template of LINE: buttons, confirm, carousel or image carousel."""
    columns = mappings(template.get("columns")) or [template]
    yield from cards(
        [_card(column, "thumbnailImageUrl", column.get("actions") or [column.get("action")]) for column in columns]
    )


def _card(element: Piece, image: str, actions: Json) -> Piece:
    place = first(element, image, "imageUrl")
    return card(element.get("title"), first(element, "subtitle", "text"), place, _buttons(actions))


def _buttons(actions: Json) -> list[Piece]:
    return [
        button(first(action, "title", "label", "text", "type"), first(action, "url", "uri", "payload", "data"))
        for action in mappings(actions)
    ]
