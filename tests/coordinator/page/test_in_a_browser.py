"""The status page in Debian's chromium.

Goal: it tells the same facts on a desk and on a phone, by day and by night, with scripts and
without; it loads nothing from anywhere else and breaks no rule of its own; what happens changes
the page that is open; and one that is answered no more says so. Method: a real service, told
what agents say.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.coordinator.page.chromium import Browser, Page
from tests.coordinator.service.kit import Served, beat, phase, registration, serving

DESK, PHONE = (1_100, 800), (390, 800)
HURRY = 10.0
COLOUR = "getComputedStyle(document.querySelector('h1')).color"
LEGIBLE = 4.5
"""The contrast that WCAG 2 asks of text."""
CONTRASTS = """
(() => {
  const luminance = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  const read = "h1, .says, dt, dd, .go, th, td, figcaption, .as-of";
  for (const one of document.querySelectorAll(read)) {
    let ground = one;
    while (/, 0\\)|transparent/.test(getComputedStyle(ground).backgroundColor))
      ground = ground.parentElement;
    const both = [getComputedStyle(one).color, getComputedStyle(ground).backgroundColor];
    const [less, more] = both.map(luminance).sort((a, b) => a - b);
    found[one.className || one.tagName] = (more + 0.05) / (less + 0.05);
  }
  return found;
})()
"""


@contextmanager
def moved(db: Path) -> Iterator[Served]:
    """A service of a fleet that has moved twice, and will again within the hour."""
    with serving(db, "--public-primary") as served:
        served.post("primary", "/api/worker/register", registration("primary", 1))
        served.post("primary", "/api/handover", phase("primary", 1, "quiescing"))
        served.post("backup1", "/api/worker/register", registration("backup1", 2))
        taken = registration("backup2", 3, takeover=True)
        served.post("backup2", "/api/worker/register", taken)
        at_work = beat("backup2", 3, "active", session_remaining=0.5)
        served.post("backup2", "/api/worker/heartbeat", at_work)
        yield served


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that only look."""
    with moved(tmp_path_factory.mktemp("page") / "coordinator.db") as served:
        yield served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """One of a test's own."""
    with moved(tmp_path / "coordinator.db") as served:
        yield served


def tells_the_facts(page: Page) -> None:
    text = page.text()
    assert page.text("h1") == "Up"
    assert "The service is running." in text
    since, coming = (page.text(f"dl div:nth-child({number}) dd") for number in (1, 2))
    assert any(digit.isdigit() for digit in since)
    assert coming.startswith("about ")
    assert page.tell("document.querySelector('a.go').pathname") == "/go/"
    assert "2 in all" in page.text("figcaption")
    assert page.tell("[...document.querySelectorAll('svg text')].map((t) => t.textContent)") == [
        "2"
    ]
    how = "[...document.querySelectorAll('tbody td:nth-child(2)')].map((cell) => cell.textContent)"
    assert page.tell(how) == ["unplanned", "planned"]


def keeps_to_itself(page: Page, served: Served) -> None:
    assert page.complaints() == []
    assert page.asked_for()
    elsewhere = [url for url in page.asked_for() if not url.startswith(f"{served.url}/")]
    assert elsewhere == []


def test_it_is_whole_at_every_size_by_day_and_by_night(shared: Served, browser: Browser) -> None:
    grounds = set()
    for size in (DESK, PHONE):
        for scheme in ("light", "dark"):
            with browser.page(*size, scheme=scheme) as page:
                page.open(f"{shared.url}/")
                tells_the_facts(page)
                keeps_to_itself(page, shared)
                wide = page.tell("[document.documentElement.scrollWidth, innerWidth]")
                assert wide == [size[0], size[0]], "it can be scrolled sideways"
                grounds.add(page.tell("getComputedStyle(document.body).backgroundColor"))
                contrasts = page.tell(CONTRASTS)
                assert len(contrasts) >= 8
                assert min(contrasts.values()) >= LEGIBLE, (scheme, contrasts)
    assert len(grounds) == 2


