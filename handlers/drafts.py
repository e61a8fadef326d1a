"""Rules that are shown before they are saved: what somebody wrote waits with its preview until they save it, or not.

A draft is its author's alone, is saved once, and only onto the version of the rule that it was written for. It must
not know Slack's requests, nor how an answer is laid out.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from handlers import rule_changes, rulebook
from handlers.context import Context
from handlers.preview import MOST_IN_CHAT, Subject, TooMuchForChatError, preview
from handlers.rulebook import Considered, Request, Wish
from rules import access
from rules.access import Action, DraftOf
from rules.alerts.typed import Options
from rules.conditions.problems import Problem
from rules.conditions.reach import PastHorizonError
from rules.errors import WarmlineError
from rules.instants import DAY
from rules.preview.steps import USUAL_EVERY, Stretch
from storage import drafts, promises, rules
from storage.database import Transaction
from storage.drafts import Draft
from storage.pruned import BeforeHorizonError
from templates.views import ChangeView, PreviewView

KEPT: Final = DAY
"""How long a draft may be saved, in elapsed time."""


class StaleDraftError(WarmlineError):
    """The draft was saved or thrown away already, or is older than a day."""

    code: ClassVar[str] = "stale_draft"


class DraftOutdatedError(WarmlineError):
    """The rule ``name`` was changed by ``by`` since the draft was written."""

    code: ClassVar[str] = "draft_outdated"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A draft that waits, under its ``number``: the rule's ``name``, its ``condition``, and how it differs (``diff``).

    ``preview`` is what it would have done, or ``blind`` why that is not shown.
    """

    number: int
    name: str
    condition: str
    diff: str
    edits: bool
    warnings: tuple[Problem, ...]
    preview: PreviewView | None
    blind: WarmlineError | None = None


def propose(ctx: Context, request: Request, wish: Wish) -> Proposed | ChangeView | None:
    """Keep what is wished as a draft, and look at what it would have done over the last 90 days.

    An edit that leaves the condition as it is has nothing to be looked at: it is stored at once. None where the
    request was delivered before. Raises what `rulebook.add` and `rulebook.edit` raise.
    """

    def work(tx: Transaction) -> tuple[Considered, int] | ChangeView:
        found = rulebook.consider(tx, wish)
        rule_changes.within_horizon(tx, ctx, found.accepted.text)
        if found.rule is not None and found.body.condition == found.rule.body.condition:
            return rulebook.store(tx, ctx, request, wish)
        number = drafts.add(tx, actor=request.actor.id, what=_written(wish, found), now=ctx.elapsed())
        return found, number

    done = rulebook.change(ctx, request, wish.did, wish.name, work)
    if done is None or isinstance(done, ChangeView):
        return rulebook.counted(ctx, done) if wish.condition else done
    found, number = done
    shown, blind = _looked_at(ctx, found)
    if shown is not None:
        _promise(ctx, number, _written(wish, found), shown)
    return Proposed(
        number=number,
        name=found.name,
        condition=found.body.condition,
        diff=found.diff,
        edits=found.rule is not None,
        warnings=found.warnings,
        preview=shown,
        blind=blind,
    )


def save(ctx: Context, request: Request, number: int) -> ChangeView | None:
    """Store what a draft says, once. None where the request was delivered before.

    Raises `StaleDraftError`, `NotAllowedError` for anybody but its author, and for an author who is no manager any
    more, `DraftOutdatedError`, and what `rulebook.add` and `rulebook.edit` raise.
    """
    draft = _draft(ctx, number)
    if draft is None:
        # Asked for like any change: what was delivered before, and saved, is not said to be gone.
        own = DraftOf(request.actor.id)
        return rulebook.change(
            ctx, request, "save", f"draft {number}", _gone, action=Action.SAVE_DRAFT, thing=own
        )
    wish, rule_id, version = _read(draft.what)

    def work(tx: Transaction) -> ChangeView:
        if not drafts.remove(tx, number):
            raise StaleDraftError
        if rule_id is not None:
            _unchanged(tx, wish, rule_id, version)
        stored = rulebook.store(tx, ctx, request, wish)
        _keep_promise(tx, stored, draft.what)
        return stored

    thing = DraftOf(draft.actor)
    saved = rulebook.change(ctx, request, wish.did, wish.name, work, action=Action.SAVE_DRAFT, thing=thing)
    return rulebook.counted(ctx, saved)


def cancel(ctx: Context, request: Request, number: int) -> str:
    """Throw a draft away, and give the name of its rule. Raises `StaleDraftError` or `NotAllowedError`."""
    draft = _draft(ctx, number)
    if draft is None:
        raise StaleDraftError
    access.authorize(request.actor, Action.SAVE_DRAFT, DraftOf(draft.actor), managers=ctx.managers)
    with ctx.database.writing() as tx:
        drafts.remove(tx, number)
    return _read(draft.what)[0].name


def _promise(ctx: Context, number: int, what: str, shown: PreviewView) -> None:
    """Keep beside a draft how many messages its preview counted, and in how many days."""
    days = max(1, (shown.until - shown.since) // DAY)
    with ctx.database.writing() as tx:
        drafts.rewrite(tx, number, json.dumps({**json.loads(what), "promise": [shown.messages, days]}))


def _keep_promise(tx: Transaction, stored: ChangeView, what: str) -> None:
    promised, rule = json.loads(what).get("promise"), rules.by_name(tx, stored.card.name)
    if promised is not None and rule is not None:
        promises.note(tx, rule_id=rule.id, version=rule.version, messages=promised[0], days=promised[1])


def _looked_at(ctx: Context, found: Considered) -> tuple[PreviewView | None, WarmlineError | None]:
    of = Subject(found.name, found.body, found.accepted.tree)
    stretch = Stretch.of(since=None, until=None, every=USUAL_EVERY, now=ctx.now())
    try:
        return preview(ctx, of, stretch, most=MOST_IN_CHAT), None
    except (TooMuchForChatError, BeforeHorizonError, PastHorizonError) as error:
        return None, error


def _draft(ctx: Context, number: int) -> Draft | None:
    with ctx.database.reading() as tx:
        draft = drafts.by_id(tx, number)
    if draft is None or draft.created_at < ctx.elapsed() - KEPT:
        return None
    # A forged button may name a draft that is none of a rule.
    return draft if "did" in json.loads(draft.what) else None


def _gone(tx: Transaction) -> ChangeView:  # noqa: ARG001  what every change takes
    raise StaleDraftError


def _unchanged(tx: Transaction, wish: Wish, rule_id: int, version: int) -> None:
    rule = rules.by_name(tx, wish.name, lock=True)
    if rule is not None and (rule.id, rule.version) != (rule_id, version):
        raise DraftOutdatedError(name=rule.name, by=rule.author)


def _written(wish: Wish, found: Considered) -> str:
    """Write a wish as it was understood: whoever saves it gets what was shown."""
    rule = found.rule
    condition = found.accepted.text if wish.condition else ""
    return json.dumps(
        {
            "did": wish.did,
            "name": found.name,
            "condition": condition,
            "options": {name: said for name, said in asdict(wish.options).items() if said is not None},
            "rule": None if rule is None else [rule.id, rule.version],
        }
    )


def _read(what: str) -> tuple[Wish, int | None, int]:
    said: dict[str, Any] = json.loads(what)
    wish = Wish(said["did"], said["name"], said["condition"], Options(**said["options"]))
    rule_id, version = said["rule"] or (None, 0)
    return wish, rule_id, version
