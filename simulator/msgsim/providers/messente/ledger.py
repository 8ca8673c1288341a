"""What the account has spent: every message of the sandbox at its price, and every number that was looked up."""

from decimal import Decimal

from msgsim.clock import iso
from msgsim.model import Draft, Json, Message
from msgsim.plan import ends, last
from msgsim.provider import View
from msgsim.providers.messente.price import charges, price_of

LEDGER = "ledger"
"""Kind of the one record: ``{"after": key, "spent": "1.20"}``, of all messages up to a key; what is before is over."""
LOOKUPS = "lookups"
"""Kind of the records ``{"count": 3}``, by ``2026-01-01 EE``: numbers looked up on a day."""
LEAST = 256
"""Messages that have to be over before the ledger is written again."""


def spent(view: View) -> Decimal:
    """Until now. What has no status yet is reserved: the price of its first channel."""
    record = view.record(LEDGER, "") or {"after": 0, "spent": "0"}
    total = settled = Decimal(record["spent"])
    after, count, open_ = record["after"], 0, False
    for message in view.messages(after):
        total += _cost(message, view)
        open_ = open_ or ends(message) > view.now
        if not open_:
            settled, after, count = total, message.key, count + 1
    if count >= LEAST:
        view.keep(LEDGER, "", {"after": after, "spent": str(settled)})
    looked_up = sum(int(record["count"]) for _, record in view.records(LOOKUPS))
    return total + looked_up * Decimal(view.settings["lookup_price"])


def _cost(message: Message, view: View) -> Decimal:
    if last(message, view.now) is None:
        return price_of(message.channels[0], view.settings)
    return Decimal(sum(price for _, price in charges(message, view.now, view.settings, view.contract)))


def balance(view: View) -> Decimal:
    return Decimal(view.settings["balance"]) - spent(view)


def note_lookups(countries: dict[str, int], view: View) -> None:
    """Count numbers that were looked up, by country."""
    for country, count in countries.items():
        key = f"{iso(view.now)[:10]} {country}"
        before = view.record(LOOKUPS, key) or {"count": 0}
        view.keep(LOOKUPS, key, {"count": before["count"] + count})


class Credit:
    """What is left for the messages of one request, where the account is prepaid."""

    def __init__(self, view: View) -> None:
        self._settings: dict[str, Json] = view.settings
        self._left = balance(view) if view.settings["prepaid"] else None

    def covers(self, draft: Draft) -> bool:
        """Whether a draft's first channel can be paid; it is, if so."""
        if self._left is None:
            return True
        price = price_of(draft.channels[0], self._settings)
        if price > self._left:
            return False
        self._left -= price
        return True
