"""What the workspace holds: conversations, messages, who has read what; and who wants to hear of a change.

Everything is in memory and safe to use from several threads. It must not know how a message arrived (Web API,
response_url, the page) nor how it is drawn; what Slack would refuse is refused before it comes here.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from playground.people import (
    Channel,
    Installation,
    User,
    UserGroup,
    first_channels,
    first_groups,
    first_users,
)

JSON: TypeAlias = dict[str, Any]
"""A JSON object as it came over the wire."""

Clock: TypeAlias = Callable[[], float]
"""Seconds since 1970, as Slack's message stamps count them."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``ephemeral_to`` names the only user who sees it.

    ``day`` is the business date that it was posted on, ``time`` the business's time of day (``14:05``; empty where it
    is not known).
    """

    channel: str
    ts: str
    user: str
    text: str
    day: str
    accepted_at: float
    blocks: tuple[JSON, ...] = ()
    attachments: tuple[JSON, ...] = ()
    thread_ts: str | None = None
    metadata: JSON | None = None
    bot_id: str | None = None
    ephemeral_to: str | None = None
    edited_ts: str | None = None
    broadcast: bool = False
    deleted: bool = False
    time: str = ""
    selections: tuple[tuple[str, str, str], ...] = ()
    """What people chose in menus: (block id, action id, option value)."""

    @property
    def is_root(self) -> bool:
        """Tell whether the message stands in the channel itself, not only in a thread."""
        return self.thread_ts is None or self.thread_ts == self.ts or self.broadcast


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened that a page may have to show."""

    kind: Literal["posted", "changed", "removed", "reset", "view", "date", "channel", "trouble"]
    message: Message | None = None
    user: str | None = None


