"""Bad input goes to routes that there are."""

import re

from msgsim.web.control.routes import TABLE

from reliability.fuzz import CONTROL, GOOD, ours


def test_every_route_of_the_control_api_is_reached() -> None:
    there = {(method, f"{CONTROL}/{re.sub('{[^}]+}', '1', path)}") for method, path, _ in TABLE if path != "events"}
    assert {(route.method, route.path) for route in ours()} == there


def test_every_good_body_belongs_to_a_route() -> None:
    """It is what mutations begin with."""
    assert [route.good for route in ours() if route.good is not None] != []
    assert GOOD.keys() == {route.name.partition(" /")[2] for route in ours() if route.good is not None}
