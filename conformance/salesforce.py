"""Clients of Salesforce Marketing Cloud. None of them knows of OTT: all are asked for its paths by name."""

from conformance.client import Absent, Client

FUEL = "options `authUrl` and `origin`"
CLIENTS = (
    Client(
        *("salesforce", "sfmc-sdk", "2.1.2", "Node.js", "sfmc_sdk.mjs"),
        "option `auth_url`, which has to contain a tenant's real address: here in its fragment",
    ),
    Client(
        *("salesforce", "sfmc-sdk", "2.1.2", "Node.js", "sfmc_sdk.mjs"),
        "nothing: its own host names, intercepted",
        by_name=True,
    ),
    Client(
        *("salesforce", "fuel-rest", "3.2.2", "Node.js", "fuel_rest.mjs"),
        f"{FUEL}; with version 2 it repeats a request after a 401 at a wrong URL unless its own has `.com/` in it",
    ),
    Client(
        *("salesforce", "sfmc-fuelsdk-node", "2.4.0", "Node.js", "fuelsdk_node.mjs"),
        "options `authOrigin` and `origin`; REST only, for SOAP is no part of OTT",
    ),
    *(
        Client(
            *("salesforce", name, version, "Python", "fuelsdk.py"),
            "options `authenticationurl` and `baseapiurl`; REST only, with an empty WSDL",
        )
        for name, version in (("Fever-FuelSDK", "1.3.2"), ("Salesforce-FuelSDK-Sans", "1.3.1"))
    ),
)
ABSENT = (
    Absent(
        *("salesforce", "Salesforce-FuelSDK 1.3.0", "Python"),
        "its `suds-jurko` does not build on Python 3.11; two forks are run instead",
    ),
)
