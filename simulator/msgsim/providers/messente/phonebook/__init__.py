"""The Phonebook API: the blacklist of the account, its contacts and the groups they are in.

Sources: Messente Phonebook API documentation and the OpenAPI document of its SDKs. A phone in a path may come with its
plus as it is or as ``%2B``; numbers compare as plus and digits.
"""

from msgsim.provider import Api, Ask
from msgsim.providers.messente.phonebook import blacklist, contacts, groups, members
from msgsim.providers.messente.phonebook.answers import refuse

_BLACKLIST = "/v1/phonebook/blacklist"
_CONTACTS = "/v1/phonebook/contacts"
_GROUPS = "/v1/phonebook/groups"
_MEMBER = f"{_GROUPS}/{{id}}/contacts/{{phoneNumber}}"

api = Api(
    "phonebook",
    "Messente Phonebook",
    (
        Ask("contacts", "GET", _CONTACTS, contacts.listed),
        Ask("contact-create", "POST", _CONTACTS, contacts.created, "phonebook/contact"),
        Ask("contact", "GET", f"{_CONTACTS}/{{phoneNumber}}", contacts.shown),
        Ask("contact-change", "PATCH", f"{_CONTACTS}/{{phoneNumber}}", contacts.changed, "phonebook/contact-change"),
        Ask("contact-groups", "GET", f"{_CONTACTS}/{{phoneNumber}}/groups", members.groups_of),
        Ask("groups", "GET", _GROUPS, groups.listed),
        Ask("group-create", "POST", _GROUPS, groups.created, "phonebook/group"),
        Ask("group", "GET", f"{_GROUPS}/{{id}}", groups.shown),
        Ask("group-change", "PUT", f"{_GROUPS}/{{id}}", groups.changed, "phonebook/group"),
        Ask("member-add", "POST", _MEMBER, members.added),
        Ask("member-remove", "DELETE", _MEMBER, members.removed),
        Ask("group-delete", "DELETE", f"{_GROUPS}/{{id}}", groups.deleted),
        Ask("contact-delete", "DELETE", f"{_CONTACTS}/{{phoneNumber}}", contacts.deleted),
        Ask("blacklist", "GET", _BLACKLIST, blacklist.listed),
        Ask("blacklist-add", "POST", _BLACKLIST, blacklist.added, "phonebook/number"),
        Ask("blacklist-check", "GET", f"{_BLACKLIST}/{{phoneNumber}}", blacklist.checked),
        Ask("blacklist-remove", "DELETE", f"{_BLACKLIST}/{{phoneNumber}}", blacklist.removed),
    ),
    refuse,
)
