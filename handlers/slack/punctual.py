"""Slack's client with a deadline for each call as a whole.

The client's own timeout is for each read: a server that sends its answer in drops outlasts it for ever. Here no byte
is sent, and none is waited for, after the deadline; so who calls under a lease is done before it ends. It must not
know what is called.
"""

import http.client
import io
import socket
import ssl
import threading
import urllib.error
import urllib.request
from typing import Any, Final

from slack_sdk import WebClient

_TOO_LATE: Final = "the deadline has passed"


class PunctualClient(WebClient):
    """A client that never retries; ``deadline_s`` is how many seconds a call gets in all."""

    def __init__(self, *, token: str, base_url: str, deadline_s: float) -> None:
        super().__init__(token=token, base_url=base_url, timeout=max(1, int(deadline_s)), retry_handlers=[])
        self._deadline_s = deadline_s

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:
        """Do one request; raises ``OSError`` or ``http.client.HTTPException`` where the deadline cuts it off."""
        call = _Call(self._deadline_s)
        proxy = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxy), _Handler(call), _SecureHandler(call, self.ssl)
        )
        with call:
            try:
                with opener.open(req, timeout=self._deadline_s) as answer:
                    charset = answer.headers.get_content_charset() or "utf-8"
                    body = call.whole(answer.read()).decode(charset)
                    return {"status": answer.status, "headers": answer.headers, "body": body}
            except urllib.error.HTTPError as error:
                # Its body is read here, too, and not when nobody looks at the time any more.
                told = io.BytesIO(call.whole(error.read()))
                raise urllib.error.HTTPError(url, error.code, error.msg, error.headers, told) from error


class _Call:
    """One call under way, and the connections that it has: they are cut at the deadline."""

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.over = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def take(self, connection: socket.socket) -> None:
        """Take a connection that has just been made; raises ``TimeoutError`` where it is too late."""
        with self._lock:
            if self.over:
                connection.close()
                raise TimeoutError(_TOO_LATE)
            self._sockets.append(connection)

    def whole(self, body: bytes) -> bytes:
        """Give a body that was read to its end; raises ``TimeoutError`` where that was only the deadline."""
        if self.over:
            raise TimeoutError(_TOO_LATE)
        return body

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            for connection in self._sockets:
                try:
                    # Not closed: whoever reads from it wakes up and closes it.
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # It has ended by itself.
                    continue


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, call: _Call) -> None:
        super().__init__()
        self._call = call

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        call = self._call

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                call.take(self.sock)

        return self.do_open(Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, call: _Call, context: ssl.SSLContext | None) -> None:
        super().__init__(context=context)
        self._call = call
        self._secure = context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        call = self._call

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                # A handshake has its timeout as a whole.
                super().connect()
                call.take(self.sock)

        return self.do_open(Connection, req, context=self._secure)
