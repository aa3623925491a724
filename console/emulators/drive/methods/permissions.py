"""Sharing. Whoever may write may share.

Of a role that was given twice the higher counts. What a folder gives can't be taken away on a
file in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from console.emulators.drive.contents.item import DriveItem, RoleGrant
from console.emulators.drive.contents.roles import RANKS, all_grants
from console.emulators.drive.contents.world import permission_id
from console.emulators.drive.methods.call import Call
from console.emulators.drive.methods.errors import Refusal, bad_request, not_allowed
from console.emulators.drive.methods.writes import NotEmulated

_TYPES = frozenset({"user", "anyone"})
_ROLES = frozenset({"reader", "writer"})


def insert(call: Call) -> dict[str, Any]:
    body = call.body or {}
    kind, role, email = body["type"], body["role"], str(body.get("value", ""))
    if kind not in _TYPES or role not in _ROLES:
        raise NotEmulated(f"sharing with {kind} as {role}")
    if kind == "user" and "@" not in email:
        raise Refusal(400, "invalidSharingRequest", "The specified emailAddress is invalid.")
    if "commenter" in body.get("additionalRoles", []):
        role = "commenter"
    email = email if kind == "user" else ""
    with call.world.lock:
        item = call.file("writer")
        new = add_grant(call, item, RoleGrant(email, role))
        return _body(call, item, next(g for g in new.grants if g.email == email))


def add_grant(call: Call, item: DriveItem, grant: RoleGrant) -> DriveItem:
    """`item` once `grant` counts as well."""
    same = [given for given in item.grants if given.email == grant.email]
    highest = max([*same, grant], key=lambda given: RANKS.index(given.role))
    others = tuple(given for given in item.grants if given.email != grant.email)
    new = replace(call.world.next_version(item, call.email), grants=(*others, highest))
    call.world.put(new)
    return new


def list_(call: Call) -> dict[str, Any]:
    with call.world.lock:
        item = call.file("writer")
        return {"kind": "drive#permissionList", "items": _all(call, item)}


def get(call: Call) -> dict[str, Any]:
    with call.world.lock:
        item = call.file()
        wanted = call.params["permissionId"]
        for body in _all(call, item):
            if body["id"] == wanted:
                return body
    raise _no_permission(wanted)


def delete(call: Call) -> None:
    wanted = call.params["permissionId"]
    with call.world.lock:
        item = call.file()
        gone = [grant for grant in item.grants if permission_id(grant.email) == wanted]
        if not gone:
            if any(body["id"] == wanted for body in _all(call, item)):
                words = "This permission is inherited from a folder."
                raise Refusal(403, "cannotDeleteInheritedPermission", words)
            raise _no_permission(wanted)
        if gone[0].role == "owner":
            raise not_allowed()
        if gone[0].email != call.email:
            call.file("writer")
        left = tuple(grant for grant in item.grants if grant not in gone)
        call.world.put(replace(call.world.next_version(item, call.email), grants=left))


def get_id_for_email(call: Call) -> dict[str, Any]:
    email = call.params["email"]
    if "@" not in email:
        raise bad_request("Invalid Value", "email")
    return {"kind": "drive#permissionId", "id": permission_id(email)}


def _all(call: Call, item: DriveItem) -> list[dict[str, Any]]:
    highest: dict[str, RoleGrant] = {}
    for grant in all_grants(call.world, item):
        had = highest.get(grant.email)
        if had is None or RANKS.index(had.role) < RANKS.index(grant.role):
            highest[grant.email] = grant
    return [_body(call, item, grant) for grant in highest.values()]


def _body(call: Call, item: DriveItem, grant: RoleGrant) -> dict[str, Any]:
    number = permission_id(grant.email)
    body: dict[str, Any] = {
        "kind": "drive#permission",
        "id": number,
        "selfLink": f"https://www.googleapis.com/drive/v2/files/{item.id}/permissions/{number}",
        "role": "reader" if grant.role == "commenter" else grant.role,
        "type": "user" if grant.email else "anyone",
    }
    if grant.role == "commenter":
        body["additionalRoles"] = ["commenter"]
    if grant.email:
        name, _, domain = grant.email.partition("@")
        body |= {"name": name, "emailAddress": grant.email, "domain": domain}
    return body


def _no_permission(number: str) -> Refusal:
    where = ("parameter", "permissionId")
    return Refusal(404, "notFound", f"Permission not found: {number}", where)
