"""The account API on ``api2.messente.com``: balance, and prices by country and network.

Sources: Messente's credits API and pricing API documentation, the OpenAPI document of its SDKs.
"""

from msgsim.provider import Api, Ask
from msgsim.providers.messente import texts
from msgsim.providers.messente.account import prices
from msgsim.providers.messente.ledger import balance

api = Api(
    "account",
    "Messente account",
    (
        Ask(
            "balance", "GET", "/get_balance", lambda _, desk: texts.answer(f"OK {balance(desk):.2f}"),
            also=texts.everywhere("GET", "/get_balance"),
        ),
        Ask(
            "prices", "GET", "/prices", prices.of_a_country, "account/prices",
            parse=texts.parameters, also=texts.everywhere("GET", "/prices"),
        ),
        Ask("pricelist", "GET", "/pricelist", prices.of_all, also=texts.everywhere("GET", "/pricelist")),
    ),
    texts.refuse,
    texts.identify,
    hosts=texts.HOSTS,
    in_query=True,
)  # fmt: skip
