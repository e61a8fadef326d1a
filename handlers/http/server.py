"""An HTTP server in a thread of its own, that starts and stops when it is told to.

It must not know what it serves. Signals are the process's business: it touches none.
"""

import socket
import threading
from typing import Any, ClassVar, Final

import uvicorn

from rules.errors import WarmlineError

_START_WITHIN: Final = 20.0
_GRACE: Final = 5
"""Seconds that requests under way get to finish when the server stops."""
_CONNECTIONS: Final = 512


class PortTakenError(WarmlineError):
    """The server cannot listen at ``host``:``port``; ``reason`` as the system said it."""

    code: ClassVar[str] = "port_taken"


class Server:
    """One application, listening."""

    def __init__(self, app: Any, *, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen, and give the port (the system's choice where 0 was asked for); returns when requests are answered.

        Raises `PortTakenError`.
        """
        listening = self._listen()
        config = uvicorn.Config(
            self._app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Nobody in front of us is believed about who calls.
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="http", daemon=True
        )
        self._server, self._thread = server, thread
        thread.start()
        self._wait(server, thread)
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Take no more connections, let the requests under way finish, and return when all is closed."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_GRACE * 2)
        self._server = self._thread = None

    def _listen(self) -> socket.socket:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listening = socket.socket(family, kind, protocol)
        except OSError as error:
            raise PortTakenError(host=self._host, port=self._port, reason=str(error)) from error
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_CONNECTIONS)
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            raise PortTakenError(host=self._host, port=self._port, reason=str(error)) from error
        return listening

    @staticmethod
    def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
        # uvicorn says that it has started by a plain flag; there is nothing to wait on.
        tick = threading.Event()
        for _ in range(int(_START_WITHIN / 0.01)):
            if server.started:
                return
            if not thread.is_alive():
                break
            tick.wait(0.01)
        server.should_exit = True
        raise RuntimeError("the HTTP server did not start")
