"""The life cycle, as chat and the command line see and change it: every change is a version, audited with its difference.

A rule that means something else by a change is edited by it, in the same transaction. It must not know Slack's
requests, nor how an answer is laid out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from handlers import meaning, rule_changes, standing
from handlers.context import Context
from handlers.rulebook import Request
from rules.access import Action, Definitions, Thing
from rules.conditions.check import Accepted, accept
from rules.conditions.problems import Problem
from rules.conditions.reach import refuse_past
from rules.conditions.suggest import nearest
from rules.conditions.terms import Family
from rules.errors import WarmlineError
from rules.lifecycle.definitions import NO_LIFECYCLE, Definition, Lifecycle, Name
from rules.lifecycle.presets import presets
from rules.lifecycle.resolve import MeaningTooLargeError, meanings, refuse_unsound
from storage import audit, definitions, pruned, rules
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

_LIFECYCLE: Final = "lifecycle"
_DEFINITIONS: Final = Definitions()
_Done = TypeVar("_Done")


class NoLifecycleError(WarmlineError):
    """No life cycle is in use; ``presets`` are those that can be chosen."""

    code: ClassVar[str] = "no_lifecycle_in_use"


class NoPresetError(WarmlineError):
    """There is no preset of this ``name``; ``presets`` are those that there are, ``nearest`` is one like it, or None."""

    code: ClassVar[str] = "no_preset"


class NotDefinedError(WarmlineError):
    """The definition ``name`` is not there: a segment that nobody defined, or that was taken away."""

    code: ClassVar[str] = "not_defined"


class NotRemovableError(WarmlineError):
    """The definition ``name`` belongs to the life cycle; it can be edited, but not taken away."""

    code: ClassVar[str] = "not_removable"


class LifecycleUnchangedError(WarmlineError):
    """A change of ``name`` that leaves everything as it is."""

    code: ClassVar[str] = "lifecycle_unchanged"


class OverwritesError(WarmlineError):
    """Using ``preset`` would overwrite the definitions ``names``, which were edited; it needs to be confirmed."""

    code: ClassVar[str] = "lifecycle_overwrites"


class NothingToUndoError(WarmlineError):
    """There is no version of the life cycle before the one in force."""

    code: ClassVar[str] = "nothing_to_undo"


class RuleTooLargeError(WarmlineError):
    """With these definitions put in, the rule ``name`` would have more than ``limit`` parts."""

    code: ClassVar[str] = "rule_too_large"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of the life cycle: ``did`` says what was asked, ``name`` of what."""

    did: str
    name: str
    before: Lifecycle
    after: Lifecycle
    accepted: Accepted | None = None

    @property
    def diffs(self) -> Mapping[Name, str]:
        """Give for each definition that differs how, in lines of - and +."""
        names = dict.fromkeys(one.name for one in (*self.before.definitions, *self.after.definitions))
        found = {name: _diff(name, self.before.get(name), self.after.get(name)) for name in names}
        return {name: diff for name, diff in found.items() if diff}

    @property
    def overwritten(self) -> tuple[str, ...]:
        """Name what people edited and would be lost."""
        if self.did != "use":
            return ()
        return tuple(str(name) for name in edited(self.before) if name in self.diffs)

    @property
    def source(self) -> str:
        """Give the condition as it was typed, where there is one."""
        return self.accepted.source if self.accepted is not None else ""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Give what its author should know of the condition."""
        return self.accepted.warnings if self.accepted is not None else ()


Planned = Callable[[Transaction], Change]
"""Finds out what is to become of the life cycle in force; raises what stands in the way."""


def using(preset: str) -> Planned:
    """Plan to use a preset: its definitions replace those of its families; segments, which are people's own, stay."""

    def plan(tx: Transaction) -> Change:
        chosen = presets().get(preset.strip().casefold())
        if chosen is None:
            near = nearest(preset[:80], presets())
            raise NoPresetError(name=preset[:80], nearest=near, presets=list(presets()))
        before = definitions.current(tx)
        families = {one.name.family for one in chosen.lifecycle.definitions}
        kept = {one.name: one.condition for one in before.definitions if one.name.family not in families}
        return Change("use", chosen.name, before, chosen.lifecycle.having(kept))

    return plan


def editing(name: str, condition: str, *, entities: bool = False) -> Planned:
    """Plan to give a definition another condition, or to define a segment, or `active` for one."""

    def plan(tx: Transaction) -> Change:
        before, wanted = _in_use(tx), Name.read(name)
        accepted = accept(condition, rule_changes.vocabulary(tx), entities=entities)
        return Change("edit", str(wanted), before, before.having({wanted: accepted.text}), accepted)

    return plan


