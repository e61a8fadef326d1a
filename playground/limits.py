"""What Slack refuses in a message or a view, with the error it names; and how often one may post.

Sources: docs.slack.dev/reference/methods/chat.postMessage (errors, truncating), …/chat.update, …/views.open,
docs.slack.dev/messaging/message-metadata, docs.slack.dev/apis/web-api/rate-limits. It must not know HTTP.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from playground.block_kit import Surface, check_blocks, text_length, with_ids
from playground.problems import Problems
from playground.workspace import JSON

TEXT_TRUNCATED_AT: Final = 40_000
TEXT_OF_AN_UPDATE: Final = 4_000
"""Not in the reference, but what chat.update does: beyond it, ``msg_too_long``."""
BLOCKS_TEXT: Final = 12_000
"""Not in the reference, but what Slack counts: beyond it, ``msg_blocks_too_long``."""
ATTACHMENTS: Final = 100
METADATA_BYTES: Final = 16_000
EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")


class RefusedError(Exception):
    """Slack answers ``ok: false`` with ``error``; ``messages`` say more, ``fields`` stand beside it."""

    def __init__(self, error: str, *, messages: list[str] | None = None, fields: JSON | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []
        self.fields = fields or {}

    def body(self) -> JSON:
        """Give the JSON body of the answer."""
        body: JSON = {"ok": False, "error": self.error, **self.fields}
        if self.messages:
            body["errors"] = self.messages
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return body


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, checked; ``warning`` is set where Slack changed it."""

    text: str
    blocks: list[JSON]
    attachments: list[JSON]
    metadata: JSON | None
    warning: str | None = None


@dataclass(slots=True)
class Pace:
    """How often an app may post to one channel: one message every ``interval_s``, and ``burst`` at once."""

    interval_s: float
    burst: int
    _budget: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, channel: str, now: float) -> float:
        """Take one post at ``now`` (seconds) and give 0, or give the seconds until one would be allowed."""
        if self.interval_s <= 0:
            return 0.0
        left, since = self._budget.get(channel, (float(self.burst), now))
        left = min(float(self.burst), left + (now - since) / self.interval_s)
        # A thousandth of tolerance: an app that waits exactly the interval is not to be refused for rounding.
        if left < 0.999:
            self._budget[channel] = (left, now)
            return (1.0 - left) * self.interval_s
        self._budget[channel] = (max(0.0, left - 1.0), now)
        return 0.0


def decoded(args: JSON, name: str, *, error: str) -> Any:
    """Give an argument that is JSON, also where a form carries it as text. Raises `RefusedError` with ``error``."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except ValueError as failure:
        raise RefusedError(error) from failure


def message_content(args: JSON, *, is_update: bool = False, surface: Surface = "message") -> Content:
    """Check what a message says: text, blocks, attachments, metadata. Raises `RefusedError` as Slack refuses it."""
    blocks = decoded(args, "blocks", error="invalid_blocks_format")
    attachments = decoded(args, "attachments", error="invalid_attachments")
    text = args.get("text") or ""
    if not isinstance(text, str):
        raise RefusedError("invalid_arguments", messages=["text must be a string"])
    if blocks is not None and not isinstance(blocks, list):
        raise RefusedError("invalid_blocks_format")
    if attachments is not None and not isinstance(attachments, list):
        raise RefusedError("invalid_attachments")
    _blocks(blocks or [], surface)
    _attachments(attachments or [])
    if not text.strip() and not blocks and not attachments:
        raise RefusedError("no_text")
    warning = None
    if is_update and len(text) > TEXT_OF_AN_UPDATE:
        raise RefusedError("msg_too_long")
    if len(text) > TEXT_TRUNCATED_AT:
        text, warning = text[:TEXT_TRUNCATED_AT], "message_truncated"
    metadata = message_metadata(args)
    return Content(text, with_ids(blocks or []), attachments or [], metadata, warning)


def _blocks(blocks: list[Any], surface: Surface) -> None:
    messages = check_blocks(blocks, surface=surface)
    if messages:
        raise RefusedError("invalid_blocks", messages=messages)
    if surface == "message" and text_length(blocks) > BLOCKS_TEXT:
        raise RefusedError("msg_blocks_too_long")


def _attachments(attachments: list[Any]) -> None:
    if len(attachments) > ATTACHMENTS:
        raise RefusedError("too_many_attachments")
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, dict):
            raise RefusedError("invalid_attachments")
        messages = check_blocks(attachment.get("blocks") or [])
        if messages:
            place = f"[json-pointer:/attachments/{index}"
            raise RefusedError(
                "invalid_attachments", messages=[m.replace("[json-pointer:", place) for m in messages]
            )


def message_metadata(args: JSON) -> JSON | None:
    """Check a message's metadata; ``{}`` where an update takes it away, ``None`` where none is given."""
    metadata = decoded(args, "metadata", error="invalid_metadata_format")
    if metadata is None or metadata == {}:
        return {} if metadata == {} else None
    if not isinstance(metadata, dict):
        raise RefusedError("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not EVENT_TYPE.match(event_type) or not isinstance(payload, dict):
        raise RefusedError("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise RefusedError("metadata_too_large")
    return metadata


def check_view(view: Any) -> JSON:
    """Check a view (a modal or the home) and give it with generated ids. Raises `RefusedError`."""
    if isinstance(view, str):
        view = decoded({"view": view}, "view", error="invalid_arguments")
    problems = Problems()
    thing = problems.object(view, "/view")
    if thing is None or thing.get("type") not in ("modal", "home"):
        raise RefusedError("invalid_arguments", messages=problems.found or ["invalid `view`: unknown type"])
    surface: Surface = "modal" if thing["type"] == "modal" else "home"
    if surface == "modal":
        if thing.get("title") is None:
            problems.add("/view", "missing required field: title")
        for name in ("title", "submit", "close"):
            if thing.get(name) is not None:
                problems.text(thing[name], f"/view/{name}", high=24, kinds=("plain_text",))
    for name, high in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        problems.optional_string(thing, name, "/view", low=0, high=high)
    blocks = problems.array(thing.get("blocks"), "/view/blocks", low=1, high=100)
    if blocks:
        found = check_blocks(blocks, surface=surface)
        problems.found += [m.replace("[json-pointer:", "[json-pointer:/view") for m in found]
    takes_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if surface == "modal" and takes_input and thing.get("submit") is None:
        problems.add("/view", "missing required field: submit")
    if problems.found:
        raise RefusedError("invalid_arguments", messages=problems.found)
    return {**thing, "blocks": with_ids(blocks)}
