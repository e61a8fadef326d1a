"""Socket Mode: the WebSocket connections of the app, envelopes to them, acknowledgements from them.

Wire format: docs.slack.dev/apis/events-api/using-socket-mode. It must not know what the envelopes carry.
"""

import asyncio
import json
import secrets
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect

from playground.deliver import ACK_SECONDS, Answer, Kind
from playground.people import APP_ID
from playground.workspace import JSON

MAX_CONNECTIONS: Final = 10
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass(eq=False, slots=True)
class Connection:
    """One open WebSocket; ``acks`` are the envelopes under way on it."""

    socket: WebSocket
    loop: asyncio.AbstractEventLoop
    acks: dict[str, Future[JSON]] = field(default_factory=dict)

    def send(self, message: JSON) -> None:
        """Send from any thread; wait until it is written. Raises what the connection raises."""
        asyncio.run_coroutine_threadsafe(self.socket.send_text(json.dumps(message)), self.loop).result(
            ACK_SECONDS
        )

    def close(self) -> None:
        """Close from any thread."""
        asyncio.run_coroutine_threadsafe(_close(self.socket), self.loop)


async def _close(socket: WebSocket) -> None:
    try:
        await socket.close()
    except RuntimeError:
        return  # it was closed already, from the other side


class SocketMode:
    """The app's connections. ``copies`` above 1 delivers every envelope that many times."""

    def __init__(self) -> None:
        self.copies = 1
        self._lock = threading.RLock()
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._turn = 0
        self._last: tuple[Kind, JSON] | None = None
        self._stopping = False

    def ticket(self) -> str:
        """Give the ticket of one WebSocket address; it opens one connection."""
        value = secrets.token_urlsafe(16)
        with self._lock:
            self._tickets.add(value)
        return value

    def count(self) -> int:
        """Count the open connections."""
        with self._lock:
            return len(self._connections)

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until either side ends it."""
        with self._lock:
            known = socket.query_params.get("ticket", "") in self._tickets
            self._tickets.discard(socket.query_params.get("ticket", ""))
        if not known or self._stopping:
            await socket.close(1008)
            return
        await socket.accept()
        connection = Connection(socket, asyncio.get_running_loop())
        with self._lock:
            full = len(self._connections) >= MAX_CONNECTIONS
            if not full:
                self._connections.append(connection)
        if full:
            await socket.send_text(json.dumps(_disconnect("too_many_websockets")))
            await socket.close()
            return
        try:
            await socket.send_text(json.dumps(self._hello()))
            while True:
                self._receive(connection, await socket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            self._forget(connection)

    def _hello(self) -> JSON:
        return {
            "type": "hello",
            "num_connections": self.count(),
            "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": APP_ID},
        }

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            message: Any = json.loads(text)
        except ValueError:
            return  # slack_sdk's pings in text, and noise: Slack ignores what it does not understand
        if not isinstance(message, dict):
            return
        with self._lock:
            waiting = connection.acks.pop(str(message.get("envelope_id")), None)
        if waiting:
            payload = message.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            if connection in self._connections:
                self._connections.remove(connection)
            left = list(connection.acks.values())
            connection.acks.clear()
        for waiting in left:
            waiting.cancel()

    def _next(self) -> Connection | None:
        with self._lock:
            if not self._connections:
                return None
            self._turn += 1
            return self._connections[self._turn % len(self._connections)]

    def deliver(self, kind: Kind, payload: JSON) -> Answer:
        """Send one envelope to one of the connections and wait for its acknowledgement."""
        self._last = (kind, payload)
        envelope: JSON = {
            "type": kind,
            "envelope_id": secrets.token_hex(4) + "-" + secrets.token_hex(12),
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        answer = self._send(envelope)
        for _ in range(self.copies - 1):
            self._send(envelope)
        return answer

    def _send(self, envelope: JSON) -> Answer:
        connection = self._next()
        if connection is None:
            return Answer(error="dispatch_failed")
        waiting: Future[JSON] = Future()
        with self._lock:
            connection.acks[envelope["envelope_id"]] = waiting
        try:
            connection.send(envelope)
            return Answer(payload=waiting.result(ACK_SECONDS))
        except TimeoutError:
            return Answer(error="operation_timeout")
        except (RuntimeError, WebSocketDisconnect, CancelledError):
            return Answer(error="dispatch_failed")
        finally:
            with self._lock:
                connection.acks.pop(envelope["envelope_id"], None)

    def redeliver(self) -> Answer:
        """Send the last payload once more, in an envelope of its own."""
        if self._last is None:
            return Answer(error="dispatch_failed")
        return self.deliver(*self._last)

    def disconnect(self, reason: Reason = "refresh_requested", *, abruptly: bool = False) -> int:
        """Tell every connection to go and close it, without a word where ``abruptly``; give how many there were."""
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            if not abruptly:
                connection.send(_disconnect(reason))
            connection.close()
        return len(connections)

    def stop(self) -> None:
        """Take no connection any more and close those that are open."""
        self._stopping = True
        self.disconnect(abruptly=True)


def _disconnect(reason: Reason) -> JSON:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}
