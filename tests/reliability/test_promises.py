"""The short forms of what `make reliability` measures: every promise is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reliability import (
    accepted,
    connections,
    crash,
    documents,
    faults,
    fuzz,
    outage,
    patterns,
    replicas,
    security,
    soak,
)
from reliability.figures import Figure
from reliability.receiver import MANNERS


def broken(figures: list[Figure]) -> list[str]:
    assert figures, "nothing was measured"
    return [str(figure) for figure in figures if not figure.kept]


def test_a_killed_server_loses_nothing_and_posts_everything() -> None:
    assert broken(crash.run(2)) == []


def test_an_outage_of_postgresql_loses_nothing_and_needs_no_restart() -> None:
    assert broken(outage.run(1)) == []


def test_a_killed_replica_loses_nothing_and_others_go_on() -> None:
    assert broken(replicas.run(1)) == []


def test_what_was_accepted_can_be_read_by_every_route() -> None:
    assert broken(accepted.run(15)) == []


@pytest.mark.parametrize("manner", sorted(MANNERS.keys() - {"good"}))
def test_a_receiver_that_misbehaves_once_gets_everything_in_the_end(manner: str) -> None:
    assert broken(faults.recovering(manner)) == []


@pytest.mark.parametrize("measure", [faults.down, faults.starving], ids=["down", "starving"])
def test_a_receiver_that_is_gone_or_silent_harms_nobody_else(measure: Callable[[], list[Figure]]) -> None:
    assert broken(measure()) == []


@pytest.mark.parametrize(
    "measure", [faults.full_disk, faults.read_only, faults.deleted, faults.replaced, faults.unusable]
)
def test_a_store_that_fails_says_so_and_recovers(measure: Callable[[Path], list[Figure]], tmp_path: Path) -> None:
    assert broken(measure(tmp_path)) == []


@pytest.mark.parametrize("measure", [security.other_sites, security.beyond, security.secrets, security.sockets])
def test_other_sites_secrets_and_sockets(measure: Callable[[Path], list[Figure]], tmp_path: Path) -> None:
    assert broken(measure(tmp_path)) == []


def test_callbacks_go_to_this_machine_and_private_networks_only() -> None:
    assert broken(security.guard()) == []


def test_bytes_mean_the_same_however_they_are_read() -> None:
    assert broken(connections.differential(40, seed=7)) == []


def test_hostile_connections_have_an_end(tmp_path: Path) -> None:
    assert broken([connections.trailers_read(), *connections.hostile(tmp_path)]) == []


def test_bad_input_brings_nothing_down() -> None:
    assert broken(fuzz.run(1, every=10)) == []


def test_answers_are_as_our_openapi_documents_say() -> None:
    assert broken(documents.run(1)) == []


def test_the_counters_agree_after_mixed_traffic() -> None:
    assert broken(soak.run(3)) == []


def test_no_pattern_hangs_the_server_and_no_name_opens_a_file() -> None:
    assert broken(patterns.run()) == []
