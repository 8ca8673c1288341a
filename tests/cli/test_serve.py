"""`msgsim serve`: what it prints, and what keeps it from starting."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.cli.command import msgsim
from tests.storage.test_durability import Process


def printed_seed(*flags: str) -> str:
    """What ``msgsim serve`` says its seed is."""
    command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--store", "memory", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seed = next(line.split()[1] for line in process.stdout if line.split()[:1] == ["seed"])
        process.terminate()
    return seed


def test_the_seed_is_printed_as_given_or_as_drawn() -> None:
    assert printed_seed("--seed", "5") == "5"
    drawn = [printed_seed() for _ in range(2)]
    assert len({int(seed) for seed in drawn}) == 2
    told = msgsim("exec", "--seed", "6", "--", "sh", "-c", "echo $MSGSIM_URL")
    assert (told.returncode, told.stdout[:7], told.stderr) == (0, "http://", "msgsim: seed 6\n")


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = msgsim("serve", "--port", port, "--store", "memory")
    assert done.returncode == 3
    assert done.stderr == (
        f"msgsim: 127.0.0.1:{port}: Address already in use; choose another with --port (0 picks a free one)\n"
    )


def test_a_store_that_is_none_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like a file of some kind" * 20)
    done = msgsim("serve", "--port", "0", "--store", str(file))
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "not a store of msgsim" in done.stderr


def test_a_second_server_on_the_same_store_is_refused(tmp_path: Path) -> None:
    first = Process(tmp_path / "store.db")
    done = msgsim("serve", "--port", "0", "--store", str(tmp_path / "store.db"))
    first.end(signal.SIGTERM)
    assert done.returncode == 3
    assert "another msgsim uses it" in done.stderr


def test_a_port_file_holds_the_port_of_a_server_that_answers(tmp_path: Path) -> None:
    file = tmp_path / "port"
    server = Process(tmp_path / "store.db", "--port-file", str(file))
    assert file.read_text() == f"{server.url.rpartition(':')[2]}\n"
    assert list(tmp_path.glob("*.part")) == []
    server.end(signal.SIGTERM)
