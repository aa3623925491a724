"""Why a sign-in doesn't work any more, and what to do.

Only a word of Google's token service ends a sign-in. A proxy's page, or an error of the service
itself, says nothing of it.
"""

from __future__ import annotations

TESTING_DAYS = 7
"""How long sign-ins last with an OAuth client whose consent screen is in testing."""
DAY_S = 86_400.0
_SLACK_DAYS = 0.5


def error_code(details: tuple[object, ...]) -> str | None:
    """Google's own word among what an error of google-auth holds; None where it has none."""
    for detail in details:
        word = detail.get("error") if isinstance(detail, dict) else None
        if isinstance(word, str):
            return word
    return None


def explain_ended(word: str, account: str | None, age_s: float | None) -> str:
    """What happened, why perhaps, and what to do. `age_s` is the sign-in's, where it is known."""
    cause, cure = CURES.get(word, CURES["invalid_grant"])
    who = f"of {account} " if account else ""
    age = "" if age_s is None else f" It was made {_days(age_s)} ago{_testing(age_s)}."
    return f"the sign-in {who}{cause} ({word:.40}): {cure.format(login=_login(account))}.{age}"


def _login(account: str | None) -> str:
    return f"`colabvps-console login {account or 'ACCOUNT'}`"


def _days(age_s: float) -> str:
    days = age_s / DAY_S
    return f"{days:.0f} days" if days >= 2 else f"{age_s / 3_600:.0f} h"


def _testing(age_s: float) -> str:
    if abs(age_s / DAY_S - TESTING_DAYS) > _SLACK_DAYS:
        return ""
    return (
        f": with an OAuth client whose consent screen is in testing, sign-ins end after "
        f"{TESTING_DAYS} days. Publish the app to make them last (docs/drive.md)"
    )


CURES = {
    "invalid_grant": (
        "has ended or was withdrawn",
        "run {login}",
    ),
    "invalid_client": (
        "doesn't work: its OAuth client was deleted, or has another secret now",
        "run {login} with --client and the client's new file",
    ),
    "deleted_client": (
        "doesn't work: its OAuth client was deleted",
        "make another one, and run {login} with --client and its file",
    ),
    "disabled_client": (
        "doesn't work: Google has disabled its OAuth client",
        "see the client's page in the Google Cloud console, or make another one",
    ),
    "unauthorized_client": (
        "doesn't work: its OAuth client isn't one for desktop apps",
        "make one of that type, and run {login} with --client and its file",
    ),
    "admin_policy_enforced": (
        "is forbidden by the administrator of its organisation",
        "ask them to allow the OAuth client, or use another account",
    ),
    "invalid_scope": (
        "doesn't cover Google Drive",
        "run {login}, and tick every box of the consent screen",
    ),
}
"""For each word what has happened and what to do; any other is read as `invalid_grant`."""
