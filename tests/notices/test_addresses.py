"""Goal: an address is used whole and shown in part; a wrong one is told of without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.errors import ConfigError
from sessionlib.notice_urls import filled, label, names_in, problem
from sessionlib.notices import receivers as kit
from sessionlib.signed.fleet_config import comparable_settings
from tests.notices.fleet_config import CONFIG
from tests.unit.fake_keyrings import FakeKeyring, use_keyring

SECRET = "t0" + "ken"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"json://u:{SECRET}@127.0.0.1:80/{SECRET}?x={SECRET}", "json://127.0.0.1"),
        (f"jsons://u:{SECRET}@[::1]/", "jsons://::1"),
        (f"mailtos://u:{SECRET}@example.com?to=a@b.example", "mailtos://example.com"),
        (f"ntfys://ntfy.example.com/{SECRET}", "ntfys://ntfy.example.com"),
        (f"ntfy://{SECRET}", "ntfy://…"),
        (f"ntfy://{SECRET}.x.example", "ntfy://…"),
        (f"tgram://123:{SECRET}/chat", "tgram://…"),
        (f"discord://{SECRET}/{SECRET}", "discord://…"),
        (f"https://discord.com/api/webhooks/1/{SECRET}", "https://discord.com"),
        (f"mailto://u:a/b@{SECRET}.example@example.com", "mailto://…"),
        (f"json://{SECRET}/", "json://…"),
        (f"json://[{SECRET}/", "json://…"),
        (f"JSON://{SECRET} x.example/", "json://…"),
        (SECRET, "an address"),
        (f"{SECRET} x://host.example", "an address"),
    ],
)
def test_nothing_of_an_address_is_shown_but_scheme_and_host(url: str, shown: str) -> None:
    assert label(url) == shown
    assert SECRET not in label(url).removeprefix("json://")


def test_references_are_filled_in_once() -> None:
    url = "ntfy://${USER_1}:${PASS}@h/${PASS}"
    assert names_in(url) == ("USER_1", "PASS")
    assert filled(url, {"USER_1": "${PASS}", "PASS": "p\n"}) == "ntfy://${PASS}:p@h/p"


@pytest.mark.parametrize(
    "url", ["${X}", "${X}://h", "a${X}://h", "ntfy://h/t", "tgram://${A}/${B}"]
)
def test_an_address_may_refer_to_secrets_anywhere(url: str) -> None:
    assert problem(url) is None


def parsed(tail: str) -> Config:
    return parse(CONFIG + tail, Path("a.yaml"))


@pytest.mark.parametrize(
    ("tail", "says"),
    [
        ("{urls: [t0ken]}", "notices.urls[0]: is not an address"),
        ("{urls: ['ntfy://h/${t0ken-}']}", "notices.urls[0]: refers to a variable"),
        ("{urls: ['ntfy://h/t0ken x']}", "notices.urls[0]: holds a blank"),
        ("{urls: 'ntfy://t0ken'}", 'notices.urls: is "…", not a list'),
        ("{urls: [{t0ken: t0ken}]}", "notices.urls[0]: is a group of settings"),
        ("{urls: [[t0ken]]}", "notices.urls[0]: is a list, not text"),
        ("t0ken", 'notices: is "…", not settings'),
        ("{'ntfy://t0ken': t0ken}", "notices.…: is not a setting"),
        ("{url: t0ken}", 'notices.url: is not a setting: did you mean "urls"?'),
        ("{urls: [" + "'a://t0ken', " * 11 + "]}", "notices.urls: holds 11: 10 at most"),
    ],
)
def test_a_wrong_address_is_told_of_without_it(tail: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(tail)
    assert f"a.yaml:5: {says}" in str(caught.value)
    assert SECRET not in str(caught.value).replace("${t0ken-}", "")


def test_no_printed_form_of_the_settings_holds_an_address() -> None:
    config = parsed(f"{{urls: ['ntfy://{SECRET}/x']}}")
    forms = (repr(config), str(config), config.model_dump_json(), str(comparable_settings(config)))
    assert [form for form in forms if SECRET in form] == []


def test_a_missing_secret_costs_its_own_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = FakeKeyring()
    keyring.kept["colabvps", "secret:f:KEPT"] = SECRET
    use_keyring(monkeypatch, keyring)
    monkeypatch.delenv("ABSENT", raising=False)
    monkeypatch.setenv("ODD", f"{SECRET} x")
    config = parsed("{urls: ['a://${KEPT}', 'a://${ABSENT}', 'a://${ODD}', 'a://h']}")
    urls, problems = kit.receivers(config)
    assert urls == [f"a://{SECRET}", "a://h"]
    assert len(problems) == 2
    assert problems[0].startswith("notices.urls[1]: ABSENT has no value here: set the variable")
    assert problems[1].startswith("notices.urls[2]: with its variables filled in it holds a blank")
    assert SECRET not in "".join(problems)
