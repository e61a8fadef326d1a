"""``response_url``: five answers within thirty minutes to a command or a click.

Source: docs.slack.dev/interactivity/handling-user-interaction (message responses). It must not know how a command or
a click travels to the app.
"""

import secrets
import threading
from dataclasses import dataclass
from typing import Final

from playground.limits import RefusedError, message_content
from playground.methods.chat import thread_of
from playground.methods.session import Session
from playground.wire import is_true
from playground.workspace import JSON, Message

USES: Final = 5
SECONDS: Final = 30 * 60


@dataclass(frozen=True, slots=True)
class Hook:
    """One response_url: who acted where, on which message if any, and how much of it is used."""

    channel: str
    user: str
    issued: float
    original: tuple[str, str] | None = None
    thread_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """The response_urls given out."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()
        self._hooks: dict[str, Hook] = {}

    def issue(self, user: str, channel: str, *, original: Message | None = None) -> str:
        """Give the path of a new response_url."""
        key = secrets.token_urlsafe(18)
        place = (original.channel, original.ts) if original else None
        thread_ts = original.thread_ts if original and original.thread_ts != original.ts else None
        with self._lock:
            self._hooks[key] = Hook(channel, user, self._session.workspace.clock(), place, thread_ts)
        return key

    def use(self, key: str, body: JSON) -> Message | None:
        """Take one answer and give the message it made or changed. Raises `RefusedError` as Slack words it.

        A use is counted when the answer is taken. Without ``response_type`` an answer is ephemeral; an answer to a
        click replaces the message unless it says ``replace_original: false``.
        """
        workspace = self._session.workspace
        with self._lock:
            hook = self._hooks.get(key)
            if hook is None:
                raise RefusedError("no_such_url")
            if workspace.clock() - hook.issued > SECONDS:
                raise RefusedError("expired_url")
            if hook.uses >= USES:
                raise RefusedError("used_url")
            deleting = is_true(body.get("delete_original"))
            content = None if deleting else message_content(body)
            self._hooks[key] = Hook(
                hook.channel, hook.user, hook.issued, hook.original, hook.thread_ts, hook.uses + 1
            )
        original = workspace.message(*hook.original, seen_by=hook.user) if hook.original else None
        if deleting:
            if original:
                workspace.delete(original)
            return original
        assert content is not None  # noqa: S101  (made above unless deleting)
        if original and self._replaces(body):
            changes: JSON = {
                "text": content.text,
                "blocks": tuple(content.blocks),
                "attachments": tuple(content.attachments),
                "selections": (),
                "edited_ts": workspace.next_ts(),
            }
            if content.metadata is not None:
                changes["metadata"] = content.metadata or None
            return workspace.replace(original, **changes)
        public = body.get("response_type") == "in_channel"
        channel = workspace.channel(hook.channel)
        given = thread_of(self._session, channel, body) if channel else None
        return workspace.post(
            hook.channel,
            self._session.bot_user,
            content.text,
            blocks=content.blocks,
            attachments=content.attachments,
            thread_ts=given or (hook.thread_ts if not public else None),
            metadata=content.metadata or None,
            ephemeral_to=None if public else hook.user,
        )

    @staticmethod
    def _replaces(body: JSON) -> bool:
        if "replace_original" in body:
            return is_true(body["replace_original"])
        return "response_type" not in body

    def reset(self) -> None:
        """Forget all response_urls."""
        with self._lock:
            self._hooks.clear()