def removing(name: str) -> Planned:
    """Plan to take a segment's definition away, or what is active for it."""

    def plan(tx: Transaction) -> Change:
        before, wanted = _in_use(tx), Name.read(name)
        if not wanted.is_own:
            raise NotRemovableError(name=str(wanted))
        if before.get(wanted) is None:
            raise NotDefinedError(name=str(wanted))
        return Change("remove", str(wanted), before, before.having({wanted: None}))

    return plan


def undoing(tx: Transaction) -> Change:
    """Plan to go one step back: to the definitions as they were before the last change."""
    latest = definitions.latest(tx)
    older = definitions.version_of(tx, latest.version - 1) if latest is not None else None
    if latest is None or older is None:
        raise NothingToUndoError
    return Change("undo", _LIFECYCLE, latest.lifecycle, older.lifecycle)


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
        wanted = Name.read(name)
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
        change = planned(tx)
        rules_of = _sound(tx, ctx, change)
        count = standing.counted(tx, ctx, change.before, change.after, most=most)
        name = Name.read(change.name) if change.did in ("edit", "remove") else None
        return LifecyclePreview(
            did=change.did,
            name=change.name,
            diff="\n".join(change.diffs.values()),
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
        on=_LIFECYCLE,
        change=work,
        key=request.key,
        action=action,
        thing=thing,
    )


def store(
    tx: Transaction, ctx: Context, request: Request, planned: Planned, *, confirmed: bool
) -> LifecycleChange:
    """Make a change in the caller's transaction; whether it is allowed was asked before."""
    # Rules first, as whoever changes one takes them; then nobody relies on definitions that are about to change.
    rules.lock_all(tx)
    definitions.hold(tx)
    change = planned(tx)
    touched = _sound(tx, ctx, change, lock=True)
    if change.overwritten and not confirmed:
        raise OverwritesError(preset=change.name, names=list(change.overwritten))
    rules.set_meaning_edited(tx, [rule_id for rule_id, _ in touched])
    version = definitions.save(
        tx, change.after, did=change.did, author=request.actor.id, now=ctx.now(), diffs=change.diffs
    )
    diff = "\n".join(change.diffs.values())
    on = f"definition:{change.name}" if change.did in ("edit", "remove") else _LIFECYCLE
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
    if not found.known or found.holds is None:
        return None
    return {0: "nobody", found.known: "everybody"}.get(found.holds)


def edited(lifecycle: Lifecycle) -> tuple[Name, ...]:
    """Name the definitions that differ from those of the preset they were taken from; a segment is nobody's else."""
    preset = presets().get(lifecycle.preset)
    origin = preset.lifecycle if preset is not None else NO_LIFECYCLE
    return tuple(
        one.name
        for one in lifecycle.definitions
        if one.name.family is not Family.SEGMENT and origin.get(one.name) != one
    )


def _in_use(tx: Transaction) -> Lifecycle:
    found = definitions.current(tx)
    if not found:
        raise NoLifecycleError(presets=list(presets()))
    return found


def _diff(name: Name, before: Definition | None, after: Definition | None) -> str:
    if before == after:
        return ""
    lines = [f"- {name}: {before.condition}"] if before is not None else []
    lines += [f"+ {name}: {after.condition}"] if after is not None else []
    return "\n".join(lines)


def _sound(tx: Transaction, ctx: Context, change: Change, *, lock: bool = False) -> list[tuple[int, str]]:
    """Refuse what cannot stand; gives (id, name) of the rules that mean something else by the change."""
    if change.before == change.after:
        raise LifecycleUnchangedError(name=change.name)
    refuse_unsound(change.after)
    horizon, now = pruned.horizon(tx, lock=lock), ctx.now()
    for tree in meanings(change.after).values():
        refuse_past(tree, horizon, now, ctx.calendar)
    touched = []
    for rule in rules.listing(tx):
        condition = rule.body.condition
        try:
            tree = meaning.under(condition, change.after)
        except MeaningTooLargeError as error:
            raise RuleTooLargeError(name=rule.name, limit=error.params["limit"]) from error
        if tree != meaning.under(condition, change.before):
            refuse_past(tree, horizon, now, ctx.calendar)
            touched.append((rule.id, rule.name))
    return touched


def _holds(count: standing.Count, name: Name) -> int | None:
    # What is active for a segment shows in what is active at all.
    label = name.family.value if name.family is Family.ACTIVE else name.label
    return count.holds[name.family, label]


def _moves(count: standing.Count) -> tuple[MoveView, ...]:
    order = list(Family)
    found: Iterable[tuple[tuple[Family, str | None, str | None], int]] = count.moves.items()
    ranked = sorted(found, key=lambda one: (order.index(one[0][0]), -one[1], str(one[0])))
    return tuple(MoveView(family.value, before, after, n) for (family, before, after), n in ranked if n)
