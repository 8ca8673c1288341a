"""Messente's Phonebook API, asked by its own client from PyPI, and what of it a send depends on."""

from collections.abc import Iterator
from typing import Any

import pytest
from messente_api import (
    ApiClient,
    BlacklistApi,
    Configuration,
    ContactFields,
    ContactsApi,
    ContactUpdateFields,
    GroupName,
    GroupsApi,
    NumberToBlacklist,
)
from messente_api.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
from msgsim.testing import Simulator

from tests.conftest import Advance, Http

TO = "+37251000001"
BASIC = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}
NOBODY = "5792a02a-e5c2-422b-a0a0-0ae65d814663"


@pytest.fixture
def client(sim: Simulator) -> Iterator[Any]:
    with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="secret")) as api:
        yield api


def codes(raised: Any) -> list[str]:
    """The codes of an error as the client reads it."""
    return [error.code.value for error in raised.value.data.errors]


def test_numbers_are_blacklisted_once_looked_up_and_removed(client: Any) -> None:
    api = BlacklistApi(client)
    assert api.fetch_blacklist().phone_numbers == []
    with pytest.raises(NotFoundException) as missing:
        api.is_blacklisted(TO)
    assert codes(missing) == ["203"]
    assert api.add_to_blacklist(NumberToBlacklist(phone_number=TO)) is None
    assert api.fetch_blacklist().phone_numbers == [TO]
    assert api.is_blacklisted(TO) is None
    with pytest.raises(ConflictException) as again:
        api.add_to_blacklist(NumberToBlacklist(phone_number=TO))
    assert codes(again) == ["204"]
    assert api.delete_from_blacklist(TO) is None
    with pytest.raises(NotFoundException):
        api.delete_from_blacklist(TO)
    with pytest.raises(BadRequestException) as bad:
        api.add_to_blacklist(NumberToBlacklist(phone_number="12"))
    assert codes(bad) == ["201"]
    with pytest.raises(BadRequestException):
        api.is_blacklisted("abc")


def statuses(http: Http, advance: Advance, to: str, headers: dict[str, str] | None = None) -> list[tuple[str, int]]:
    """What became of an omnimessage on its two channels, after a minute."""
    messages = [{"channel": "viber", "text": "Hello"}, {"channel": "sms", "text": "Hello"}]
    given = {**BASIC, **(headers or {})}
    sent = http("POST", "/v1/omnimessage", json={"to": to, "messages": messages}, headers=given)
    assert sent.status == 201
    advance("1m")
    told = http("GET", f"/v1/omnimessage/{sent.json['omnimessage_id']}/status", headers=BASIC)
    return [(status["status"], status["err"]) for status in told.json["statuses"]]


def test_a_send_to_a_blacklisted_number_is_accepted_and_rejected(client: Any, http: Http, advance: Advance) -> None:
    assert statuses(http, advance, TO) == [("DELIVRD", 0), (None, None)]
    BlacklistApi(client).add_to_blacklist(NumberToBlacklist(phone_number=TO))
    assert statuses(http, advance, TO) == [("REJECTD", 8), ("REJECTD", 8)]
    assert statuses(http, advance, "+37251000002") == [("DELIVRD", 0), (None, None)]
    BlacklistApi(client).delete_from_blacklist(TO)
    assert statuses(http, advance, TO) == [("DELIVRD", 0), (None, None)]


def test_a_scenario_and_a_magic_recipient_say_otherwise_than_the_blacklist(
    client: Any, http: Http, control: Http, advance: Advance
) -> None:
    for number in (TO, "+15005551405"):
        BlacklistApi(client).add_to_blacklist(NumberToBlacklist(phone_number=number))
    assert statuses(http, advance, "+15005551405")[0] == ("UNDELIV", 1)
    assert statuses(http, advance, TO, {"X-Sim-Outcome": "delivered"})[0] == ("DELIVRD", 0)


def test_a_bulk_rejects_only_who_is_blacklisted(client: Any, http: Http, control: Http, advance: Advance) -> None:
    BlacklistApi(client).add_to_blacklist(NumberToBlacklist(phone_number=TO))
    listed = [{"to": to, "messages": [{"channel": "sms", "text": "Hello"}]} for to in (TO, "+37251000002")]
    assert http("POST", "/v1/omnimessages", json={"messages": listed}, headers=BASIC).status == 201
    advance("1m")
    found = control("GET", "messages").json["messages"]
    assert {message["to"]: message["channels"][0]["status"] for message in found} == {
        TO: "REJECTD",
        "+37251000002": "DELIVRD",
    }


def test_contacts_live_as_the_document_says(client: Any) -> None:
    api = ContactsApi(client)
    made = api.create_contact(ContactFields(phone_number=TO, first_name="Ann", custom4="vip")).contact
    assert (made.phone_number, made.first_name, made.custom4, made.email) == (TO, "Ann", "vip", None)
    assert str(made.scheduled_deletion_date) == "2026-01-31"
    with pytest.raises(ConflictException) as again:
        api.create_contact(ContactFields(phone_number=TO))
    assert codes(again) == ["204"]
    changed = api.update_contact(TO, ContactUpdateFields(email="ann@example.com", first_name=None)).contact
    assert (changed.email, changed.first_name, changed.custom4) == ("ann@example.com", None, "vip")
    assert api.fetch_contact(TO).contact == changed
    assert [contact.phone_number for contact in api.fetch_contacts().contacts] == [TO]
    assert api.delete_contact(TO) is None
    for question in (api.fetch_contact, api.delete_contact, api.fetch_contact_groups):
        with pytest.raises(NotFoundException) as missing:
            question(TO)
        assert codes(missing) == ["203"]
    with pytest.raises(NotFoundException):
        api.update_contact(TO, ContactUpdateFields(email="x"))
    with pytest.raises(BadRequestException) as bad:
        api.create_contact(ContactFields(phone_number="nobody"))
    assert codes(bad) == ["201"]


