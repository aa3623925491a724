"""A client that hangs up as soon as it has sent a write: a connection lost at the worst moment.

The request leaves whole, and nobody waits for its answer.
"""

from __future__ import annotations

from typing import Any

from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.responses import NoResponse
from sessionlib.stores.drive.transport import OnceHttp


class HangupClient(DriveClient):
    """Each PUT of its ends with Lost, whether or not it is carried out."""

    def _once(self) -> OnceHttp:
        return _HangupHttp(self.left_s, proxied=self._base is None)


class _HangupHttp(OnceHttp):
    def _conn_request(
        self, conn: Any, request_uri: str, method: str, body: Any, headers: Any
    ) -> tuple[Any, bytes]:
        if method != "PUT":
            return super()._conn_request(conn, request_uri, method, body, headers)
        self._connect(conn)
        try:
            conn.request(method, request_uri, body, headers)
        except OSError as error:
            raise NoResponse(f"the connection broke ({error})") from error
        finally:
            conn.close()
        raise NoResponse("hung up on purpose")
