"""What a scenario file expects of itself over several endpoints."""

from pathlib import Path
from textwrap import indent

import pytest
from msgsim.examples.rehearsal import rehearse
from msgsim.scenarios.yaml import BadFile

HEAD = "name: story\nrules:\n  - when: {provider: messente}\n    deliver: [{after: 1s, status: DELIVRD}]\nexpect:\n"


def reasons(folder: Path, expectations: str) -> list[str]:
    """The expectations that are not met, as ``line: reason``."""
    file = folder / "story.yaml"
    file.write_text(HEAD + indent(expectations, "  "))
    return [f"{mistake.line}: {mistake.reason}" for mistake in rehearse(str(file))[1]]


def test_parts_of_an_answer_are_used_later_and_compared(tmp_path: Path) -> None:
    story = """
- send: {provider: messente, endpoint: group-create, json: {name: Customers}}
  answer: {group: {name: Customers}}
  remember: {group: group.id, all: group}
- send: {provider: messente, endpoint: contact-create, json: {phoneNumber: "+37251000001"}}
- send: {provider: messente, endpoint: member-add, path: {id: $group, phoneNumber: "+37251000001"}}
  status: 201
- send: {provider: messente, endpoint: contacts, query: {groupIds: $group}}
  answer: {contacts: [{phoneNumber: "+37251000001"}]}
- send: {provider: messente, endpoint: group-delete, path: {id: $group}}
- send: {provider: messente, endpoint: group, path: {id: $group}}
  status: 404
"""
    assert reasons(tmp_path, story) == []


@pytest.mark.parametrize(
    ("expectation", "reason"),
    [
        (
            "- send: {provider: messente, endpoint: groups}\n  answer: {groups: [{name: Customers}]}",
            "7: answer: expected {'groups': [{'name': 'Customers'}]}, but it was {'groups': []} in {\"groups\":[]}",
        ),
        (
            "- send: {provider: messente, endpoint: groups}\n  answer: {customers: 1}",
            "7: answer: expected {'customers': 1}, but it was {} in {\"groups\":[]}",
        ),
        (
            "- send: {provider: messente, endpoint: groups}\n  remember: {first: groups.0}",
            "6: the answer has no groups.0: {'groups': []}",
        ),
        (
            "- send: {provider: messente, endpoint: groups}\n  remember: {all: groups}\n- send: {provider: messente, endpoint: group, path: {id: $al}}",  # noqa: E501
            "8: nothing was remembered as $al; did you mean 'all'?",
        ),
        (
            "- send: {provider: messente, endpoint: group}",
            "6: the path of group, /v1/phonebook/groups/{id}, takes id and nothing else",
        ),
        (
            "- send: {provider: messente, endpoint: groups, path: {id: a}}",
            "6: the path of groups, /v1/phonebook/groups, takes no values",
        ),
        (
            "- send: {provider: messente, endpoint: balance}\n  answer: OK 12.00",
            "7: answer: expected OK 12.00, but it was OK 100.00 in OK 100.00",
        ),
    ],
)
def test_what_is_not_so_is_told_at_its_line(tmp_path: Path, expectation: str, reason: str) -> None:
    assert reasons(tmp_path, expectation) == [reason]


def test_a_name_that_is_no_word_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="a b"):
        reasons(tmp_path, "- send: {provider: messente, endpoint: groups}\n  remember: {a b: groups}")
