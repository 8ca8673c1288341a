"""A JSON Schema as rows: where a member stands, what it may be, and when it is there."""

import pytest
from msgsim.model import Json
from msgsim.web.pages.members import DEEPEST, limits_of, members, type_of


def as_it_is(schema: Json) -> Json:
    return schema


def rows(schema: Json) -> list[tuple[str, str, bool, str]]:
    return [(one.path, one.type, one.required, one.when) for one in members(schema, as_it_is)]


def test_members_stand_below_those_that_hold_them() -> None:
    channel = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    schema = {
        "type": "object",
        "required": ["channels"],
        "properties": {"channels": {"type": "array", "items": channel}, "tags": {"additionalProperties": channel}},
    }
    assert rows(schema) == [
        ("channels", "array of object", True, ""),
        ("channels[].name", "string", True, ""),
        ("tags", "anything", False, ""),
        ("tags.*.name", "string", True, ""),
    ]


def test_a_member_of_some_objects_says_of_which() -> None:
    then = {"required": ["text"], "properties": {"text": {"type": "string"}}}
    schema = {
        "properties": {"channel": {"enum": ["sms", "viber"]}},
        "allOf": [{"if": {"properties": {"channel": {"const": "sms"}}}, "then": then}],
    }
    assert rows(schema) == [("channel", "sms or viber", False, ""), ("text", "string", True, "channel is sms")]


def test_what_two_parts_say_of_a_member_is_one_row() -> None:
    schema = {
        "properties": {"to": {"type": "string", "description": "A number."}},
        "allOf": [{"required": ["to"], "properties": {"to": {"maxLength": 15}}}],
    }
    (only,) = members(schema, as_it_is)
    assert (only.path, only.required, only.said, only.limits) == ("to", True, "A number.", "at most 15 characters")


def test_members_that_another_part_tells_of_stand_below_their_holder() -> None:
    schema = {
        "properties": {"to": {"type": "object"}, "text": {"type": "string"}},
        "allOf": [{"properties": {"to": {"type": "object", "properties": {"key": {"type": "string"}}}}}],
    }
    assert [one.path for one in members(schema, as_it_is)] == ["to", "to.key", "text"]


def test_a_schema_within_itself_ends() -> None:
    schema: dict[str, Json] = {"properties": {}}
    schema["properties"]["inner"] = schema
    assert [one[0] for one in rows(schema)][-1] == ".".join(["inner"] * DEEPEST)


def test_a_body_that_is_no_object_is_one_row_without_a_path() -> None:
    assert rows({"type": "string"}) == [("", "string", True, "")]
    assert rows({}) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": ["null", "string"]}, "string or null"),
        ({"enum": ["low", "high", None]}, "low, high or null"),
        ({"const": 3}, "3"),
        ({"oneOf": [{"type": "string"}, {"type": "array", "items": {"const": 1}}]}, "string or array of 1"),
        ({"type": "array", "items": True}, "array"),
    ],
)
def test_a_type_in_words(schema: Json, words: str) -> None:
    assert type_of(schema, as_it_is) == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 1, "maximum": 100, "default": 10}, "1 to 100, default 10"),
        ({"minLength": 1, "maxLength": 160}, "1 to 160 characters"),
        ({"maxItems": 5}, "at most 5 items"),
        ({"minItems": 1}, ""),
        ({"minimum": 0, "maximum": (1 << 31) - 1}, ""),
        ({"type": "string", "format": "date-time", "examples": ["5s"]}, "date-time, such as 5s"),
    ],
)
def test_limits_in_words(schema: Json, words: str) -> None:
    assert limits_of(schema) == words
