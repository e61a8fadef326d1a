"""Changes of the life cycle that are shown before they are made: what somebody wrote waits, with who would move.

A draft is its author's alone, is made once, and only onto the version of the life cycle that it was written for. It
must not know Slack's requests, nor how an answer is laid out.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Final, Literal

from handlers import health_plans, lifecycle
from handlers import lifecycle_plans as plans
from handlers.context import Context
from handlers.drafts import KEPT
from handlers.lifecycle_plans import Planned, editing, removing, undoing, using
from handlers.rulebook import Request
from handlers.standing import MOST_COUNTED
from rules import access
from rules.access import Action, DraftOf
from rules.errors import WarmlineError
from storage import definitions, drafts
from storage.database import Transaction
from storage.drafts import Draft
from templates.views import LifecycleChange, LifecyclePreview

_MARK: Final = "lifecycle"


class StaleLifecycleDraftError(WarmlineError):
    """The draft was saved or thrown away already, or is older than a day."""

    code: ClassVar[str] = "stale_lifecycle_draft"


class LifecycleDraftOutdatedError(WarmlineError):
    """The life cycle was changed by ``by`` since the draft was written."""

    code: ClassVar[str] = "lifecycle_draft_outdated"


@dataclass(frozen=True, slots=True)
class Wish:
    """A change as somebody wrote it: to ``use`` the preset ``name``, or to do something to the definition of that name.

    Of ``health``, ``name`` says what of it and ``condition`` how.
    """

    did: Literal["use", "edit", "remove", "undo", "health"]
    name: str = ""
    condition: str = ""

    def planned(self) -> Planned:
        """Give what is to be made of the life cycle in force."""
        match self.did:
            case "use":
                return using(self.name)
            case "edit":
                return editing(self.name, self.condition)
            case "remove":
                return removing(self.name)
            case "health":
                return health_plans.typed(self.name, self.condition)
            case "undo":
                return undoing


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that waits, under its ``number``, and what it would do."""

    number: int
    preview: LifecyclePreview


def propose(ctx: Context, request: Request, wish: Wish) -> Proposed | None:
    """Keep what is wished as a draft, and say who would move by it. None where the request was delivered before.

    Raises what `lifecycle.make` raises, but for `lifecycle.OverwritesError`: to press Save is to confirm.
    """

    def work(tx: Transaction) -> int:
        change, _ = plans.considered(tx, ctx, wish.planned())
        # Whoever saves it gets what was shown.
        condition = change.accepted.text if change.accepted is not None else ""
        name = change.name if wish.name else ""
        said = asdict(wish if wish.did == "health" else replace(wish, name=name, condition=condition))
        what = json.dumps({_MARK: said, "version": _version(tx)})
        return drafts.add(tx, actor=request.actor.id, what=what, now=ctx.elapsed())

    number = lifecycle.change(ctx, request, wish.did, work)
    if number is None:
        return None
    return Proposed(number, lifecycle.preview(ctx, wish.planned(), most=MOST_COUNTED))


def save(ctx: Context, request: Request, number: int) -> LifecycleChange | None:
    """Make the change that a draft says, once. None where the request was delivered before.

    Raises `StaleLifecycleDraftError`, `NotAllowedError` for anybody but its author, and for an author who is no
    manager any more, `LifecycleDraftOutdatedError`, and what `lifecycle.make` raises.
    """
    draft = _draft(ctx, number)
    thing = DraftOf(draft.actor if draft is not None else request.actor.id)
    wish, version = _read(draft) if draft is not None else (Wish("undo"), 0)

    def work(tx: Transaction) -> LifecycleChange:
        if draft is None or not drafts.remove(tx, number):
            raise StaleLifecycleDraftError
        lifecycle.hold(tx)
        latest = definitions.latest(tx)
        if latest is not None and latest.version != version:
            raise LifecycleDraftOutdatedError(by=latest.author)
        return lifecycle.store(tx, ctx, request, wish.planned(), confirmed=True)

    return lifecycle.change(ctx, request, wish.did, work, action=Action.SAVE_DRAFT, thing=thing)


def cancel(ctx: Context, request: Request, number: int) -> None:
    """Throw a draft away. Raises `StaleLifecycleDraftError` or `NotAllowedError`."""
    draft = _draft(ctx, number)
    if draft is None:
        raise StaleLifecycleDraftError
    access.authorize(request.actor, Action.SAVE_DRAFT, DraftOf(draft.actor), managers=ctx.managers)
    with ctx.database.writing() as tx:
        drafts.remove(tx, number)


def _version(tx: Transaction) -> int:
    latest = definitions.latest(tx)
    return 0 if latest is None else latest.version


def _draft(ctx: Context, number: int) -> Draft | None:
    with ctx.database.reading() as tx:
        draft = drafts.by_id(tx, number)
    fresh = draft is not None and draft.created_at >= ctx.elapsed() - KEPT
    return draft if draft is not None and fresh and _MARK in json.loads(draft.what) else None


def _read(draft: Draft) -> tuple[Wish, int]:
    said: dict[str, Any] = json.loads(draft.what)
    return Wish(**said[_MARK]), int(said["version"])