def test_an_update_without_fields_or_with_unknown_ones_is_refused(http: Http) -> None:
    assert http("POST", "/v1/phonebook/contacts", json={"phoneNumber": TO}, headers=BASIC).status == 201
    for body in ({}, {"phoneNumber": TO}, {"colour": "red"}, {"email": 1}):
        answer = http("PATCH", f"/v1/phonebook/contacts/{TO}", json=body, headers=BASIC)
        assert (answer.status, answer.json["errors"][0]["code"]) == (400, "201")
        assert set(answer.json["errors"][0]) == {"code", "title", "detail"}


def test_a_contact_is_in_several_groups(client: Any) -> None:
    contacts, groups = ContactsApi(client), GroupsApi(client)
    contacts.create_contact(ContactFields(phone_number=TO))
    contacts.create_contact(ContactFields(phone_number="+37251000002"))
    first, second = (groups.create_group(GroupName(name=name)).group for name in ("First", "Second"))
    assert (first.name, first.contacts_count) == ("First", 0)
    assert first.created_on == "2026-01-01T00:00:00.000000Z"
    for group in (first, second):
        assert contacts.add_contact_to_group(group.id, TO) == {}
    with pytest.raises(ConflictException):
        contacts.add_contact_to_group(first.id, TO)
    assert contacts.fetch_contact(TO).contact.scheduled_deletion_date is None
    assert {group.id for group in contacts.fetch_contact_groups(TO).groups} == {first.id, second.id}
    assert groups.fetch_group(first.id).group.contacts_count == 1
    assert [contact.phone_number for contact in contacts.fetch_contacts(group_ids=[second.id]).contacts] == [TO]
    assert contacts.fetch_contacts(group_ids=[NOBODY]).contacts == []
    with pytest.raises(BadRequestException):
        contacts.fetch_contacts(group_ids=["first"])
    assert groups.update_group(first.id, GroupName(name="Renamed")).group.name == "Renamed"
    assert contacts.remove_contact_from_group(first.id, TO) is None
    with pytest.raises(NotFoundException):
        contacts.remove_contact_from_group(first.id, TO)
    assert contacts.fetch_contact(TO).contact.scheduled_deletion_date is None
    assert groups.delete_group(second.id) is None
    assert str(contacts.fetch_contact(TO).contact.scheduled_deletion_date) == "2026-01-31"
    assert [group.name for group in groups.fetch_groups().groups] == ["Renamed"]


def test_a_contact_in_no_group_is_gone_after_thirty_days(client: Any, advance: Advance) -> None:
    contacts, groups = ContactsApi(client), GroupsApi(client)
    group = groups.create_group(GroupName(name="First")).group.id
    contacts.create_contact(ContactFields(phone_number=TO))
    contacts.create_contact(ContactFields(phone_number="+37251000002"))
    contacts.add_contact_to_group(group, "+37251000002")
    advance("29d")
    contacts.update_contact(TO, ContactUpdateFields(email="still@example.com"))
    advance("1d")
    with pytest.raises(NotFoundException):
        contacts.fetch_contact(TO)
    assert [contact.phone_number for contact in contacts.fetch_contacts().contacts] == ["+37251000002"]
    contacts.delete_contact("+37251000002")
    assert groups.fetch_group(group).group.contacts_count == 0
    assert contacts.create_contact(ContactFields(phone_number=TO)).contact.email is None


def test_bad_groups_are_refused(client: Any) -> None:
    contacts, groups = ContactsApi(client), GroupsApi(client)
    for question in (groups.fetch_group, groups.delete_group):
        with pytest.raises(NotFoundException) as missing:
            question(NOBODY)
        assert codes(missing) == ["203"]
        with pytest.raises(BadRequestException):
            question("none")
    with pytest.raises(NotFoundException):
        groups.update_group(NOBODY, GroupName(name="x"))
    group = groups.create_group(GroupName(name="First")).group.id
    for number, id in ((TO, group), (TO, NOBODY)):
        with pytest.raises(NotFoundException):
            contacts.add_contact_to_group(id, number)


def test_documented_failures_are_raised_as_the_client_raises_them(sim: Simulator, control: Http) -> None:
    settings = {"messente": {"accounts": [{"username": "user", "password": "secret"}]}}
    assert control("PUT", "settings", settings).status == 200
    with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="wrong")) as api:
        with pytest.raises(UnauthorizedException) as refused:
            BlacklistApi(api).fetch_blacklist()
        assert codes(refused) == ["202"]
        assert refused.value.data.errors[0].detail == "User user does not exist"
    with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="secret")) as api:
        api.set_default_header("X-Sim-Outcome", "server_error")
        with pytest.raises(ServiceException) as failed:
            GroupsApi(api).fetch_groups()
        assert b"205" in failed.value.body.encode()
        api.set_default_header("X-Sim-Outcome", "phonebook.too_many_requests")
        with pytest.raises(ApiException) as throttled:
            GroupsApi(api).create_group(GroupName(name="x"))
        assert throttled.value.status == 429


def test_a_phone_in_a_path_has_its_plus_raw_or_encoded(http: Http) -> None:
    assert http("POST", "/v1/phonebook/blacklist", json={"phoneNumber": TO}, headers=BASIC).status == 204
    for written in (TO, TO.replace("+", "%2B"), TO.lstrip("+")):
        assert http("GET", f"/v1/phonebook/blacklist/{written}", headers=BASIC).status == 204
