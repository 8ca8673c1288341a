"""A store in memory needs nobody to close it."""

import gc
import sqlite3
from pathlib import Path

import pytest
from msgsim.config import Config
from msgsim.server import Server
from msgsim.storage.sqlite import Sqlite
from msgsim.storage.store import store_in


def test_it_goes_with_whoever_held_it() -> None:
    """From Python 3.13 on an unclosed connection is a warning, which fails whichever test runs at that moment."""
    database = Sqlite(None, "", 1)
    connection = database._connection
    del database
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_server_that_does_not_start_lets_its_file_go(tmp_path: Path) -> None:
    config = Config(store=str(tmp_path / "store.db"), providers={"messente": {"nonsense": 1}})
    with pytest.raises(ValueError, match="nonsense"):
        Server(config, lambda _: None)
    store_in(tmp_path / "store.db").close()
