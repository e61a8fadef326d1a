"""The life cycle, as chat and the command line see and change it: every change is a version, audited with its difference.

A rule that means something else by a change is edited by it, in the same transaction. It must not know Slack's
requests, nor how an answer is laid out.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar, Final, TypeVar

from handlers import rule_changes, standing
from handlers.context import Context
from handlers.lifecycle_plans import (
    HEALTH,
    LIFECYCLE,
    NoLifecycleError,
    NotDefinedError,
    Planned,
    considered,
    edited,
)
from handlers.rulebook import Request
from rules.access import Action, Definitions, Thing
from rules.conditions.terms import Family
from rules.errors import WarmlineError
from rules.lifecycle.definitions import Name
from rules.lifecycle.presets import presets
from storage import audit, definitions, rules
from storage.audit import Entry
from storage.database import Transaction
from templates.views import (
    DefinitionView,
    LifecycleChange,
    LifecyclePreview,
    LifecycleView,
    MoveView,
    VersionView,
)

_DEFINITIONS: Final = Definitions()
_Done = TypeVar("_Done")


class OverwritesError(WarmlineError):
    """Using ``preset`` would overwrite the definitions ``names``, which were edited; it needs to be confirmed."""

    code: ClassVar[str] = "lifecycle_overwrites"


def show(ctx: Context) -> LifecycleView:
    """Give the life cycle in use, with how many customers have each label now, and what could be used."""
    with ctx.database.reading() as tx:
        found, listed = definitions.latest(tx), tuple((one.name, one.about) for one in presets().values())
        if found is None:
            return LifecycleView(0, "", "", "", 0, (), (), listed)
        lifecycle = found.lifecycle
        count = standing.counted(tx, ctx, lifecycle, lifecycle)
        changed = set(edited(lifecycle))
        views = tuple(
            DefinitionView(
                name=str(one.name),
                family=one.name.family.value,
                label=one.name.label,
                condition=one.condition,
                edited=one.name in changed,
                holds=None if count is None else _holds(count, one.name),
            )
            for one in lifecycle.definitions
        )
        return LifecycleView(
            version=found.version,
            preset=lifecycle.preset,
            did=found.did,
            author=found.author,
            at=found.at,
            kinds=lifecycle.kinds,
            definitions=views,
            presets=listed,
            known=None if count is None else count.known,
        )


def history(ctx: Context, name: str) -> tuple[str, list[VersionView]]:
    """Give the versions of a definition, the newest first, under its name; raises `UnknownDefinitionError`."""
    with ctx.database.reading() as tx:
        wanted: Name | str = HEALTH if name.strip().casefold() == HEALTH else Name.read(name)
        found = definitions.history(tx, wanted)
        if not found:
            raise (
                NoLifecycleError(presets=list(presets()))
                if not definitions.current(tx)
                else (NotDefinedError(name=str(wanted)))
            )
        return str(wanted), [VersionView(one.version, one.author, one.at, one.diff) for one in found]


def preview(ctx: Context, planned: Planned, *, most: int | None = None) -> LifecyclePreview:
    """Say what a change would do, were it made now: nothing is changed. Raises what `make` raises.

    Beyond ``most`` customers nobody is counted.
    """
    with ctx.database.reading() as tx:
        change, rules_of = considered(tx, ctx, planned)
        # By how health is worked out nobody moves.
        count = (
            None
            if change.did == HEALTH
            else standing.counted(tx, ctx, change.before, change.after, most=most)
        )
        name = Name.read(change.name) if change.did in ("edit", "remove") else None
        return LifecyclePreview(
            did=change.did,
            name=change.name,
            diff=change.diff,
            source=change.source,
            warnings=change.warnings,
            rules=tuple(name for _, name in rules_of),
            overwritten=change.overwritten,
            known=None if count is None else count.known,
            holds=None if count is None or name is None else _holds(count, name),
            moves=() if count is None else _moves(count),
        )


def make(
    ctx: Context, request: Request, planned: Planned, *, did: str, confirmed: bool = False
) -> LifecycleChange | None:
    """Make a change of the life cycle. None where the request was delivered before.

    Raises `NotAllowedError`, `NoLifecycleError`, `NoPresetError`, `UnknownDefinitionError`, `NotDefinedError`,
    `NotRemovableError`, `LifecycleUnchangedError`, `NothingToUndoError`, `RuleTooLargeError`,
    `rules.conditions.problems.ConditionError`, `rules.conditions.reach.PastHorizonError`, what
    `rules.lifecycle.resolve.refuse_unsound` raises, and `OverwritesError` for what was not ``confirmed``.
    """
    return change(ctx, request, did, lambda tx: store(tx, ctx, request, planned, confirmed=confirmed))


def change(
    ctx: Context,
    request: Request,
    did: str,
    work: Callable[[Transaction], _Done],
    *,
    action: Action = Action.CHANGE_LIFECYCLE,
    thing: Thing = _DEFINITIONS,
) -> _Done | None:
    """Do something to the life cycle once, if allowed; who is not allowed is told, and that is audited."""
    return rule_changes.once(
        ctx,
        request.actor,
        did=f"lifecycle.{did}",
        on=LIFECYCLE,
        change=work,
        key=request.key,
        action=action,
        thing=thing,
    )


def store(
    tx: Transaction, ctx: Context, request: Request, planned: Planned, *, confirmed: bool
) -> LifecycleChange:
    """Make a change in the caller's transaction; whether it is allowed was asked before."""
    hold(tx)
    change, touched = considered(tx, ctx, planned, lock=True)
    if change.overwritten and not confirmed:
        raise OverwritesError(preset=change.name, names=list(change.overwritten))
    rules.set_meaning_edited(tx, [rule_id for rule_id, _ in touched])
    version = definitions.save(
        tx,
        change.after,
        did=change.did,
        author=request.actor.id,
        now=ctx.now(),
        diffs=change.diffs,
        health_diff=change.health_diff,
    )
    diff = change.diff
    on = f"definition:{change.name}" if change.did in ("edit", "remove") else LIFECYCLE
    action = f"lifecycle.{change.did}"
    audit.note(tx, Entry(at=ctx.now(), actor=request.actor.id, action=action, object=on, diff=diff))
    return LifecycleChange(
        did=change.did,
        name=change.name,
        version=version,
        diff=diff,
        rules=tuple(name for _, name in touched),
        source=change.source,
        warnings=change.warnings,
    )


def extreme(found: LifecyclePreview) -> str | None:
    """Say whether ``nobody`` or ``everybody`` would have what an edited definition says; None for neither."""
    if found.did != "edit" or not found.known or found.holds is None:
        return None
    return {0: "nobody", found.known: "everybody"}.get(found.holds)


def hold(tx: Transaction) -> None:
    """Keep rules and definitions as they are for everybody else, until the end of ``tx``."""
    # Rules first, as whoever changes one takes them; then nobody relies on definitions that are about to change.
    rules.lock_all(tx)
    definitions.hold(tx)


def _holds(count: standing.Count, name: Name) -> int | None:
    if name.family is Family.ACTIVE and name.label:
        # What is active for a segment shows in what is active at all, among everybody else.
        return None
    label = name.family.value if name.family is Family.ACTIVE else name.label
    return count.holds[name.family, label]


def _moves(count: standing.Count) -> tuple[MoveView, ...]:
    order = list(Family)
    found: Iterable[tuple[tuple[Family, str | None, str | None], int]] = count.moves.items()
    ranked = sorted(found, key=lambda one: (order.index(one[0][0]), -one[1], str(one[0])))
    return tuple(MoveView(family.value, before, after, n) for (family, before, after), n in ranked if n)
