"""What is to become of the life cycle: a preset used, a definition edited or taken away, a change undone; and what stands in the way.

Looked at before it is made, and made as it was looked at. It must not know who asks, nor what is shown of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from handlers import meaning, rule_changes
from handlers.context import Context
from rules.conditions.check import Accepted, accept
from rules.conditions.print import to_text
from rules.conditions.problems import Problem
from rules.conditions.reach import refuse_past
from rules.conditions.rename import renamed
from rules.conditions.suggest import nearest
from rules.conditions.terms import Family
from rules.errors import WarmlineError
from rules.lifecycle.definitions import NO_LIFECYCLE, Definition, Lifecycle, Name
from rules.lifecycle.presets import presets
from rules.lifecycle.resolve import MeaningTooLargeError, meanings
from rules.lifecycle.sound import refuse_unsound
from storage import definitions, processes, pruned, rules
from storage.database import Transaction

LIFECYCLE: Final = "lifecycle"
"""What a change of no single definition is called after."""
HEALTH: Final = "health"
"""What how health is worked out is called, beside the names of definitions."""


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
    def diff(self) -> str:
        """Give all that differs, in lines of - and +."""
        return "\n".join(filter(None, (*self.diffs.values(), self.health_diff)))

    @property
    def health_diff(self) -> str:
        """Give how health is worked out otherwise."""
        before, after = (
            {} if one.health is None else one.health.lines() for one in (self.before, self.after)
        )
        lines = []
        for about in dict.fromkeys((*before, *after)):
            if before.get(about) != after.get(about):
                lines += [f"- {before[about]}"] if about in before else []
                lines += [f"+ {after[about]}"] if about in after else []
        return "\n".join(lines)

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
        names = tuple(str(name) for name in edited(self.before) if name in self.diffs)
        return (*names, HEALTH) if self.health_diff and is_health_edited(self.before) else names

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
        after = under_aliases(chosen.lifecycle, processes.aliases(tx))
        families = {one.name.family for one in after.definitions}
        kept = {one.name: one.condition for one in before.definitions if one.name.family not in families}
        return Change("use", chosen.name, before, after.having(kept))

    return plan


def editing(name: str, condition: str, *, entities: bool = False) -> Planned:
    """Plan to give a definition another condition, or to define a segment, or `active` for one."""

    def plan(tx: Transaction) -> Change:
        before, wanted = in_use(tx), Name.read(name)
        accepted = accept(condition, rule_changes.vocabulary(tx), entities=entities)
        return Change("edit", str(wanted), before, before.having({wanted: accepted.text}), accepted)

    return plan


def removing(name: str) -> Planned:
    """Plan to take a segment's definition away, or what is active for it."""

    def plan(tx: Transaction) -> Change:
        before, wanted = in_use(tx), Name.read(name)
        if not wanted.is_own:
            raise NotRemovableError(name=str(wanted))
        if before.get(wanted) is None:
            raise NotDefinedError(name=str(wanted))
        return Change("remove", str(wanted), before, before.having({wanted: None}))

    return plan


def renaming(source: str, kind: str) -> Planned:
    """Plan to name the kind ``source`` by what it has come to stand for."""

    def plan(tx: Transaction) -> Change:
        before = in_use(tx)
        return Change("alias", source, before, under_aliases(before, {source: kind}))

    return plan


def undoing(tx: Transaction) -> Change:
    """Plan to go one step back: to the definitions as they were before the last change."""
    latest, aliases = definitions.latest(tx), processes.aliases(tx)
    if latest is None:
        raise NothingToUndoError
    version = latest.version - 1
    # A version that only named a kind otherwise reads the same by now: the change before it is meant.
    while (older := definitions.version_of(tx, version)) is not None:
        after = under_aliases(older.lifecycle, aliases)
        if after != latest.lifecycle:
            return Change("undo", LIFECYCLE, latest.lifecycle, after)
        version -= 1
    raise NothingToUndoError


def considered(
    tx: Transaction, ctx: Context, planned: Planned, *, lock: bool = False
) -> tuple[Change, list[tuple[int, str]]]:
    """Find out what is to become of the life cycle, and refuse what cannot stand.

    Gives with it (id, name) of the rules that mean something else by it.
    """
    change = planned(tx)
    return change, _sound(tx, ctx, change, lock=lock)


def edited(lifecycle: Lifecycle) -> tuple[Name, ...]:
    """Name the definitions that differ from those of the preset they were taken from; a segment is nobody's else."""
    preset = presets().get(lifecycle.preset)
    origin = preset.lifecycle if preset is not None else NO_LIFECYCLE
    return tuple(
        one.name
        for one in lifecycle.definitions
        if one.name.family is not Family.SEGMENT and origin.get(one.name) != one
    )


def is_health_edited(lifecycle: Lifecycle) -> bool:
    """Tell whether health is worked out otherwise than the preset says that the life cycle was taken from."""
    preset = presets().get(lifecycle.preset)
    return lifecycle.health is not None and (preset is None or preset.lifecycle.health != lifecycle.health)


def under_aliases(lifecycle: Lifecycle, aliases: Mapping[str, str]) -> Lifecycle:
    """Give the life cycle with the kinds that ``aliases`` name under the names that they stand for."""
    texts = {one.name: to_text(renamed(one.tree, aliases)) for one in lifecycle.definitions}
    kinds = tuple(dict.fromkeys(aliases.get(kind, kind) for kind in lifecycle.kinds))
    health = None if lifecycle.health is None else lifecycle.health.under_aliases(aliases)
    return replace(lifecycle.having(texts), kinds=kinds, health=health)


def in_use(tx: Transaction) -> Lifecycle:
    """Give the life cycle in force; raises `NoLifecycleError`."""
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
        refuse_past(tree, horizon, now, ctx.calendar, fitted=False)
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
