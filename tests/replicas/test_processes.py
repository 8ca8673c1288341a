"""Replicas in processes of their own, one of which is killed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle

import psycopg
from msgsim.testing import call

from reliability.server import Server
from tests.receiver import Posted, Receiver
from tests.replicas.test_replicas import ACCOUNT


def reports(posts: list[Posted]) -> dict[str, list[str]]:
    """Per message what was posted, in order; what was posted again is left out."""
    found: dict[str, dict[str, None]] = {}
    for post in posts:
        found.setdefault(post.json["omnimessage_id"], {})[post.json["status"]] = None
    return {id: list(statuses) for id, statuses in found.items()}


def test_what_was_accepted_outlives_the_replica_that_had_it(url: str) -> None:
    """Killed while it is asked: nothing that was answered 201 is lost, each callback comes, in order."""
    flags = ("--store", url, "--seed", "1", "--clock", "60x")
    with Receiver() as receiver, Server(*flags) as first, Server(*flags) as second, Server(*flags) as third:
        accepted: list[str] = []
        refused: list[str] = []
        going = threading.Event()
        body = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}], "dlr_url": receiver.url}

        def send(number: int) -> None:
            turns = cycle([second, third])
            for _ in range(number):
                answer = call(f"{next(turns).url}/v1/omnimessage", "POST", body, headers=ACCOUNT)
                if answer.status == 201:
                    accepted.append(answer.json["omnimessage_id"])
                else:
                    refused.append(answer.json["detail"])
                if len(accepted) > 100:
                    going.set()

        clients = [threading.Thread(target=send, args=(100,)) for _ in range(8)]
        for client in clients:
            client.start()
        assert going.wait(60)
        first.kill()
        for client in clients:
            client.join(120)
        assert all("may have done what was asked" in detail for detail in refused)
        assert len(refused) <= 16, "what was asked of the dead replica by each of the others, and not answered"
        assert len(set(accepted)) == len(accepted)
        for replica in (second, third):
            kept = {shown["id"] for shown in replica.control("GET", "messages?limit=10000").json["messages"]}
            assert kept >= set(accepted)
        count = 0
        seen: dict[str, list[str]] = {}
        while any(len(seen.get(id, ())) < 2 for id in accepted):
            posts = receiver.wait(count + 1, 60)
            count, seen = len(posts), reports(posts)
        assert all(seen[id] == ["ACK", "DELIVRD"] for id in accepted)
        assert len(third.control("GET", "health").json["replicas"]) == 2


def test_three_that_start_at_once_on_an_empty_database_are_replicas(url: str) -> None:
    body = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}]}
    replicas = [Server("--store", url, "--seed", "1") for _ in range(3)]
    with ExitStack() as running, ThreadPoolExecutor(3) as starting:
        list(starting.map(running.enter_context, replicas))
        healths = [replica.control("GET", "health").json for replica in replicas]
        assert {len(health["replicas"]) for health in healths} == {3}
        answers = [call(f"{replica.url}/v1/omnimessage", "POST", body, headers=ACCOUNT) for replica in replicas]
        assert len({answer.json["omnimessage_id"] for answer in answers}) == 3
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT COUNT(*) FROM msgsim.version").fetchone() == (1,)
            assert connection.execute("SELECT COUNT(*) FROM msgsim.sandboxes").fetchone() == (1,)
