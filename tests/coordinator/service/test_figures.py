"""What Prometheus is told.

Goal: every figure that the page of docs names exists, every one that exists is on the page,
and they say what has happened. Method: a real service, its text parsed by Prometheus' own
reader, and the page.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.coordinator.service.kit import Served, beat, phase, registration

PAGE = (Path(__file__).parents[3] / "docs" / "coordinator.md").read_text()


def figures(served: Served) -> dict[str, float]:
    """Each sample by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(served.get("/metrics").text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_they_say_what_has_happened(served: Served) -> None:
    before = figures(served)
    assert (before["colabvps_up"], before["colabvps_epoch"]) == (0, 0)
    assert before["colabvps_moves_total{kind=takeover}"] == 0
    served.post("primary", "/api/worker/register", registration("primary", 1))
    served.post("primary", "/api/worker/heartbeat", beat("primary", 1, "active"))
    served.post("primary", "/api/handover", phase("primary", 1, "quiescing"))
    served.post("backup1", "/api/worker/register", registration("backup1", 2))
    served.post("primary", "/api/worker/heartbeat", beat("primary", 1))
    served.get("/go/somewhere/else?a=b")
    served.get("/nowhere/at/all")
    after = figures(served)
    assert (after["colabvps_up"], after["colabvps_epoch"]) == (1, 2)
    assert after["colabvps_moves_total{kind=first}"] == 1
    assert after["colabvps_moves_total{kind=planned}"] == 1
    assert after["colabvps_downtime_seconds_count{kind=planned}"] == 1
    assert 0 < after["colabvps_downtime_seconds_sum{kind=planned}"] < 60
    assert 37_000 < after["colabvps_session_expiry_seconds{account=primary}"] <= 10.5 * 3_600
    assert 0 <= after["colabvps_heartbeat_age_seconds{account=primary}"] < 60
    beats = "colabvps_requests_total{method=POST,route=/api/worker/heartbeat,status=%s}"
    assert (after[beats % 200], after[beats % 409]) == (1, 1)
    assert after["colabvps_requests_total{method=GET,route=/go/{path},status=307}"] == 1
    assert after["colabvps_requests_total{method=GET,route=other,status=404}"] == 1
    assert after["colabvps_request_seconds_count{route=/api/worker/heartbeat}"] == 2


def test_the_page_names_just_what_there_is(served: Served) -> None:
    served.post("primary", "/api/worker/heartbeat", beat("primary", 1))
    families = text_string_to_metric_families(served.get("/metrics").text)
    # A counter's samples end in _total, which its family's name lacks.
    there = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    table = set(re.findall(r"^\| `(colabvps_[a-z_]+)` \|", PAGE, re.MULTILINE))
    assert table == there


def test_the_alert_rules_use_what_there_is() -> None:
    (rules,) = re.findall(r"^```yaml\n(groups:.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    table = set(re.findall(r"^\| `(colabvps_[a-z_]+)` \|", PAGE, re.MULTILINE))
    found = yaml.safe_load(rules)["groups"][0]["rules"]
    assert len(found) >= 5
    for rule in found:
        used = {
            re.sub(r"_(bucket|sum|count)$", "", name)
            for name in re.findall(r"colabvps_[a-z_]+", rule["expr"])
        }
        assert used, rule
        assert used <= table, rule
        assert rule["annotations"]["summary"]
