"""The coordinator and the receivers of notices. No session waits for them, so none can fail."""

from __future__ import annotations

from collections.abc import Iterator

from console.checks.preflight.items import FLEET, ItemStatus, PreflightItem
from sessionlib.config import Config
from sessionlib.coordinator import tokens
from sessionlib.notices.receivers import receivers
from sessionlib.notices.send_attempt import INSTALL, why_unavailable


def service_items(config: Config) -> Iterator[PreflightItem]:
    """An item for each of the two that the configuration names."""
    if config.coordinator.url is not None:
        yield _coordinator(config, config.coordinator.url)
    if config.notices.urls:
        yield _notices(config)


def _coordinator(config: Config, url: str) -> PreflightItem:
    what = "coordinator"
    from sessionlib.coordinator import client  # noqa: PLC0415 - loaded only here

    token = tokens.find(config.fleet, tokens.OPERATOR)
    asking = client.CoordinatorClient(url, token)
    try:
        known = asking.is_token_accepted()
    except client.CoordinatorUnavailable as error:
        cure = "sessions work and move without it; see that it runs, and coordinator.url"
        return PreflightItem(FLEET, what, ItemStatus.WARN, str(error), cure)
    finally:
        asking.close()
    if known:
        return PreflightItem(
            FLEET, what, ItemStatus.OK, f"answers at {url}, and knows this console"
        )
    cure = "`colabvps-console login operator --coordinator` keeps the operator's token"
    text = "answers, and doesn't know this console's token"
    if token is None:
        unread = tokens.why_unreadable(config.fleet, tokens.OPERATOR)
        text = f"answers; {unread or 'no token here'}"
    return PreflightItem(FLEET, what, ItemStatus.WARN, text, cure)


def _notices(config: Config) -> PreflightItem:
    what = "notices"
    if why_unavailable() is not None:
        cure = f"it {INSTALL}; here and in every session"
        return PreflightItem(FLEET, what, ItemStatus.WARN, "apprise isn't installed here", cure)
    urls, problems = receivers(config)
    if problems:
        cure = "set it here and in every session; until then the others are told"
        return PreflightItem(FLEET, what, ItemStatus.WARN, problems[0], cure)
    count = f"{len(urls)} address{'es' if len(urls) > 1 else ''}"
    return PreflightItem(
        FLEET, what, ItemStatus.OK, f"{count}; `colabvps-console notify-test` tries them"
    )
