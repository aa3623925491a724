"""Drive's refusals: status, reason and words of each, as clients have reported them."""

from __future__ import annotations

from typing import Any

from console.emulators.drive.wire.messages import HttpResponse, json_response


class Refusal(Exception):
    """An answer other than success. `where` names the part of the request that it is about."""

    def __init__(
        self, status: int, reason: str, words: str, where: tuple[str, str] | None = None
    ) -> None:
        super().__init__(words)
        self.status = status
        self.reason = reason
        self.words = words
        self.where = where

    def answer(self) -> HttpResponse:
        error: dict[str, Any] = {
            "domain": "usageLimits" if self.reason.endswith("LimitExceeded") else "global",
            "reason": self.reason,
            "message": self.words,
        }
        if self.where is not None:
            error["locationType"], error["location"] = self.where
        body = {"error": {"errors": [error], "code": self.status, "message": self.words}}
        headers = {"www-authenticate": 'Bearer realm="https://accounts.google.com/"'}
        answer = json_response(body, self.status)
        return answer.with_headers(**headers) if self.status == 401 else answer


def bad_request(words: str, where: str = "") -> Refusal:
    return Refusal(400, "invalid", words, ("parameter", where) if where else None)


def bad_token() -> Refusal:
    return Refusal(401, "authError", "Invalid Credentials", ("header", "Authorization"))


def too_few_scopes() -> Refusal:
    words = "Request had insufficient authentication scopes."
    return Refusal(403, "insufficientPermissions", f"Insufficient Permission: {words}")


def not_allowed() -> Refusal:
    words = "The user does not have sufficient permissions for this file."
    return Refusal(403, "insufficientFilePermissions", words)


def not_found(file_id: str) -> Refusal:
    return Refusal(404, "notFound", f"File not found: {file_id}", ("parameter", "fileId"))


def changed() -> Refusal:
    return Refusal(412, "conditionNotMet", "Precondition Failed", ("header", "If-Match"))


def id_in_use() -> Refusal:
    words = "A file already exists with the provided ID."
    return Refusal(409, "fileIdInUse", words)


def drive_is_full() -> Refusal:
    words = "The user's Drive storage quota has been exceeded."
    return Refusal(403, "storageQuotaExceeded", words)


def too_many_requests(status: int) -> Refusal:
    reason = "userRateLimitExceeded" if status == 403 else "rateLimitExceeded"
    return Refusal(status, reason, "User Rate Limit Exceeded. Rate of requests is too high.")
