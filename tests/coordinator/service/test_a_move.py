"""A fleet's life as the coordinator sees it.

Goal: a primary is registered, moves, and is lost, and everybody who asks is told so. Method:
a real process over a real socket, told what agents say.
"""

from __future__ import annotations

from tests.coordinator.service.kit import Served, beat, phase, registration

HEARTBEAT = "/api/worker/heartbeat"
REGISTER = "/api/worker/register"


def test_a_planned_move_from_one_session_to_another(served: Served) -> None:
    assert served.get("/api/primary").status_code == 503
    assert served.get("/api/sessions/status").json() == {
        "primary_session": None,
        "backup_sessions": [],
        "next_handover": None,
        "system_health": "down",
    }

    assert served.post("primary", REGISTER, registration("primary", 1)).status_code == 200
    said = served.post("primary", HEARTBEAT, beat("primary", 1, "active"))
    assert said.json() == {"ok": True, "epoch": 1, "holder": "primary", "unregistered": False}
    assert served.get("/api/sessions/status").json()["system_health"] == "degraded"
    served.post("backup1", HEARTBEAT, beat("backup1", 1))
    status = served.get("/api/sessions/status").json()
    assert status["system_health"] == "healthy"
    assert status["primary_session"]["worker_url"] == "https://primary.example"
    assert [session["account"] for session in status["backup_sessions"]] == ["backup1"]
    assert status["next_handover"]["phase"] == "expected"

    served.post("primary", "/api/handover", phase("primary", 1, "warming", left_s=500.0))
    planned = served.get("/api/sessions/status").json()["next_handover"]
    assert (planned["plan"], planned["to"], planned["phase"]) == ("p1", "backup1", "warming")
    assert 0 < planned["in_s"] <= 500
    served.post("primary", "/api/handover", phase("primary", 1, "quiescing"))
    served.post("primary", "/api/handover", phase("primary", 1, "offered"))
    served.post("primary", HEARTBEAT, beat("primary", 1, "standby"))
    assert served.get("/api/primary").status_code == 503

    moved = registration("backup1", 2, previous_session="primary")
    assert served.post("backup1", REGISTER, moved).status_code == 200
    primary = served.get("/api/primary", "primary").json()
    assert (primary["account"], primary["epoch"]) == ("backup1", 2)
    metrics = served.get("/metrics").text
    assert 'colabvps_moves_total{kind="planned"} 1.0' in metrics
    assert 'colabvps_downtime_seconds_count{kind="planned"} 1.0' in metrics


def test_a_move_that_is_called_off_is_shown_no_more(served: Served) -> None:
    served.post("primary", REGISTER, registration("primary", 1))
    served.post("primary", "/api/handover", phase("primary", 1, "warming"))
    served.post("primary", "/api/handover", phase("primary", 1, "aborted"))
    assert served.get("/api/sessions/status").json()["next_handover"]["phase"] == "expected"


def test_clients_are_sent_to_the_primary_with_path_and_query(served: Served) -> None:
    answer = served.get("/go/a/b?c=d")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    address = "https://primary.example:8443/app"
    served.post("primary", REGISTER, registration("primary", 1, worker_url=address))
    answer = served.get("/go/a/b?c=d")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{address}/a/b?c=d"


def test_a_session_that_serves_unknown_is_told_to_register_again(served: Served) -> None:
    answer = served.post("primary", HEARTBEAT, beat("primary", 4, "active"))
    assert answer.json()["unregistered"] is True
    served.post("primary", REGISTER, registration("primary", 4))
    answer = served.post("primary", HEARTBEAT, beat("primary", 4, "active"))
    assert answer.json()["unregistered"] is False
