"""What stands around a fleet: the coordinator that it tells, and those who are told of it.

Decided here: that neither is a reason not to begin, for no session waits for them. Not decided
here: what they are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from console.checks.preflight.items import FLEET, Item, Word
from sessionlib.config import Config
from sessionlib.coordinator import tokens
from sessionlib.notices.receivers import receivers
from sessionlib.notices.sender import INSTALL, missing


def around(config: Config) -> Iterator[Item]:
    """An item for each of the two that the configuration names."""
    if config.coordinator.url is not None:
        yield _coordinator(config, config.coordinator.url)
    if config.notices.urls:
        yield _notices(config)


def _coordinator(config: Config, url: str) -> Item:
    what = "coordinator"
    client = import_module("sessionlib.coordinator.client")
    token = tokens.find(config.fleet, tokens.OPERATOR)
    asking = client.Client(url, token)
    try:
        known = asking.knows_token()
    except client.Unavailable as error:
        cure = "sessions work and move without it; see that it runs, and coordinator.url"
        return Item(FLEET, what, Word.WARN, str(error), cure)
    finally:
        asking.close()
    if known:
        return Item(FLEET, what, Word.OK, f"answers at {url}, and knows this console")
    cure = "`colabvps-console login operator --coordinator` keeps the operator's token"
    text = "answers, and doesn't know this console's token"
    if token is None:
        unread = tokens.unreadable(config.fleet, tokens.OPERATOR)
        text = f"answers; {unread or 'no token here'}"
    return Item(FLEET, what, Word.WARN, text, cure)


def _notices(config: Config) -> Item:
    what = "notices"
    if missing() is not None:
        cure = f"it {INSTALL}; here and in every session"
        return Item(FLEET, what, Word.WARN, "apprise isn't installed here", cure)
    urls, problems = receivers(config)
    if problems:
        cure = "set it here and in every session; until then the others are told"
        return Item(FLEET, what, Word.WARN, problems[0], cure)
    count = f"{len(urls)} address{'es' if len(urls) > 1 else ''}"
    return Item(FLEET, what, Word.OK, f"{count}; `colabvps-console notify-test` tries them")
