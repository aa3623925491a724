"""What the address says that Google sends a browser to in the end.

Only the answer to our own question counts. Some refusals stay on Google's own page, and nothing
comes here: docs/drive.md has those.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from console.errors import Refused

CURES = {
    "access_denied": (
        "it wasn't allowed: allow it, and tick every box; if Google didn't let you, the app is in "
        "testing and this address isn't among its test users"
    ),
    "admin_policy_enforced": (
        "the administrator of its organisation forbids it: ask them to allow the OAuth client, or "
        "use another account"
    ),
    "org_internal": (
        "the OAuth client is for its own organisation only: make its user type External"
    ),
    "interaction_required": "it has to be answered in the browser: try again",
}
"""What to do about each of Google's words; others are only said."""


class ForeignRedirect(Exception):
    """An address that isn't Google's answer to our question."""


def extract_code(address: str, state: str) -> str:
    """The code to be exchanged. Raises Refused where Google refuses, NotTheAnswer."""
    try:
        fields = parse_qs(urlsplit(address.strip()).query)
    except ValueError:
        raise ForeignRedirect("that isn't an address") from None
    if "state" not in fields:
        raise ForeignRedirect("that isn't the whole address that the browser has ended at")
    if fields["state"] != [state]:
        raise ForeignRedirect("that address is of another attempt")
    error = (fields.get("error") or [""])[0]
    if error:
        cure = CURES.get(error)
        raise Refused(f"Google says no ({error:.80})" + (f": {cure}" if cure else ""))
    code = (fields.get("code") or [""])[0]
    if not code:
        raise ForeignRedirect("that address has no code in it")
    return code
