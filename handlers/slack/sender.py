"""Calls to Slack that may fail in every way, each ending in one of three: an answer, a refusal, or silence.

A refusal is certain: Slack has not done it. Silence is not: it may have. Nothing is tried again in here.
It must not know what a message is about.
"""

import re
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from rules.alerts.retry import (
    PASSING,
    RATE_LIMITED,
    THREAD_GONE,
    UNREACHABLE,
    Answer,
    Refusal,
    Silence,
)
from rules.instants import SECOND

METADATA_EVENT: Final = "warmline_message"
_PAGE: Final = 200
_MOST_PAGES: Final = 20
_ID: Final = re.compile(r"[CDGUW][A-Z0-9]{6,}\Z")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_UNCLEAR: Final = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Errors after which Slack may have done what was asked."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be shown: a full sentence, and blocks where there is a layout."""

    text: str
    blocks: Sequence[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Unread:
    """History cannot be read now, so nobody can say what stands there; ``retry_after`` in milliseconds if Slack said.

    ``passing``: it may pass by itself, as a limit, or a call that failed; not so a channel that is closed to us.
    """

    error: str
    retry_after: int | None = None
    passing: bool = False


class Sender:
    """Posts, edits, finds and deletes the bot's own messages."""

    def __init__(self, client: WebClient) -> None:
        if client.retry_handlers:
            raise ValueError("a client that retries by itself would post twice")
        self._client = client
        self._ids: dict[str, str] = {}
        self._heard: tuple[int, float] | None = None
        """What time it was at Slack when it answered last, and when that was by a clock that nobody sets."""

    def post(
        self, *, channel: str, content: Content, key: str, thread_ts: str | None = None
    ) -> Answer | Refusal | Silence:
        """Post a message that bears ``key`` in its metadata, so that it can be found again.

        A reply that Slack puts beside its thread, for want of the message it answers to, is taken back.
        """
        said = self._call(
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=content.text,
                blocks=content.blocks,
                thread_ts=thread_ts,
                metadata={"event_type": METADATA_EVENT, "event_payload": {"key": key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        answer = _answer(said)
        if thread_ts is not None and isinstance(answer, Answer) and _beside_its_thread(said):
            self.delete(channel=answer.channel, ts=answer.ts)
            return Refusal(THREAD_GONE)
        return answer

    def update(self, *, channel: str, ts: str, content: Content, key: str) -> Answer | Refusal | Silence:
        """Edit a message; the same edit twice is the same as once."""
        return self._attempt(
            lambda: self._client.chat_update(
                channel=channel,
                ts=ts,
                text=content.text,
                # An edit without blocks would leave the old ones standing.
                blocks=content.blocks or [],
                metadata={"event_type": METADATA_EVENT, "event_payload": {"key": key}},
            )
        )

    def delete(self, *, channel: str, ts: str) -> Answer | Refusal | Silence:
        """Delete a message of the bot's own; one that is gone already counts as deleted."""
        said = self._attempt(lambda: self._client.chat_delete(channel=channel, ts=ts))
        if isinstance(said, Refusal) and said.error == "message_not_found":
            return Answer(channel=channel, ts=ts)
        return said

    def find(
        self, *, channel: str, key: str, since: int, now: int, thread_ts: str | None = None
    ) -> list[Answer] | Unread:
        """Give every message in ``channel`` (or in a thread) that bears ``key``, the oldest first.

        ``since``: milliseconds before which it cannot have been posted, by the clock that says ``now``; where that is
        ahead of Slack's own, so much earlier is looked. The list is complete, or it is `Unread`.
        """
        try:
            channel_id = self.channel_id(channel)
            since -= max(0, now - self._slacks_now())
            found = [
                Answer(channel=channel_id, ts=str(message["ts"]))
                for message in self._messages(channel_id, since, thread_ts)
                if message.get("metadata", {}).get("event_payload", {}).get("key") == key
            ]
        except _UnreadError as stopped:
            return stopped.said
        return sorted(found, key=lambda answer: float(answer.ts))

    def channel_id(self, channel: str) -> str:
        """Give the id of a channel named by ``#name`` or ``name``; an id is given back as it is."""
        if _ID.match(channel):
            return channel
        channel = f"#{channel.removeprefix('#')}"
        if channel not in self._ids:
            for page in self._pages(
                lambda cursor: self._client.conversations_list(
                    types="public_channel,private_channel", limit=_PAGE, cursor=cursor
                )
            ):
                self._ids |= {f"#{one['name']}": str(one["id"]) for one in page.get("channels", [])}
        if channel not in self._ids:
            raise _UnreadError(Unread("channel_not_found"))
        return self._ids[channel]

    def _slacks_now(self) -> int:
        """Give what time it is at Slack: a message bears its time there, whatever ours is set to."""
        if self._heard is None:
            said = self._call(self._client.auth_test)
            if self._heard is None:
                what = said.what if isinstance(said, Silence) else "no_date"
                raise _UnreadError(Unread(what, passing=True))
        said_at, heard_at = self._heard
        return said_at + int((time.monotonic() - heard_at) * SECOND)

    def _hear(self, headers: Mapping[str, Any]) -> None:
        said = next((str(value) for name, value in headers.items() if name.lower() == "date"), "")
        try:
            self._heard = int(parsedate_to_datetime(said).timestamp()) * SECOND, time.monotonic()
        except ValueError:
            # Not a date: what was heard before holds.
            return

    def _messages(self, channel: str, since: int, thread_ts: str | None) -> Iterator[Mapping[str, Any]]:
        oldest = f"{since / SECOND:.6f}"

        def ask(cursor: str | None) -> SlackResponse:
            if thread_ts is not None:
                return self._client.conversations_replies(
                    channel=channel, ts=thread_ts, include_all_metadata=True, limit=_PAGE, cursor=cursor
                )
            return self._client.conversations_history(
                channel=channel,
                oldest=oldest,
                inclusive=True,
                include_all_metadata=True,
                limit=_PAGE,
                cursor=cursor,
            )

        for page in self._pages(ask):
            yield from page.get("messages", [])

    def _pages(self, ask: Callable[[str | None], SlackResponse]) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            said = self._call(lambda at=cursor: ask(at))  # type: ignore[misc]
            if isinstance(said, Refusal):
                passing = said.error == RATE_LIMITED or said.error in PASSING
                raise _UnreadError(Unread(said.error, said.retry_after, passing))
            if isinstance(said, Silence):
                raise _UnreadError(Unread(said.what, passing=True))
            yield said
            cursor = (said.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        raise _UnreadError(Unread("too_much_history"))

    def _attempt(self, call: Callable[[], SlackResponse]) -> Answer | Refusal | Silence:
        return _answer(self._call(call))

    def _call(self, call: Callable[[], SlackResponse]) -> Mapping[str, Any] | Refusal | Silence:
        try:
            said = call()
            self._hear(said.headers)
            data = said.data
        except SlackApiError as error:
            self._hear(getattr(error.response, "headers", {}))
            return _from_response(error.response)
        except urllib.error.URLError as error:
            # Nobody listened, or the name was unknown: not a byte was sent.
            if isinstance(error.reason, ConnectionRefusedError) or "getaddrinfo" in repr(error.reason):
                return Refusal(UNREACHABLE)
            return Silence(type(error.reason).__name__)
        except (OSError, HTTPException, ValueError) as error:
            return Silence(type(error).__name__)
        return data if isinstance(data, dict) else Silence("answer_without_json")


def _answer(said: Mapping[str, Any] | Refusal | Silence) -> Answer | Refusal | Silence:
    if isinstance(said, Refusal | Silence):
        return said
    channel, ts = said.get("channel"), said.get("ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        return Silence("answer_without_ts")
    return Answer(channel=channel, ts=ts)


def _beside_its_thread(said: Mapping[str, Any] | Refusal | Silence) -> bool:
    message = said.get("message") if isinstance(said, Mapping) else None
    return isinstance(message, dict) and "ts" in message and not message.get("thread_ts")


def _from_response(response: Any) -> Refusal | Silence:
    status = getattr(response, "status_code", None)
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    error = data.get("error")
    if status == 429:
        return Refusal(RATE_LIMITED, retry_after=_retry_after(response.headers))
    if status != 200 or not isinstance(error, str) or not _CODE.match(error) or error in _UNCLEAR:
        return Silence(f"status_{status}")
    if error in (RATE_LIMITED, "rate_limited"):
        return Refusal(RATE_LIMITED, retry_after=_retry_after(response.headers))
    return Refusal(error)


def _retry_after(headers: Mapping[str, Any]) -> int | None:
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(0, int(float(value))) * SECOND if value is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


class _UnreadError(Exception):
    def __init__(self, said: Unread) -> None:
        super().__init__(said.error)
        self.said = said
