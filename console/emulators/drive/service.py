"""A request for Drive, from its token to its answer.

The order: who asks; which method it is, and whether it is true to Google's description; which
fault it meets; then the method, whose answer has to be true to the description as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from console.emulators.drive.contents.item import PLAIN_TYPE, DriveItem
from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.discovery.document import Method, drive_v2
from console.emulators.drive.discovery.field_selection import (
    BadSelection,
    Selection,
    selected,
    selection_of,
)
from console.emulators.drive.faults.effects import execute_with_fault
from console.emulators.drive.faults.kinds import RequestKind
from console.emulators.drive.faults.rates import Faults
from console.emulators.drive.methods import registry, uploads
from console.emulators.drive.methods.call import Call, Quirks
from console.emulators.drive.methods.errors import (
    Refusal,
    bad_request,
    bad_token,
    too_few_scopes,
)
from console.emulators.drive.methods.file_resources import file_body
from console.emulators.drive.methods.registry import (
    DOWNLOAD,
    METHODS,
    UPLOADS,
    MethodHandler,
    Result,
)
from console.emulators.drive.methods.writes import NotEmulated
from console.emulators.drive.oauth.tokens import DRIVE_SCOPE, TokenIssuer
from console.emulators.drive.request_log import RequestLog, RequestRecord
from console.emulators.drive.wire.messages import HttpRequest, HttpResponse, json_response

UPLOAD_ID = "upload_id"


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """A request that is known to be in order."""

    request: HttpRequest
    method: Method
    answerer: MethodHandler
    call: Call
    session: uploads.ResumableUpload | None = None

    @property
    def begins_upload(self) -> bool:
        """Whether a resumable upload begins, whose content comes later."""
        return self.session is None and self.call.params.get("uploadType") == "resumable"

    def request_kinds(self) -> frozenset[RequestKind]:
        """What faults can befall it."""
        name = self.method.id
        found = {
            RequestKind.READ: name == "drive.files.get" and self.answerer is not DOWNLOAD,
            RequestKind.DOWNLOAD: self.answerer is DOWNLOAD,
            RequestKind.LIST: name.endswith(".list"),
            RequestKind.WRITE: self.answerer.writes,
            RequestKind.CONDITIONAL: self.answerer.writes and self.call.if_match is not None,
            RequestKind.MAKE: name == "drive.files.insert" and not self.begins_upload,
            RequestKind.CONTENT: self.call.media is not None or self.session is not None,
            RequestKind.PIECE: self.session is not None and bool(self.request.body),
        }
        return frozenset(sort for sort, is_so in found.items() if is_so)


class DriveService:
    """Drive v2 over one world."""

    def __init__(
        self, world: DriveContents, grants: TokenIssuer, faults: Faults, ledger: RequestLog
    ) -> None:
        self._world = world
        self._grants = grants
        self._faults = faults
        self._ledger = ledger
        self._sessions = uploads.ResumableUploads()
        self._description = drive_v2()

    def answer(self, request: HttpRequest) -> tuple[HttpResponse, str]:
        """The answer, and the name of the fault that the request met."""
        try:
            asked = self._authenticate(request)
        except Refusal as refusal:
            return refusal.answer(), ""
        except NotEmulated as error:
            return self._record_defect(request, [f"{error} is not emulated"]), ""
        kind = self._faults.draw(asked.request_kinds() or frozenset({RequestKind.READ}))
        name = kind.name if kind is not None else ""
        if name in {"expired-token", "revoked"}:
            self._grants.expire(_token(request))
        if name == "revoked":
            self._grants.withdraw(asked.call.email)
        answer = execute_with_fault(name, lambda quirks: self._execute(asked, quirks), self._faults)
        self._record(asked, answer, name)
        return answer, name

    def _authenticate(self, request: HttpRequest) -> ValidRequest:
        """Raises Refusal or NotEmulated."""
        consent = self._grants.consent(_token(request))
        if consent is None:
            raise bad_token()
        if DRIVE_SCOPE not in consent.scopes:
            raise too_few_scopes()
        params = request.params()
        found = self._description.find(request.method, request.path)
        if UPLOAD_ID in params and request.path.startswith("/upload/"):
            session = self._sessions.find(params[UPLOAD_ID])
            method, call = session.method, replace(session.begun, email=consent.email)
            return ValidRequest(request, method, METHODS[method.id], call, session)
        if found is None:
            raise NotEmulated("the path, which is not described,")
        return self._validate(request, *found, email=consent.email)

    def _validate(
        self, request: HttpRequest, method: Method, in_path: dict[str, str], email: str
    ) -> ValidRequest:
        faults = list(self._description.parameter_faults(method, request.query))
        body, media = None, None
        if request.body or method.request:
            body, media = uploads.parts_of(request)
            if body is not None:
                faults += self._description.body_faults(method, body)
            elif method.request is not None and media is None and not method.takes_media:
                faults.append("no body, where one is described")
        if faults:
            self._record_defect(request, faults)
            raise bad_request(faults[0])
        for name, value in request.query:
            if not registry.is_emulated(name, value):
                raise NotEmulated(f"parameter {name}={value:.40}")
        answerer = METHODS.get(method.id)
        params = {**request.params(), **in_path}
        if params.get("alt") == "media" and method.gives_media:
            answerer = DOWNLOAD
        if answerer is None:
            raise NotEmulated(method.id)
        if_match = request.headers.get("if-match")
        call = Call(self._world, email, params, body, media, if_match)
        return ValidRequest(request, method, answerer, call)

    def _execute(self, asked: ValidRequest, quirks: Quirks) -> HttpResponse:
        try:
            if asked.session is not None:
                result: Result | HttpResponse = uploads.receive_piece(
                    asked.session, asked.request, quirks
                )
            elif asked.begins_upload:
                return self._begin_upload(asked, replace(asked.call, quirks=quirks))
            else:
                result = asked.answerer.run(replace(asked.call, quirks=quirks))
            return result if isinstance(result, HttpResponse) else self._render(asked, result)
        except Refusal as refusal:
            return refusal.answer()
        except NotEmulated as error:
            return self._record_defect(asked.request, [f"{error} is not emulated"])

    def _begin_upload(self, asked: ValidRequest, call: Call) -> HttpResponse:
        upload = UPLOADS.get(asked.method.id)
        if upload is None:
            raise bad_request("No content can be uploaded here.", "uploadType")
        upload.check(call)
        kind = asked.request.headers.get("x-upload-content-type", PLAIN_TYPE)
        name = self._sessions.begin(uploads.ResumableUpload(call, asked.method, upload.run, kind))
        host = asked.request.headers.get("host", "")
        query = f"uploadType=resumable&{UPLOAD_ID}={name}"
        return HttpResponse(200, b"", {"location": f"http://{host}{asked.request.path}?{query}"})

    def _render(self, asked: ValidRequest, result: Result) -> HttpResponse:
        if result is None:
            return HttpResponse(204)
        if isinstance(result, bytes):
            return HttpResponse(200, result, {"content-type": "application/octet-stream"})
        selection = _selection(asked.call.params.get("fields"), asked.method.response or "")
        body = self._body(asked.call.email, result, selection)
        for fault in self._description.answer_faults(asked.method, body):
            self._ledger.record_defect(f"the answer to {asked.method.id}: {fault}")
        answer = json_response(body)
        return answer.with_headers(etag=result.etag) if isinstance(result, DriveItem) else answer

    def _body(
        self, email: str, result: DriveItem | dict[str, Any], selection: Selection | None
    ) -> Any:
        with self._world.lock:
            if isinstance(result, DriveItem):
                body = file_body(self._world, email, result, selection)
            else:
                body = dict(result)
                of_each = None if selection is None else selection.get("items")
                body["items"] = [
                    file_body(self._world, email, item, of_each)
                    if isinstance(item, DriveItem)
                    else item
                    for item in result.get("items", [])
                ]
                if "items" not in result:
                    del body["items"]
        return selected(body, selection)

    def _record_defect(self, request: HttpRequest, faults: list[str]) -> HttpResponse:
        for fault in dict.fromkeys(faults):
            self._ledger.record_defect(f"{request.method} {request.path}: {fault}")
        return bad_request(faults[0]).answer()

    def _record(self, asked: ValidRequest, answer: HttpResponse, fault: str) -> None:
        # An upload in pieces has its price once, when it begins.
        cost = 0 if asked.session is not None else asked.answerer.units
        file_id = asked.call.params.get("fileId", "")
        if not file_id and asked.call.body:
            file_id = str(asked.call.body.get("id", ""))
        noted = RequestRecord(
            asked.call.email, asked.method.id, file_id, answer.status, cost, fault
        )
        self._ledger.record(noted, [name for name, _ in asked.request.query])


def _token(request: HttpRequest) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _selection(text: str | None, response: str) -> Selection | None:
    if text is None:
        return None
    try:
        return _parsed(text, response)
    except BadSelection as error:
        words = f"Invalid field selection {error}"
        raise Refusal(400, "invalidParameter", words, ("parameter", "fields")) from None


@lru_cache(maxsize=256)
def _parsed(text: str, response: str) -> Selection | None:
    shapes = drive_v2().shapes
    return selection_of(text, shapes, shapes.named(response) if response else {})
