"""What recipients see of Messente's channels."""

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
    template,
    values,
    video,
    words,
)
from msgsim.model import Json


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    members = mapping(content)
    if channel == "viber":
        yield from _viber(text, members)
    elif channel == "whatsapp":
        yield from _whatsapp(text, members)
    elif channel == "rcs":
        yield from _rcs(text, members)
    else:
        yield from plain(text)


def _viber(text: str, content: Piece) -> Iterator[Piece]:
    if film := mapping(content.get("video")):
        yield video(film.get("url"), film.get("thumbnail"), film.get("duration"))
    elif content.get("image_url"):
        yield picture(content["image_url"])
    if used := mapping(content.get("template")):
        yield template(used.get("id"), used.get("lang"))
        yield from values([f"{name}: {words(value)}" for name, value in mapping(used.get("params")).items()])
    yield from plain(text)
    if content.get("button_text"):
        yield from buttons([button(content["button_text"], content.get("button_url"))])
    yield from cards([_viber_card(item) for item in mappings(mapping(content.get("carousel")).get("items"))])


def _viber_card(item: Piece) -> Piece:
    given = mappings([item.get("primary_button"), item.get("secondary_button")])
    drawn = [button(first(each, "label", "title", "text"), first(each, "action_url", "url")) for each in given]
    return card(item.get("title"), "", item.get("image_url"), drawn)


def _whatsapp(text: str, content: Piece) -> Iterator[Piece]:
    if used := mapping(content.get("template")):
        yield template(used.get("name"), mapping(used.get("language")).get("code"))
        if isinstance(content.get("filled"), dict):
            yield from _filled(text, content["filled"], mappings(used.get("components")))
            return
        for component in mappings(used.get("components")):
            yield from _component(component)
    for kind in ("image", "sticker", "video", "audio", "document"):
        yield from _media(kind, mapping(content.get(kind)))
    yield from plain(text)


def _filled(text: str, parts: Piece, components: list[Piece]) -> Iterator[Piece]:
    """A WhatsApp template of the sandbox, with its gaps filled (see `templates.filling`)."""
    for component in components:
        for parameter in mappings(component.get("parameters")):
            name = words(parameter.get("type"))
            yield from _media(name, mapping(parameter.get(name)))
    if header := words(parts.get("header")):
        yield {"kind": "heading", "text": header}
    yield from plain(text)
    yield from plain(parts.get("footer"))
    yield from buttons([button(each.get("text"), each.get("url")) for each in mappings(parts.get("buttons"))])


def _component(component: Piece) -> Iterator[Piece]:
    """A part of a template: header, body or button."""
    parameters = mappings(component.get("parameters"))
    kind = words(component.get("type")).lower()
    if kind == "button":
        label = ", ".join(map(_value, parameters)) or component.get("sub_type")
        yield from buttons([button(label, component.get("sub_type"))])
        return
    for parameter in parameters:
        name = words(parameter.get("type"))
        yield from _media(name, mapping(parameter.get(name)))
    texts = list(filter(None, map(_value, parameters)))
    if kind == "header":
        yield from ({"kind": "heading", "text": text} for text in texts)
    else:
        yield from values(texts)


def _value(parameter: Piece) -> str:
    """The visible text of a template's parameter: its text, or the fallback of an amount or a date."""
    fallback = mapping(parameter.get(words(parameter.get("type")))).get("fallback_value")
    return words(first(parameter, "text", "payload") or fallback)


def _media(kind: str, media: Piece) -> Iterator[Piece]:
    if not media:
        return
    place = first(media, "link", "url", "id")
    if kind in ("image", "sticker"):
        yield picture(place)
    elif kind == "video":
        yield video(place)
    elif kind in ("audio", "document"):
        yield file(kind, place, media.get("file_name"))
    yield from plain(media.get("caption"))


def _rcs(text: str, content: Piece) -> Iterator[Piece]:
    if media := mapping(content.get("content_info")):
        yield picture(first(media, "thumbnail_url", "file_url"))
    rich = mapping(content.get("rich_card"))
    inside = [mapping(rich.get("standalone_card")).get("card_content")]
    inside += mappings(mapping(rich.get("carousel_card")).get("card_contents"))
    yield from cards([_rcs_card(item) for item in mappings(inside)])
    yield from plain(text)
    yield from buttons(_suggested(content.get("suggestions")))


def _rcs_card(content: Piece) -> Piece:
    media = mapping(mapping(content.get("media")).get("content_info"))
    place = first(media, "thumbnail_url", "file_url")
    return card(content.get("title"), content.get("description"), place, _suggested(content.get("suggestions")))


def _suggested(suggestions: Json) -> list[Piece]:
    """Suggested replies and actions as buttons."""
    found = [mapping(item.get("reply")) or mapping(item.get("action")) for item in mappings(suggestions)]
    return [button(item.get("text"), mapping(item.get("open_url_action")).get("url")) for item in found if item]
