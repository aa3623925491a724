"""Goal: however many processes race, one wins and nothing acknowledged is lost.

Method: real processes. First in rounds: all are set off on the same version,
each with pauses of its own at random steps, seeded. Then running free.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from sessionlib.stores.folder import FolderStore
from tests.contract.actors import Actor
from tests.contract.payload import Payload, decode

KEY = "state/lease.json"
PROCESSES = 8
ROUNDS = 200
SEED = 20_240_607


def current(folder: FolderStore, key: str) -> tuple[Payload, str]:
    found = folder.read(key)
    assert found is not None
    return decode(found.data), found.version


def test_each_round_has_exactly_one_winner(
    folder: FolderStore, start_actor: Callable[[], Actor]
) -> None:
    chance = random.Random(SEED)
    actors = [start_actor() for _ in range(PROCESSES)]
    watcher = start_actor()
    version = folder.create(KEY, Payload(0, "start").encode())
    watcher.send(op="watch", key=KEY)
    writes = 0
    for round_ in range(ROUNDS):
        creates = chance.random() < 0.4
        key = f"state/orders/{round_}-x.json" if creates else KEY
        command = {"op": "create"} if creates else {"op": "replace", "expected": version}
        for number, actor in enumerate(actors):
            data = Payload(writes + 1, f"{round_}-{number}").encode().decode()
            actor.send(**command, key=key, data=data, jitter=chance.random())
        replies = [actor.receive() for actor in actors]
        assert Counter(reply["verdict"] for reply in replies) == {"done": 1, "Conflict": 7}, SEED
        winner = next(n for n, reply in enumerate(replies) if reply["verdict"] == "done")
        standing, stands_at = current(folder, key)
        assert standing == Payload(writes + 1, f"{round_}-{winner}")
        assert stands_at == replies[winner]["value"]
        if not creates:
            version, writes = stands_at, writes + 1
    watched = watcher.ask(op="enough")
    assert watched["problem"] is None
    assert watched["reads"] > 0


def test_running_free_nothing_acknowledged_is_lost(
    folder: FolderStore, start_actor: Callable[[], Actor]
) -> None:
    """Each write counts one more than what it replaces, so a lost one leaves a hole or a twin."""
    writers = [start_actor() for _ in range(4)]
    watcher = start_actor()
    folder.create(KEY, Payload(0, "start").encode())
    watcher.send(op="watch", key=KEY)
    for number, actor in enumerate(writers):
        actor.send(op="count", key=KEY, writer=str(number), until=400)
    counted = [actor.receive() for actor in writers]
    watched = watcher.ask(op="enough")
    assert watched["problem"] is None
    assert watched["reads"] > 0
    acknowledged = Counter(n for reply in counted for n in reply["acknowledged"])
    in_doubt = {n for reply in counted for n in reply["in_doubt"]}
    assert max(acknowledged.values()) == 1
    assert set(range(1, 401)) - set(acknowledged) <= in_doubt
    assert current(folder, KEY)[0].n == 400
