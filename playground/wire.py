"""How Slack writes its things in JSON: messages, users, conversations, stamps, pages of a list.

It must not know which method asks.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final, TypeVar

from playground.limits import RefusedError
from playground.people import APP_ID, BOT_ID, TEAM_ID, Channel, User
from playground.workspace import JSON, Message, Workspace

T = TypeVar("T")
_STAMP: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?\Z")
CREATED: Final = 1_700_000_000
"""When the workspace's users and channels came into being, seconds since 1970."""


def stamp(value: object, *, error: str) -> int:
    """Read a stamp such as ``1503435956.000247`` as microseconds. Raises `RefusedError` with ``error``."""
    match = _STAMP.match(str(value))
    if not match:
        raise RefusedError(error)
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))


def is_true(value: object) -> bool:
    """Read a boolean argument, which a form carries as text."""
    return value is True or str(value).lower() in ("true", "1")


def limit_of(args: JSON, *, default: int, high: int) -> int:
    """Read the argument ``limit``. Raises `RefusedError` ``invalid_limit``."""
    value = args.get("limit")
    if value in (None, ""):
        return default
    if not str(value).isdecimal() or not int(str(value)) > 0:
        raise RefusedError("invalid_limit")
    return min(int(str(value)), high)


def page_of(things: Sequence[T], args: JSON, *, default: int, high: int) -> tuple[Sequence[T], str]:
    """Cut one page out of ``things`` by ``cursor`` and ``limit``; give it with the next cursor or ``""``."""
    limit = limit_of(args, default=default, high=high)
    start = _cursor(args, "next") or 0
    end = start + limit
    return things[start:end], _encoded("next", end) if end < len(things) else ""


def page_of_messages(
    messages: Sequence[Message], args: JSON, *, default: int, high: int, newest_first: bool
) -> tuple[Sequence[Message], str]:
    """Cut one page out of messages; the cursor is a stamp, so that messages that come or go shift nothing."""
    limit = limit_of(args, default=default, high=high)
    begin = _cursor(args, "next_ts")
    if begin is not None:
        at = (stamp(message.ts, error="invalid_cursor") for message in messages)
        places = (index for index, ts in enumerate(at) if (ts <= begin if newest_first else ts >= begin))
        messages = messages[next(places, len(messages)) :]
    if len(messages) <= limit:
        return messages, ""
    return messages[:limit], _encoded("next_ts", stamp(messages[limit].ts, error="invalid_cursor"))


def _cursor(args: JSON, word: str) -> int | None:
    if not args.get("cursor"):
        return None
    try:
        kind, _, number = base64.b64decode(str(args["cursor"]), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as failure:
        raise RefusedError("invalid_cursor") from failure
    if kind != word or not number.isdecimal():
        raise RefusedError("invalid_cursor")
    return int(number)


def _encoded(word: str, number: int) -> str:
    return base64.b64encode(f"{word}:{number}".encode()).decode()


def message_json(
    workspace: Workspace, message: Message, *, all_metadata: bool = True, with_thread: bool = False
) -> JSON:
    """Write a message; ``with_thread`` adds the counts that a thread's root carries in history.

    Without ``all_metadata`` the payload of metadata is left out, as Slack does for apps that do not ask for it.
    """
    body: JSON = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": TEAM_ID,
    }
    if message.bot_id:
        body |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile(workspace)}
    if message.broadcast:
        body["subtype"] = "thread_broadcast"
    if message.blocks:
        body["blocks"] = list(message.blocks)
    if message.attachments:
        body["attachments"] = list(message.attachments)
    if message.edited_ts:
        body["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.metadata:
        body["metadata"] = message.metadata if all_metadata else {**message.metadata, "event_payload": {}}
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
        root = workspace.message(message.channel, message.thread_ts)
        if root and root.ts != message.ts:
            body["parent_user_id"] = root.user
    if with_thread:
        body |= _thread_json(workspace, message)
    return body


def _thread_json(workspace: Workspace, message: Message) -> JSON:
    replies = [m for m in workspace.replies(message.channel, message.ts) if m.ephemeral_to is None]
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users[:5],
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def bot_profile(workspace: Workspace) -> JSON:
    """Write the app's profile as messages carry it."""
    bot = workspace.user(workspace.installation.bot_user)
    return {
        "id": BOT_ID,
        "app_id": APP_ID,
        "user_id": workspace.installation.bot_user,
        "name": bot.real_name if bot else "",
        "deleted": False,
        "updated": CREATED,
        "team_id": TEAM_ID,
    }


def user_json(user: User, *, with_email: bool) -> JSON:
    """Write a user; the e-mail only where the app may read it."""
    first, _, last = user.real_name.partition(" ")
    profile: JSON = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "title": user.title,
        "first_name": first,
        "last_name": last,
        "team": TEAM_ID,
    }
    if user.is_bot:
        profile |= {"bot_id": BOT_ID, "api_app_id": APP_ID}
    if with_email and user.email:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "locale": "en-US",
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": CREATED,
        "profile": profile,
    }


def channel_json(channel: Channel, *, bot_user: str) -> JSON:
    """Write a conversation."""
    if channel.is_im:
        return {
            "id": channel.id,
            "created": CREATED,
            "is_im": True,
            "is_archived": channel.archived,
            "is_org_shared": False,
            "user": channel.with_user,
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": CREATED,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": channel.archived,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_member": bot_user in channel.members,
        "context_team_id": TEAM_ID,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.topic, "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }
