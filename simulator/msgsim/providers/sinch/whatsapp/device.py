"""What recipients see of a WhatsApp message."""

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

MEDIA = ("image", "video", "audio", "document")


def pieces(text: str, content: Json) -> Iterator[Piece]:
    members = mapping(content)
    if used := mapping(first(members, "hsm", "template")):
        yield from _template(text, used, members.get("filled"))
        return
    for kind in MEDIA:
        yield from _media(kind, mapping(members.get(kind)))
    if place := mapping(members.get("location")):
        yield from _location(place)
        return
    if people := mappings(members.get("contacts")):
        yield from cards([_contact(person) for person in people])
        return
    interactive = mapping(members.get("interactive"))
    yield from _header(mapping(interactive.get("header")))
    yield from plain(text)
    yield from _choices(interactive)


def _template(text: str, used: Piece, filled: Json) -> Iterator[Piece]:
    """A template: filled where it is configured, else its name and values."""
    yield template(used.get("elementName"), used.get("languageCode"))
    element = mapping(mapping(used.get("header")).get("element"))
    yield from _media(words(element.get("type")), element)
    if not isinstance(filled, dict):
        given = first(used, "parameters", "bodyParameters")
        yield from values([words(value) for value in given] if isinstance(given, list) else [])
        return
    if heading := words(filled.get("header")):
        yield {"kind": "heading", "text": heading}
    yield from plain(text)
    yield from plain(filled.get("footer"))
    yield from buttons([button(label) for label in filled.get("buttons") or ()])


def _media(kind: str, media: Piece) -> Iterator[Piece]:
    if not media:
        return
    if kind == "image":
        yield picture(media.get("url"))
    elif kind == "video":
        yield video(media.get("url"))
    elif kind in MEDIA:
        yield file(kind, media.get("url"))


def _location(place: Piece) -> Iterator[Piece]:
    details = [words(place.get(name)) for name in ("address", "geoPoint")]
    yield from cards([card(first(place, "name", "address", "geoPoint"), ", ".join(filter(None, details)), "", [])])


def _contact(person: Piece) -> Piece:
    reached = [words(phone.get("phone")) for phone in mappings(person.get("phones"))]
    reached += [words(mail.get("email")) for mail in mappings(person.get("emails"))]
    return card(mapping(person.get("name")).get("formatted_name"), ", ".join(filter(None, reached)), "", [])


def _header(header: Piece) -> Iterator[Piece]:
    if heading := words(header.get("text")):
        yield {"kind": "heading", "text": heading}
    for kind in MEDIA:
        yield from _media(kind, mapping(header.get(kind)))
    if place := mapping(header.get("location")):
        yield from _location(place)


def _choices(interactive: Piece) -> Iterator[Piece]:
    """The footer, and the offered replies: buttons, or the rows of a list."""
    yield from plain(mapping(interactive.get("footer")).get("text"))
    replies = mappings(mapping(interactive.get("replyButtonAction")).get("buttons"))
    sections = mappings(mapping(interactive.get("listAction")).get("sections"))
    rows = [row for section in sections for row in mappings(section.get("rows"))]
    yield from buttons([button(mapping(reply.get("reply")).get("title")) for reply in replies])
    yield from buttons([button(row.get("title"), row.get("description")) for row in rows])
