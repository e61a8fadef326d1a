"""``conversations.*``: finding channels and reading them. It must not know HTTP."""

from collections.abc import Sequence

from playground.limits import RefusedError
from playground.methods.session import Session
from playground.people import Channel
from playground.wire import channel_json, is_true, message_json, page_of, page_of_messages, stamp
from playground.workspace import JSON, Message


def list_all(session: Session, args: JSON) -> JSON:
    """``conversations.list``: public channels unless ``types`` says otherwise."""
    types = {kind.strip() for kind in str(args.get("types") or "public_channel").split(",")}
    needed = {
        "public_channel": "channels:read",
        "private_channel": "groups:read",
        "im": "im:read",
        "mpim": "mpim:read",
    }
    for kind in sorted(types):
        if kind not in needed:
            raise RefusedError("invalid_types")
        session.need(needed[kind])
    wanted = [
        channel
        for channel in session.workspace.channels()
        if ("im" if channel.is_im else "public_channel") in types
        and not (channel.archived and is_true(args.get("exclude_archived")))
    ]
    page, cursor = page_of(wanted, args, default=100, high=999)
    found = [channel_json(channel, bot_user=session.bot_user) for channel in page]
    return {"channels": found, "response_metadata": {"next_cursor": cursor}}


def info(session: Session, args: JSON) -> JSON:
    """``conversations.info``."""
    channel = session.channel(args)
    session.need_for(channel, "read")
    return {"channel": channel_json(channel, bot_user=session.bot_user)}


def history(session: Session, args: JSON) -> JSON:
    """``conversations.history``: the channel's own messages, newest first; replies are not among them."""
    channel = _readable(session, args)
    messages = [m for m in session.workspace.messages(channel.id) if m.is_root and session.shown(m)]
    messages = _between(messages, args)
    messages.reverse()
    page, cursor = page_of_messages(messages, args, default=100, high=999, newest_first=True)
    return _messages(session, page, args, cursor=cursor) | {"pin_count": 0}


def replies(session: Session, args: JSON) -> JSON:
    """``conversations.replies``: a thread's root and its replies, oldest first."""
    channel = _readable(session, args)
    root = session.workspace.message(channel.id, str(args.get("ts") or ""))
    if root is None:
        raise RefusedError("thread_not_found")
    thread = [m for m in session.workspace.replies(channel.id, root.ts) if session.shown(m)]
    thread = _between(thread, args)
    page, cursor = page_of_messages([root, *thread], args, default=1000, high=1000, newest_first=False)
    return _messages(session, page, args, cursor=cursor)


def _readable(session: Session, args: JSON) -> Channel:
    channel = session.channel(args)
    session.need_for(channel, "history")
    session.must_be_member(channel)
    return channel


def _between(messages: list[Message], args: JSON) -> list[Message]:
    inclusive = is_true(args.get("inclusive"))
    if args.get("oldest"):
        oldest = stamp(args["oldest"], error="invalid_ts_oldest")
        messages = [
            m for m in messages if (at := stamp(m.ts, error="")) > oldest or (inclusive and at == oldest)
        ]
    if args.get("latest"):
        latest = stamp(args["latest"], error="invalid_ts_latest")
        messages = [
            m for m in messages if (at := stamp(m.ts, error="")) < latest or (inclusive and at == latest)
        ]
    return messages


def _messages(session: Session, page: Sequence[Message], args: JSON, *, cursor: str) -> JSON:
    everything = is_true(args.get("include_all_metadata"))
    wire = [
        message_json(session.workspace, message, all_metadata=everything, with_thread=True)
        for message in page
    ]
    return {"messages": wire, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def open_direct(session: Session, args: JSON) -> JSON:
    """``conversations.open``: the direct message with one user."""
    users = [name.strip() for name in str(args.get("users") or "").split(",") if name.strip()]
    if args.get("channel"):
        channel = session.channel(args)
    elif not users:
        raise RefusedError("users_list_not_supplied")
    elif len(users) > 1:
        session.need("mpim:write")
        raise RefusedError("method_not_supported_for_channel_type")
    else:
        found = session.workspace.direct_message(users[0])
        if found is None:
            raise RefusedError("user_not_found")
        channel = found
    return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}


def join(session: Session, args: JSON) -> JSON:
    """``conversations.join``."""
    channel = session.channel(args)
    session.must_be_open(channel, archived="is_archived")
    if channel.is_im:
        raise RefusedError("method_not_supported_for_channel_type")
    joined = session.workspace.change_channel(channel.id, app_is_member=True)
    return {"channel": channel_json(joined, bot_user=session.bot_user)}
