"""``views.*``: modals and the home tab. It must not know HTTP."""

from playground.limits import RefusedError, check_view
from playground.methods.session import Session
from playground.workspace import JSON


def open_modal(session: Session, args: JSON) -> JSON:
    """``views.open``."""
    return {"view": session.views.open(args.get("trigger_id"), _modal(args)).wire()}


def push(session: Session, args: JSON) -> JSON:
    """``views.push``."""
    return {"view": session.views.open(args.get("trigger_id"), _modal(args), push=True).wire()}


def update(session: Session, args: JSON) -> JSON:
    """``views.update``."""
    view = session.views.update(
        check_view(args.get("view")),
        view_id=args.get("view_id"),
        external_id=args.get("external_id"),
        seen=args.get("hash"),
    )
    return {"view": view.wire()}


def publish(session: Session, args: JSON) -> JSON:
    """``views.publish``."""
    user = str(args.get("user_id") or "")
    if session.workspace.user(user) is None:
        raise RefusedError("user_not_found")
    sent = check_view(args.get("view"))
    if sent["type"] != "home":
        raise RefusedError("invalid_arguments", messages=["the view must be of type home"])
    return {"view": session.views.publish(user, sent).wire()}


def _modal(args: JSON) -> JSON:
    sent = check_view(args.get("view"))
    if sent["type"] != "modal":
        raise RefusedError("invalid_arguments", messages=["the view must be of type modal"])
    return sent
