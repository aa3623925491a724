"""Signing in without a browser on this machine: the address goes out and back by hand.

The browser ends at an address at which nobody listens. The whole of that address is pasted: a
code alone doesn't tell which question it answers.
"""

from __future__ import annotations

from collections.abc import Callable

from console.errors import Refused
from console.setup.google.consent import ConsentRequest
from console.setup.google.oauth_client import OAuthClient
from console.setup.google.redirect import ForeignRedirect

NOWHERE = "http://127.0.0.1:53683/"
TRIES = 3


def sign_in_by_pasting(
    client: OAuthClient,
    email: str | None,
    base: str | None,
    message: Callable[[str], None],
    read: Callable[[str], str],
) -> str:
    """The lasting token, once the address was pasted that a browser elsewhere has ended at.

    `read` shows a prompt and returns the line that was typed. Raises Refused.
    """
    consent = ConsentRequest(client, NOWHERE, email, base)
    message("Open this address in a browser, on any machine:")
    message(consent.url)
    message(
        "When you have answered, the browser says that it can't reach a page: that is as it "
        f"should be. Copy the whole address that it shows then, {NOWHERE}?state=…, and paste it."
    )
    for _ in range(TRIES):
        pasted = read("Address: ")
        if not pasted:
            break
        try:
            return consent.redeem(pasted)
        except ForeignRedirect as error:
            message(f"{error}; copy the whole address")
    raise Refused("no answer of Google's was pasted: nothing was kept")
