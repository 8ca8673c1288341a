"""What is set for this provider in one sandbox, compiled once: users, flows, templates, carriers."""

import re
from datetime import UTC, tzinfo
from functools import cached_property

import msgspec
from msgspec import Struct

from msgsim.model import Credential, Json
from msgsim.providers.sinch.carriers import Carrier, Carriers
from msgsim.providers.sinch.schedule import zone

CAPITALS = {
    "AR": "America/Argentina/Buenos_Aires", "BO": "America/La_Paz", "BR": "America/Sao_Paulo", "CL": "America/Santiago",
    "CO": "America/Bogota", "CR": "America/Costa_Rica", "EC": "America/Guayaquil", "ES": "Europe/Madrid",
    "GT": "America/Guatemala", "HN": "America/Tegucigalpa", "MX": "America/Mexico_City", "NI": "America/Managua",
    "PA": "America/Panama", "PE": "America/Lima", "PT": "Europe/Lisbon", "PY": "America/Asuncion",
    "SV": "America/El_Salvador", "US": "America/New_York", "UY": "America/Montevideo", "VE": "America/Caracas",
}  # fmt: skip
"""The zone of a user of whom only the country is known."""
URLS = {"callback": "callback_url", "dlr": "dlr_url"}
"""Kind of a report, and the setting that says where it goes."""
_GAP = re.compile(r"\$\{(\w+)\}|\{\{\s*(\w+)\s*\}\}")


class User(Struct, frozen=True, rename={"sub_account": "subAccount", "time_zone": "timeZone"}):
    """One user of the portal."""

    name: str
    token: str = ""
    email: str = ""
    admin: bool = False
    sub_account: str = ""
    time_zone: str = ""
    country: str = ""
    response_shape: str = ""
    callback_url: str = ""
    dlr_url: str = ""
    mo_url: str = ""
    mo_method: str = ""


class Text(Struct, frozen=True, omit_defaults=True):
    """A text kept at the provider, with gaps such as ``${name}`` or ``{{name}}``."""

    text: str
    id: int = 0
    name: str = ""

    @property
    def gaps(self) -> set[str]:
        return {first or second for first, second in _GAP.findall(self.text)}

    def filled(self, params: dict[str, str]) -> str:
        """The text with every gap filled that has a value."""
        return _GAP.sub(lambda gap: params.get(gap[1] or gap[2], gap[0]), self.text)


class Account:
    """One customer of the provider, as the settings of a sandbox describe it."""

    def __init__(self, settings: dict[str, Json]) -> None:
        self.settings = settings
        self.users = [msgspec.convert(user, User) for user in settings["users"]]
        self._by_name = {name: user for user in self.users for name in (user.email, user.name) if name}
        self.carriers = Carriers(msgspec.convert(settings["carriers"], list[Carrier]), settings["numbers"])
        self.short_code: str = settings["short_code"]
        self.reports = any(settings[url] or any(getattr(user, url) for user in self.users) for url in URLS.values())
        """Whether anybody wants to hear of statuses."""
        self._zones: dict[str, tzinfo] = {}
        self._said: dict[tuple[str, str], str] = {}

    def user(self, name: str) -> User | None:
        return self._by_name.get(name)

    def knows(self, credential: Credential) -> bool:
        """Whether name or e-mail and token fit a user; anybody does while there are none."""
        user = self.user(credential.name)
        return not self.users or (user is not None and user.token == credential.secret)

    def says(self, name: str, member: str) -> str:
        """A setting of a user, else of the whole account; empty: none."""
        if (said := self._said.get((name, member))) is None:
            if len(self._said) >= 10_000:
                self._said.clear()
            own: str = getattr(self.user(name), member, "")
            said = self._said[name, member] = own or str(self.settings[member])
        return said

    def zone(self, name: str) -> tzinfo:
        """The user's zone, else that of the user's country, else UTC."""
        if (found := self._zones.get(name)) is None:
            found = self._zones[name] = self._zone(name)
        return found

    def _zone(self, name: str) -> tzinfo:
        user = self.user(name)
        own = (user and user.time_zone) or self.settings["timeZone"]
        if own:
            return zone(own)
        country = (user and user.country) or self.settings["country"]
        return zone(CAPITALS[country]) if country in CAPITALS else UTC

    def shares(self, viewer: str, owner: str) -> bool:
        """Whether one user sees what another sent: in the same subaccount, and administrators all."""
        user, other = self.user(viewer), self.user(owner)
        if not self.users or user is None or user.admin or viewer == owner:
            return True
        return other is not None and user.sub_account != "" and user.sub_account == other.sub_account

    @cached_property
    def flows(self) -> dict[str, Text]:
        return {id.lower(): Text(text) for id, text in self.settings["flows"].items()}

    @cached_property
    def templates(self) -> list[Text]:
        return msgspec.convert(self.settings["templates"], list[Text])


_seen: dict[int, Account] = {}


def account(settings: dict[str, Json]) -> Account:
    """The account of these settings, which are a new object whenever they change."""
    found = _seen.get(id(settings))
    if found is None or found.settings is not settings:
        if len(_seen) >= 256:
            _seen.clear()
        found = _seen[id(settings)] = Account(settings)
    return found
