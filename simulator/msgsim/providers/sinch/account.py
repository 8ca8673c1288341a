"""The settings of this provider in a sandbox, compiled: users, flows, templates, carriers."""

from datetime import UTC, tzinfo
from functools import cached_property

import msgspec
from msgspec import Struct

from msgsim.model import Json
from msgsim.provider.desk import View
from msgsim.providers.sinch.carriers import Carrier, Carriers
from msgsim.providers.sinch.schedule import zone
from msgsim.providers.sinch.texts import Text, Texts
from msgsim.providers.sinch.whatsapp.lists import Lists
from msgsim.providers.sinch.whatsapp.templates import Template

CAPITALS = {
    "AR": "America/Argentina/Buenos_Aires", "BO": "America/La_Paz", "BR": "America/Sao_Paulo", "CL": "America/Santiago",
    "CO": "America/Bogota", "CR": "America/Costa_Rica", "CU": "America/Havana", "DO": "America/Santo_Domingo",
    "EC": "America/Guayaquil", "ES": "Europe/Madrid", "GT": "America/Guatemala", "HN": "America/Tegucigalpa",
    "MX": "America/Mexico_City", "NI": "America/Managua", "PA": "America/Panama", "PE": "America/Lima",
    "PR": "America/Puerto_Rico", "PT": "Europe/Lisbon", "PY": "America/Asuncion", "SV": "America/El_Salvador",
    "US": "America/New_York", "UY": "America/Montevideo", "VE": "America/Caracas",
}  # fmt: skip
"""Country → time zone of its users; the settings accept no other countries."""
URLS = {"callback": "callback_url", "dlr": "dlr_url"}
"""Kind of a report on an SMS → the setting with its URL."""


class User(Struct, frozen=True, rename={"sub_account": "subAccount", "time_zone": "timeZone"}):
    """A user of the provider's portal."""

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
    whatsapp_callback_url: str = ""
    whatsapp_mo_url: str = ""


class Account:
    """A customer of the provider, as configured in a sandbox."""

    def __init__(self, settings: dict[str, Json]) -> None:
        self.settings = settings
        self.users = [msgspec.convert(user, User) for user in settings["users"]]
        self._by_name = {name: user for user in self.users for name in (user.email, user.name) if name}
        self.carriers = Carriers(msgspec.convert(settings["carriers"], list[Carrier]), settings["numbers"])
        self.short_code: str = settings["short_code"]
        self.whatsapp_number: str = settings["whatsapp_number"]
        self.whatsapp_templates = msgspec.convert(settings["whatsapp_templates"], list[Template])
        self.client_info: dict[str, Json] = settings["client_info"]
        self.lists = Lists(settings["whatsapp_lists"])
        self.reports = any(settings[url] or any(getattr(user, url) for user in self.users) for url in URLS.values())
        """Whether any URL for reports is configured."""
        self._zones: dict[str, tzinfo] = {}
        self._settings: dict[tuple[str, str], str] = {}

    def user(self, name: str) -> User | None:
        return self._by_name.get(name)

    @property
    def tokens(self) -> dict[str, str]:
        """Name or e-mail of each user → its token."""
        return {name: user.token for name, user in self._by_name.items()}

    def setting(self, user: str, member: str) -> str:
        """A setting of a user, else of the account; empty: neither has it."""
        if (value := self._settings.get((user, member))) is None:
            if len(self._settings) >= 10_000:
                self._settings.clear()
            own: str = getattr(self.user(user), member, "")
            value = self._settings[user, member] = own or str(self.settings[member])
        return value

    def zone(self, name: str) -> tzinfo:
        """The time zone of a user: configured, else that of the user's or the account's country, else UTC."""
        if (found := self._zones.get(name)) is None:
            found = self._zones[name] = self._zone(name)
        return found

    def _zone(self, name: str) -> tzinfo:
        user = self.user(name)
        own = (user and user.time_zone) or self.settings["timeZone"]
        if own:
            return zone(own)
        country = (user and user.country) or self.settings["country"]
        return zone(CAPITALS[country]) if country else UTC

    def sees(self, viewer: str, sender: str, sub_account: str) -> bool:
        """Whether a user may see a message of another: administrators see all, other users those of their subaccount.

        ``sub_account``: of the message; empty: none, only its sender sees it. A viewer who is not a configured user
        sees all messages.
        """
        user = self.user(viewer)
        if user is None or user.admin:
            return True
        return user.sub_account == sub_account if sub_account else self.user(sender) is user

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.settings["flows"], msgspec.convert(self.settings["templates"], list[Text]))


def account(view: View) -> Account:
    """The account of a view's sandbox."""
    compiled: Account = view.compiled
    return compiled