class Workspace:
    """The state of the workspace, behind one lock."""

    def __init__(
        self, *, clock: Clock, installation: Installation, now: Callable[[], str] | None = None
    ) -> None:
        self.clock = clock
        self.installation = installation
        self._told = now
        self._set = ""
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Change], None]] = []
        self._last_stamp = 0
        self._fill()

    def _fill(self) -> None:
        self._users = {user.id: user for user in first_users()}
        self._channels = {channel.id: channel for channel in first_channels()}
        self._groups = {group.id: group for group in first_groups()}
        self._messages: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}
        self._read: dict[tuple[str, str], str] = {}

    @property
    def now(self) -> str:
        """Give the business date and, where it is known, the time: what ``now()`` says, or what was set last."""
        return self._told() if self._told else self._set

    @property
    def day(self) -> str:
        """Give the business date."""
        return self.now.partition("T")[0]

    @property
    def time(self) -> str:
        """Give the business's time of day, as ``14:05``; nothing where it is not known."""
        return self.now.partition("T")[2][:5]

    # who is told

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``listener`` after every change, from the thread that made it; the result ends that."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def tell(self, change: Change) -> None:
        """Tell every listener of ``change``."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(change)

    # people and channels

    def users(self) -> tuple[User, ...]:
        """Give everyone, the app included."""
        with self._lock:
            return tuple(self._users.values())

    def people(self) -> tuple[User, ...]:
        """Give everyone but the app."""
        return tuple(user for user in self.users() if not user.is_bot)

    def user(self, user_id: str) -> User | None:
        """Give the user of an id."""
        return self._users.get(user_id)

    def user_by_email(self, email: str) -> User | None:
        """Give the user of an e-mail address, whatever its case."""
        wanted = email.strip().casefold()
        return next((user for user in self.users() if user.email and user.email.casefold() == wanted), None)

    def groups(self) -> tuple[UserGroup, ...]:
        """Give the user groups."""
        return tuple(self._groups.values())

    def group(self, group_id: str) -> UserGroup | None:
        """Give the user group of an id."""
        return self._groups.get(group_id)

    def channels(self) -> tuple[Channel, ...]:
        """Give every conversation, direct messages included."""
        with self._lock:
            return tuple(self._channels.values())

    def channel(self, name: str) -> Channel | None:
        """Give the conversation of an id, ``#name`` or name; of a user's id, the direct message with the app."""
        with self._lock:
            found = self._channels.get(name)
            if found is None:
                bare = name.removeprefix("#")
                found = next((c for c in self._channels.values() if not c.is_im and c.name == bare), None)
            return found or self.direct_message(name)

    def direct_message(self, user_id: str) -> Channel | None:
        """Give the direct message between the app and a user."""
        with self._lock:
            return next((c for c in self._channels.values() if c.with_user == user_id), None)

    def change_channel(
        self, channel_id: str, *, archived: bool | None = None, app_is_member: bool | None = None
    ) -> Channel:
        """Archive or unarchive a channel; let the app in or put it out. Raises ``KeyError`` for an unknown one."""
        with self._lock:
            channel = self._channels[channel_id]
            if archived is not None:
                channel = replace(channel, archived=archived)
            if app_is_member is not None:
                bot = {self.installation.bot_user}
                members = channel.members | bot if app_is_member else channel.members - bot
                channel = replace(channel, members=members)
            self._channels[channel_id] = channel
        self.tell(Change("channel"))
        return channel

    def add_channel(self, channel: Channel) -> None:
        """Add a channel, or put one in the place of another with its id."""
        with self._lock:
            self._channels[channel.id] = channel

    def remove_channel(self, channel_id: str) -> None:
        """Delete a channel with its messages."""
        with self._lock:
            self._channels.pop(channel_id, None)
            self._messages.pop(channel_id, None)

    # messages

    def next_ts(self) -> str:
        """Give a message stamp: seconds and microseconds, greater than any before."""
        with self._lock:
            self._last_stamp = max(self._last_stamp + 1, int(self.clock() * 1_000_000))
            return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06d}"

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Iterable[JSON] = (),
        attachments: Iterable[JSON] = (),
        thread_ts: str | None = None,
        metadata: JSON | None = None,
        ephemeral_to: str | None = None,
        broadcast: bool = False,
    ) -> Message:
        """Add a message and tell of it."""
        with self._lock:
            day, _, time = self.now.partition("T")
            message = Message(
                channel=channel,
                ts=self.next_ts(),
                user=user,
                text=text,
                day=day,
                time=time[:5],
                accepted_at=self.clock(),
                blocks=tuple(blocks),
                attachments=tuple(attachments),
                thread_ts=thread_ts,
                metadata=metadata,
                bot_id=self.installation.bot_id if user == self.installation.bot_user else None,
                ephemeral_to=ephemeral_to,
                broadcast=broadcast,
            )
            self._messages.setdefault(channel, {})[message.ts] = message
            if thread_ts:
                self._threads.setdefault((channel, thread_ts), []).append(message.ts)
        self.tell(Change("posted", message))
        return message

    def replace(self, message: Message, **changes: Any) -> Message:
        """Put a changed message in the place of ``message`` and tell of it."""
        with self._lock:
            current = self._messages[message.channel][message.ts]
            changed = replace(current, **changes)
            self._messages[message.channel][message.ts] = changed
        self.tell(Change("removed" if changed.deleted else "changed", changed))
        return changed

    def delete(self, message: Message) -> None:
        """Mark a message as deleted; tests still see it, Slack's readers do not."""
        self.replace(message, deleted=True)

    def message(self, channel: str, ts: str, *, seen_by: str | None = None) -> Message | None:
        """Give a message that is not deleted; an ephemeral one only to the user who sees it."""
        with self._lock:
            found = self._messages.get(channel, {}).get(ts)
        if found is None or found.deleted or found.ephemeral_to not in (None, seen_by):
            return None
        return found

    def everything(self) -> tuple[Message, ...]:
        """Give all messages by channel and ts, deleted and ephemeral ones included."""
        with self._lock:
            return tuple(message for found in self._messages.values() for message in found.values())

    def messages(self, channel: str, *, seen_by: str | None = None) -> tuple[Message, ...]:
        """Give a channel's messages in order of ts, replies included; ephemeral ones only to ``seen_by``."""
        with self._lock:
            found = tuple(self._messages.get(channel, {}).values())
        return tuple(m for m in found if not m.deleted and m.ephemeral_to in (None, seen_by))

    def replies(self, channel: str, root_ts: str, *, seen_by: str | None = None) -> tuple[Message, ...]:
        """Give the replies in a thread, in order of ts, without its root."""
        with self._lock:
            stamps = tuple(self._threads.get((channel, root_ts), ()))
        found = (self.message(channel, ts, seen_by=seen_by) for ts in stamps)
        return tuple(message for message in found if message)

    def ephemerals(self, user: str) -> tuple[Message, ...]:
        """Give the messages that only ``user`` sees, in order of ts."""
        found = [m for m in self.everything() if m.ephemeral_to == user and not m.deleted]
        return tuple(sorted(found, key=lambda m: m.ts))

    # reading

    def mark_read(self, user: str, channel: str) -> None:
        """Note that ``user`` has seen all of ``channel``."""
        with self._lock:
            messages = self._messages.get(channel, {})
            if messages:
                self._read[user, channel] = next(reversed(messages))

    def unread(self, user: str, channel: str) -> int:
        """Count the messages of the channel itself that ``user`` has not seen, their own aside."""
        with self._lock:
            mark = self._read.get((user, channel), "")
            count = 0
            for message in reversed(self._messages.get(channel, {}).values()):
                if message.ts <= mark:
                    break
                visible = not message.deleted and message.ephemeral_to is None and message.is_root
                count += visible and message.user != user
            return count

    def set_now(self, now: str) -> None:
        """Set what the page shows and new messages carry: a date, or a date and time; where no ``now()`` tells it."""
        with self._lock:
            self._set = now
        self.tell(Change("date"))

    def reset(self) -> None:
        """Forget all messages and bring back the channels as they were."""
        with self._lock:
            self._fill()
            self.installation = replace(self.installation, token_error=None)
        self.tell(Change("reset"))
