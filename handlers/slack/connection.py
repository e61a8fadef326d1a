"""The socket to Slack: opened in the background, and tried again until it opens; the client keeps it open from then on.

A Slack that cannot be reached holds up nothing that does not need it. It must not know what comes over the socket.
"""

import contextlib
import socket
import threading
from typing import Final

import structlog
from slack_sdk.socket_mode import SocketModeClient

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_STOP_WITHIN: Final = 1.0
"""Seconds that an attempt under way gets to end; it is given up after that."""

_log = structlog.get_logger(__name__)


class Connection:
    """Connects ``client``, each failed attempt followed by a longer wait, from ``first_wait`` seconds on."""

    def __init__(self, client: SocketModeClient, *, first_wait: float = _FIRST_WAIT) -> None:
        self._client = client
        self._first_wait = first_wait
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="slack-connect", daemon=True)

    def start(self) -> None:
        """Begin to connect, and return at once."""
        self._thread.start()

    def is_open(self) -> bool:
        """Whether the socket is open."""
        return self._client.is_connected()

    def stop(self) -> None:
        """Try no more, and close the socket."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WITHIN)
        self._close()

    def _connect(self) -> None:
        wait = self._first_wait
        while not self._stopping.is_set():
            try:
                self._client.connect_to_new_endpoint()
            except Exception as error:  # noqa: BLE001  (whatever stands in the way, it may be gone the next time)
                _log.warning("slack_not_connected", retry_in_seconds=wait, exc_info=error)
            else:
                if self._client.is_connected():
                    break
                _log.warning("slack_not_connected", retry_in_seconds=wait)
            if self._stopping.wait(wait):
                return
            wait = min(wait * 2, _LONGEST_WAIT)
        if self._stopping.is_set():
            # It opened after all, too late to be of use.
            self._close()

    def _close(self) -> None:
        client = self._client
        # What `close` does first. Its threads would then wait for what no longer comes, the one that reads for some
        # seconds with the lock that closing needs: so both are woken.
        client.closed = True
        client.auto_reconnect_enabled = False
        client.current_session_state.terminated = True
        client.message_queue.put(None)
        held = client.current_session.sock if client.current_session is not None else None
        if held is not None:
            # Not TLS's own way, after which what is still written would go out in the clear.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)
        client.close()
