"""HTTP mode: signed POSTs to the app's request URL.

Signature: docs.slack.dev/authentication/verifying-requests-from-slack (v0, HMAC-SHA256). It must not know what the
requests carry.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlencode

from playground.deliver import ACK_SECONDS, Answer, Kind
from playground.workspace import JSON


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a request body as Slack does."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpMode:
    """Deliveries to ``url``, signed with ``secret`` at the time of ``clock`` (seconds)."""

    def __init__(self, url: str, secret: str, clock: Callable[[], float]) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("a request URL begins with http:// or https://")
        self._url = url
        self._secret = secret
        self._clock = clock
        self._last: tuple[Kind, JSON] | None = None
        # No proxy of the environment stands between this machine and itself.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def deliver(self, kind: Kind, payload: JSON) -> Answer:
        """POST one payload and wait for the answer."""
        self._last = (kind, payload)
        body, content_type = _encoded(kind, payload)
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310  (checked above)
        try:
            with self._opener.open(request, timeout=ACK_SECONDS) as answer:
                return Answer(payload=_payload(answer.read(), answer.headers.get_content_type()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error=f"http_status_{error.code}")
        except TimeoutError:
            return Answer(error="operation_timeout")
        except OSError as error:
            timed_out = isinstance(getattr(error, "reason", None), TimeoutError)
            return Answer(error="operation_timeout" if timed_out else "dispatch_failed")

    def redeliver(self) -> Answer:
        """POST the last payload once more, signed anew."""
        if self._last is None:
            return Answer(error="dispatch_failed")
        return self.deliver(*self._last)


def _encoded(kind: Kind, payload: JSON) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _payload(body: bytes, content_type: str) -> JSON:
    if not body.strip():
        return {}
    text = body.decode(errors="replace")
    if content_type == "application/json":
        read = json.loads(text)
        return read if isinstance(read, dict) else {}
    return {"text": text}
