"""``chat.*``: posting, changing and deleting messages. It must not know HTTP."""

from playground.limits import Content, RefusedError, message_content
from playground.methods.session import Session
from playground.people import TEAM_DOMAIN, Channel
from playground.wire import is_true, message_json, stamp
from playground.workspace import JSON, Message


def post_message(session: Session, args: JSON) -> JSON:
    """``chat.postMessage``."""
    channel = session.channel(args, by_name=True, by_user=True)
    content = message_content(args)
    session.must_be_open(channel, archived="is_archived")
    session.must_be_member(channel, unless="chat:write.public")
    thread_ts = thread_of(session, channel, args)
    session.take_a_post(channel)
    message = session.workspace.post(
        channel.id,
        session.bot_user,
        content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread_ts,
        metadata=content.metadata or None,
        broadcast=bool(thread_ts) and is_true(args.get("reply_broadcast")),
    )
    body = {"channel": channel.id, "ts": message.ts, "message": message_json(session.workspace, message)}
    return _with_warning(body, content)


def _with_warning(body: JSON, content: Content) -> JSON:
    if content.warning:
        said = "[WARN] Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."
        body["response_metadata"] = {"warnings": [content.warning], "messages": [said]}
    return body


def thread_of(session: Session, channel: Channel, args: JSON) -> str | None:
    """Give the root of the thread that ``thread_ts`` names, also where it names a reply."""
    given = args.get("thread_ts")
    if not given:
        return None
    stamp(given, error="invalid_thread_ts")
    root = session.workspace.message(channel.id, str(given))
    if root is None:
        raise RefusedError("thread_not_found")
    return root.thread_ts or root.ts


def update(session: Session, args: JSON) -> JSON:
    """``chat.update``: what is not given stays as it was."""
    channel = session.channel(args)
    message = _own_message(session, channel, args, forbidden="cant_update_message")
    content = message_content(args, is_update=True)
    session.must_be_open(channel, archived="is_inactive")
    changes: JSON = {"edited_ts": session.workspace.next_ts(), "selections": ()}
    if args.get("text") is not None:
        changes["text"] = content.text
    if args.get("blocks") is not None:
        changes["blocks"] = tuple(content.blocks)
    if args.get("attachments") is not None:
        changes["attachments"] = tuple(content.attachments)
    if content.metadata is not None:
        changes["metadata"] = content.metadata or None
    changed = session.workspace.replace(message, **changes)
    wire = message_json(session.workspace, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": wire}


def delete(session: Session, args: JSON) -> JSON:
    """``chat.delete``."""
    channel = session.channel(args)
    message = _own_message(session, channel, args, forbidden="cant_delete_message")
    session.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def _own_message(session: Session, channel: Channel, args: JSON, *, forbidden: str) -> Message:
    if not args.get("ts"):
        raise RefusedError("invalid_arguments", messages=["missing required field: ts"])
    message = session.workspace.message(channel.id, str(args["ts"]))
    if message is None:
        raise RefusedError("message_not_found")
    if message.user != session.bot_user:
        raise RefusedError(forbidden)
    return message


def post_ephemeral(session: Session, args: JSON) -> JSON:
    """``chat.postEphemeral``."""
    channel = session.channel(args, by_name=True)
    content = message_content(args)
    user = str(args.get("user") or "")
    if session.workspace.user(user) is None:
        raise RefusedError("user_not_in_channel")
    session.must_be_open(channel, archived="is_archived")
    session.must_be_member(channel, unless="chat:write.public")
    if user not in channel.members:
        raise RefusedError("user_not_in_channel")
    message = session.workspace.post(
        channel.id,
        session.bot_user,
        content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread_of(session, channel, args),
        ephemeral_to=user,
    )
    return _with_warning({"message_ts": message.ts}, content)


def get_permalink(session: Session, args: JSON) -> JSON:
    """``chat.getPermalink``."""
    channel = session.channel(args)
    ts = str(args.get("message_ts") or "")
    if session.workspace.message(channel.id, ts) is None:
        raise RefusedError("message_not_found")
    link = f"https://{TEAM_DOMAIN}.example/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}