def test_without_scripts_the_first_paint_tells_the_same(shared: Served, browser: Browser) -> None:
    with browser.page(*PHONE, scripts=False) as page:
        page.open(f"{shared.url}/")
        tells_the_facts(page)
        keeps_to_itself(page, shared)
        assert page.text("dl").count("UTC") == 2
        assert page.tell("document.querySelector('.unheard').checkVisibility()") is False
        again = page.tell("document.querySelector('meta[http-equiv=refresh]').content")
        assert float(again) > 0, "it never looks again"
    with browser.page(*PHONE) as page:
        page.open(f"{shared.url}/")
        assert "UTC" not in page.text(), "times are the server's, not the reader's"
        assert page.tell("document.querySelector('meta[http-equiv=refresh]')") is None


def test_its_policy_lets_nothing_in(shared: Served, browser: Browser) -> None:
    """What keeps the page to itself isn't only that it asks for nothing else."""
    with browser.page(*DESK) as page:
        page.open(f"{shared.url}/")
        page.tell(
            """
            document.body.insertAdjacentHTML("beforeend", `<p onclick="window.got = 1"></p>
              <img src="https://elsewhere.example/a.png"><iframe src="/healthz"></iframe>`);
            document.querySelector("p[onclick]").click();
            document.body.append(Object.assign(document.createElement("script"),
              {textContent: "window.got = 2"}));
            fetch("https://elsewhere.example/b").catch(() => { window.refused = true; });
            """
        )
        page.until("window.refused")
        assert page.tell("window.got") is None
        forbidden = [one for one in page.complaints() if "Content Security Policy" in one]
        for directive in ("script-src", "img-src", "default-src", "connect-src"):
            assert any(directive in one for one in forbidden), (directive, page.complaints())


def test_an_open_page_follows_what_happens(served: Served, browser: Browser) -> None:
    with browser.page(*PHONE) as page:
        page.hurry(HURRY)
        page.open(f"{served.url}/")
        page.tell("window.stayed = true")
        served.post("backup2", "/api/handover", phase("backup2", 3, "offered", to="primary"))
        page.until("document.querySelector('h1').textContent === 'Moving'")
        assert page.tell("document.title") == "Moving - status"
        assert page.text("dl div:nth-child(2) dd") == "now"
        served.post("primary", "/api/worker/register", registration("primary", 4))
        page.until("document.querySelector('h1').textContent === 'Up'")
        assert page.tell("document.querySelector('svg text').textContent") == "3"
        assert page.tell("window.stayed") is True
        assert page.loads() == 1
        keeps_to_itself(page, served)


@pytest.mark.parametrize("fate", ["gone", "frozen"])
def test_one_that_isnt_answered_says_so_until_it_is(
    served: Served, browser: Browser, fate: str
) -> None:
    unheard = "document.querySelector('.unheard').checkVisibility()"
    with browser.page(*PHONE) as page:
        page.hurry(HURRY)
        page.open(f"{served.url}/")
        assert page.tell(unheard) is False
        colour = page.tell(COLOUR)
        with unanswered(served, fate):
            page.until(unheard)
            assert "may be no longer true" in page.text(".unheard")
            assert page.tell("document.title") == "Not known - status"
            assert page.tell(COLOUR) != colour
            said = page.text(".as-of")
        page.until(f"!{unheard}")
        assert page.text(".as-of") != said
        assert page.tell("document.title") == "Up - status"
        assert page.tell(COLOUR) == colour
        assert page.loads() == 1


@contextmanager
def unanswered(served: Served, fate: str) -> Iterator[None]:
    """For so long nobody answers where it was."""
    assert served.process is not None
    if fate == "frozen":
        served.process.send_signal(signal.SIGSTOP)
        yield
        served.process.send_signal(signal.SIGCONT)
    else:
        port = served.url.rpartition(":")[2]
        served.kill()
        yield
        served.options = (*served.options, "--port", port)
        served.start()


def test_the_mark_on_its_tab_is_its_own(shared: Served, browser: Browser) -> None:
    with browser.page(*DESK) as page:
        page.open(f"{shared.url}/")
        page.tell(
            """
            window.mark = new Image();
            mark.src = document.querySelector("link[rel=icon]").href;
            mark.decode().then(() => { window.drawn = true; });
            """
        )
        page.until("window.drawn")
        keeps_to_itself(page, shared)
