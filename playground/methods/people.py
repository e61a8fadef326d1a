"""``auth.*``, ``users.*`` and ``usergroups.*``: who is who. It must not know HTTP."""

from playground.limits import RefusedError
from playground.methods.session import Session
from playground.people import BOT_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME, User
from playground.wire import CREATED, page_of, user_json
from playground.workspace import JSON


def auth_test(session: Session, args: JSON) -> JSON:  # noqa: ARG001  (every method has this form)
    """``auth.test``."""
    bot = session.workspace.user(session.bot_user)
    return {
        "url": f"https://{TEAM_DOMAIN}.example/",
        "team": TEAM_NAME,
        "user": bot.name if bot else "",
        "team_id": TEAM_ID,
        "user_id": session.bot_user,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _wire(session: Session, user: User) -> JSON:
    return user_json(user, with_email="users:read.email" in session.scopes)


def info(session: Session, args: JSON) -> JSON:
    """``users.info``."""
    user = session.workspace.user(str(args.get("user") or ""))
    if user is None:
        raise RefusedError("user_not_found")
    return {"user": _wire(session, user)}


def list_all(session: Session, args: JSON) -> JSON:
    """``users.list``."""
    page, cursor = page_of(session.workspace.users(), args, default=1000, high=1000)
    members = [_wire(session, user) for user in page]
    return {"members": members, "cache_ts": CREATED, "response_metadata": {"next_cursor": cursor}}


def lookup_by_email(session: Session, args: JSON) -> JSON:
    """``users.lookupByEmail``."""
    user = session.workspace.user_by_email(str(args.get("email") or ""))
    if user is None:
        raise RefusedError("users_not_found")
    return {"user": _wire(session, user)}


def group_users(session: Session, args: JSON) -> JSON:
    """``usergroups.users.list``."""
    group = session.workspace.group(str(args.get("usergroup") or ""))
    if group is None:
        raise RefusedError("no_such_subteam")
    return {"users": list(group.users)}


def groups(session: Session, args: JSON) -> JSON:  # noqa: ARG001  (every method has this form)
    """``usergroups.list``."""
    return {
        "usergroups": [
            {
                "id": group.id,
                "team_id": TEAM_ID,
                "is_usergroup": True,
                "handle": group.handle,
                "name": group.name,
                "user_count": len(group.users),
            }
            for group in session.workspace.groups()
        ]
    }
