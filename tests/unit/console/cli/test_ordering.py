"""Goal: an order is signed, given once, followed to its end, and told as it came out.

Method: a fleet on disk; each wait of the program lets a stand-in for the agents move on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.errors import UNKNOWN
from sessionlib import layout
from sessionlib.core.messages import Order, OrderAction, Receipt
from sessionlib.errors import Unknown
from sessionlib.signing import public_of, verify
from sessionlib.stores.folder import FolderStore
from tests.unit.console.fleet_on_disk import LEASE, SEED, FleetOnDisk, fleet, moved, report, serving

__all__ = ["fleet"]


def agents(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> None:
    """Let one step happen at each wait; nothing happens once they are used up."""
    left = list(steps)
    monkeypatch.setattr("console.cli.ordering.sleep", lambda _: left.pop(0)() if left else None)


def hand_over(fleet: FleetOnDisk) -> tuple[Callable[[], None], ...]:
    to = {"holder": "backup1", "session": "s2", "incarnation": "inc-backup1"}
    return (
        lambda: fleet.put_lease(replace(LEASE, epoch=5, renewal=0, **to)),  # type: ignore[arg-type]  # fields by name
        lambda: fleet.put_report(serving("backup1", 5)),
        lambda: fleet.put_history(moved(5)),
    )


def test_without_a_terminal_and_yes_nothing_is_ordered(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    for args in (["handover"], ["stop", "backup1"], ["stop", "--all"]):
        code, out, err = fleet.run(*args)
        assert (code, out) == (1, "")
        assert "pass --yes" in err
        assert "backup1" in err
    assert fleet.orders() == []


def test_an_order_is_signed_and_bound_to_the_lease_that_was_seen(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, document, err = fleet.run_json("handover", "--to", "backup2", "--yes")
    assert code == 0
    (order,) = fleet.orders()
    verify(order, public_of(SEED))
    assert (order.id, order.account) == (document["order"], "backup2")
    assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
    assert "backup2 (c@example.com" in err
    assert SEED not in err


def test_waiting_ends_when_the_successor_serves(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    agents(monkeypatch, *hand_over(fleet))
    code, out, err = fleet.run("handover", "--yes", "--wait")
    assert code == 0
    assert out == "backup1 serves under epoch 5, 1.2 s down\n"
    assert "backup1 has claimed epoch 5" in err


def test_the_outcome_as_a_document(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.at_work()
    agents(monkeypatch, *hand_over(fleet))
    code, document, _ = fleet.run_json("handover", "--yes", "--wait")
    assert (code, document["outcome"], document["to"]) == (0, "done", "backup1")
    assert (document["move"]["epoch"], document["move"]["downtime_s"]) == (5, 1.25)


def test_an_order_that_is_refused_is_1_with_the_reason(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()

    def refuse() -> None:
        (order,) = fleet.orders()
        receipts = (Receipt(order.id, "refused", "backup1 has too little left"),)
        fleet.put_report(replace(serving("primary", 4), receipts=receipts))

    agents(monkeypatch, refuse)
    code, document, _ = fleet.run_json("handover", "--yes", "--wait")
    assert (code, document["outcome"]) == (1, "failed")
    assert "too little left" in document["text"]


def test_time_up_is_3_and_the_order_stands(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    agents(monkeypatch)
    code, document, _ = fleet.run_json("handover", "--yes", "--wait", "--timeout", "0.05")
    assert code == document["exit_code"] == UNKNOWN
    assert "the order stands" in document["error"]
    assert len(fleet.orders()) == 1
    assert fleet.run("handover", "--yes", "--timeout", "soon")[0] == 2


@pytest.mark.parametrize("arrived", [True, False])
def test_a_write_without_an_answer_is_settled_by_reading_back(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    fleet.at_work()
    create = FolderStore.create

    def loses_its_answer(store: FolderStore, key: str, data: bytes) -> str:
        if arrived:
            create(store, key, data)
        raise Unknown("the answer was lost")

    monkeypatch.setattr(FolderStore, "create", loses_its_answer)
    code, document, _ = fleet.run_json("handover", "--yes")
    assert code == (0 if arrived else UNKNOWN)
    assert ("error" in document) is not arrived


def test_a_key_that_isnt_this_fleets_gives_no_order(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    monkeypatch.setenv("COLABVPS_FLEET_KEY", "77" * 32)
    code, _, err = fleet.run("handover", "--yes")
    assert code == 1
    assert "accounts.yaml:3" in err
    assert fleet.orders() == []


def test_an_unknown_account_is_2(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    assert fleet.run("handover", "--to", "nobody", "--yes")[0] == 2
    assert fleet.run("stop", "nobody", "--yes")[0] == 2
    assert fleet.run("stop", "backup1", "--all", "--yes")[0] == 2
    assert fleet.run("logs", "nobody")[0] == 2


def test_stop_aims_at_the_incarnation_and_waits_for_its_end(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    agents(monkeypatch, lambda: fleet.put_report(report("backup1", ended="stopped")))
    code, out, _ = fleet.run("stop", "backup1", "--yes", "--wait")
    assert (code, out) == (0, "backup1 has ended: stopped\n")
    (order,) = fleet.orders()
    assert (order.action, order.account) == (OrderAction.STOP, "backup1")
    assert order.target == "inc-backup1"


def test_stopping_what_has_ended_is_done_already(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    fleet.put_report(report("backup1", ended="stopped"))
    code, document, _ = fleet.run_json("stop", "backup1", "--yes")
    assert (code, document["outcome"]) == (0, "done")
    assert fleet.orders() == []


def test_all_are_stopped_one_after_the_other_the_primary_last(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    given: list[Order] = []

    def one_ends() -> None:
        new = [order for order in fleet.orders() if order not in given]
        assert len(new) == 1, "the next is told only after the one before has ended"
        given.extend(new)
        fleet.put_report(report(new[0].account or "", ended="stopped"))

    agents(monkeypatch, one_ends, one_ends, one_ends)
    code, document, _ = fleet.run_json("stop", "--all", "--yes", "--wait")
    assert (code, document["outcome"]) == (0, "done")
    assert [order.account for order in given] == ["backup1", "backup2", "primary"]
    assert document["orders"] == [order.id for order in given]


def test_the_primary_goes_on_while_a_standby_hasnt_ended(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    agents(monkeypatch)
    code, _, _ = fleet.run("stop", "--all", "--yes", "--timeout", "0.05")
    assert code == UNKNOWN
    assert [order.account for order in fleet.orders()] == ["backup1"]


def test_a_lost_session_cant_be_told_to_stop(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    fleet.put_report(report("backup1", every_s=0.0001))
    code, _, err = fleet.run("stop", "backup1", "--yes")
    assert code == 1
    assert "it wouldn't hear this" in err


def test_order_keys_are_the_layouts(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    _, document, _ = fleet.run_json("handover", "--yes")
    assert fleet.store.read(layout.order_key(document["order"])) is not None


def test_ctrl_c_while_waiting_is_130_and_says_that_the_order_stands(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()

    def interrupt() -> None:
        raise KeyboardInterrupt

    agents(monkeypatch, interrupt)
    code, document, err = fleet.run_json("handover", "--yes", "--wait")
    assert code == document["exit_code"] == 130
    (order,) = fleet.orders()
    assert f"order {order.id} stands" in err
