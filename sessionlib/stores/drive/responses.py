"""What Drive's answers mean: which prove that nothing was written, which deserve another try."""

# Drive was seen to carry out inserts that it answered with 403 (rate limit). So a refusal that
# could come from the middle of its machinery proves nothing. Only one that names a fault of the
# request does.

from __future__ import annotations

import json
from dataclasses import dataclass

from sessionlib.errors import StoreError, Unknown, Unreachable

_RATE_REASONS = frozenset(
    {"userRateLimitExceeded", "rateLimitExceeded", "sharingRateLimitExceeded", "dailyLimitExceeded"}
)
MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DriveResponse:
    """An answer that isn't success. `reason` is Drive's own word, empty where it gave none."""

    status: int
    reason: str = ""
    retry_after_s: float | None = None

    @property
    def is_passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status in {408, 429} or self.status >= 500 or self.is_rate_limit

    @property
    def is_rate_limit(self) -> bool:
        return self.status == 429 or (self.status == 403 and self.reason in _RATE_REASONS)


class RequestRefused(Exception):
    """Drive answered, and not with success."""

    def __init__(self, answer: DriveResponse) -> None:
        super().__init__(sentence(answer))
        self.answer = answer


class NotSent(Exception):
    """The request never left: no connection, no sign-in, no time left."""


class SignInEnded(NotSent):
    """Nor will any other leave, until a person has signed in again: a further try is no use."""


class NoResponse(Exception):
    """The request left, and no answer that can be read came back."""


Trouble = (RequestRefused, NotSent, NoResponse)


def read_error(error: Exception, key: str) -> StoreError:
    """The verdict on a call that changes nothing."""
    return Unreachable(f"{key}: {error}")


def write_error(error: Exception, key: str) -> StoreError:
    """The verdict on a call that writes."""
    doubtful = (
        error.answer.is_passing
        if isinstance(error, RequestRefused)
        else isinstance(error, NoResponse)
    )
    return Unknown(f"{key}: {error}") if doubtful else Unreachable(f"{key}: {error}")


def reason_of(content: bytes) -> str:
    """Drive's own word for what is wrong; empty for HTML, nothing, or anything else."""
    try:
        body = json.loads(content[:MAX_ERROR_BYTES])
        reason = body["error"]["errors"][0]["reason"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return reason[:80] if isinstance(reason, str) else ""


def retry_after_s(text: str | None) -> float | None:
    """The `Retry-After` header in seconds; None for a date or anything else."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def sentence(answer: DriveResponse) -> str:
    """What happened and what to do, for people."""
    said = f"Drive answers {answer.status}" + (f" ({answer.reason})" if answer.reason else "")
    return f"{said}: {_remedy(answer)}"


def _remedy(answer: DriveResponse) -> str:
    if answer.is_rate_limit:
        return "too many requests for now; it is tried again later"
    if answer.status >= 500 or answer.status == 408:
        return "trouble on its side; it is tried again later"
    return _CURES.get((answer.status, answer.reason)) or _CURES.get(
        (answer.status, ""), "the request can't be carried out"
    )


_CURES = {
    (400, "invalidSharingRequest"): (
        "Google has no account with that address, or shares with it only by mail; run "
        "`colabvps-console init` without --no-mail"
    ),
    (401, ""): "the sign-in isn't valid any more; run `colabvps-console login` for this account",
    (403, "storageQuotaExceeded"): "this account's Drive is full; free some space",
    (403, "insufficientPermissions"): (
        "the sign-in may not use Drive; sign in again and tick every box of the consent screen"
    ),
    (403, "insufficientScopes"): (
        "the sign-in may not use Drive; sign in again and tick every box of the consent screen"
    ),
    (403, "domainPolicy"): (
        "the administrator of its organisation lets no apps use Drive; ask them, or use another "
        "account"
    ),
    (403, "accessNotConfigured"): "the Drive API is not enabled in the OAuth client's project",
    (403, ""): "this account may not do that; share the folder with it as editor",
    (404, ""): "not there, or not shared with this account",
    (409, ""): "it exists already",
    (412, ""): "it was changed meanwhile",
}
