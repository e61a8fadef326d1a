"""The processes and their key events, as chat and the command line see and change them: every change is audited.

An alias makes what a source calls one kind another: rules that name it are edited in the same transaction, and events
that are stored under it move with the next sweep, before it looks at anybody. It must not know how an answer is laid
out.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Final, TypeVar

from handlers import kind_moves, lifecycle, lifecycle_plans, rule_changes
from handlers.context import Context
from handlers.rulebook import Request
from rules.alerts.rule import RuleState
from rules.conditions.check import accept
from rules.conditions.names import name_of
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.rename import renamed
from rules.errors import WarmlineError
from rules.lifecycle.processes import (
    LONGEST_TELLS,
    KeyEvent,
    KindIsAliasError,
    NoAliasError,
    NotAssignedError,
)
from storage import audit, customers, definitions, events, processes, pruned, rules
from storage.audit import Entry
from storage.database import Transaction
from storage.processes import By
from templates.views import AuditView, KeyEventView, KindChange, ProcessesView, ProcessView

_CHANGED = TypeVar("_CHANGED")
_ACTIONS: Final = {"assign": "lifecycle.assign", "unassign": "lifecycle.unassign", "alias": "lifecycle.alias"}


class TellsTooLongError(WarmlineError):
    """What a kind tells has ``length`` characters, and may have ``limit``."""

    code: ClassVar[str] = "tells_too_long"


class AliasHasEventsError(WarmlineError):
    """``n`` events are stored as ``source``: to become ``kind``, they have to move, and cannot be told apart again."""

    code: ClassVar[str] = "alias_has_events"


class AliasWhilePruningError(WarmlineError):
    """Old events are being pruned, or a pruning was cut short: nothing moves meanwhile."""

    code: ClassVar[str] = "alias_while_pruning"


class SameAssignmentError(WarmlineError):
    """The ``kind`` belongs to ``process`` already, and tells the same."""

    code: ClassVar[str] = "same_assignment"


def listing(ctx: Context) -> ProcessesView:
    """Give every process with its key events, the kinds seen that belong to none, and the aliases."""
    with ctx.database.reading() as tx:
        catalogue, counted = processes.catalogue(tx), events.kinds(tx)
        pending = {move.source for move in kind_moves.pending(tx)}
    return ProcessesView(
        processes=tuple(
            ProcessView(
                process,
                tuple(
                    KeyEventView(event.kind, counted.get(event.kind, 0), event.tells)
                    for event in catalogue.key_events(process.name)
                ),
            )
            for process in catalogue.processes
        ),
        unassigned=tuple(KeyEventView(kind, counted[kind]) for kind in catalogue.unassigned(counted)),
        aliases=tuple(sorted(catalogue.aliases.items())),
        moving=tuple(sorted(pending)),
    )


def unassigned(tx: Transaction) -> tuple[str, ...]:
    """Give the kinds that the data has shown and that belong to no process."""
    return processes.catalogue(tx).unassigned(events.kinds(tx))


def history(ctx: Context, kind: str) -> tuple[str, list[AuditView]]:
    """Give who changed what of a kind, the newest first, under its canonical name."""
    name = name_of(kind)
    with ctx.database.reading() as tx:
        found = audit.of(tx, f"kind:{name}")
    return name, [AuditView(one.at, one.actor, one.action, one.diff) for one in found]


def assign(ctx: Context, request: Request, *, kind: str, process: str, tells: str = "") -> KindChange | None:
    """Put a kind into a process; without ``tells`` it keeps what it told. None where the request came before.

    Raises `NotAllowedError`, `BadNameError`, `UnknownProcessError`, `KindIsAliasError`, `TellsTooLongError` or
    `SameAssignmentError`.
    """
    name, said = name_of(kind), " ".join(tells.split())
    if len(said) > LONGEST_TELLS:
        raise TellsTooLongError(length=len(said), limit=LONGEST_TELLS)

    def work(tx: Transaction) -> KindChange:
        catalogue = processes.catalogue(tx)
        wanted = catalogue.process(process).name
        if name in catalogue.aliases:
            raise KindIsAliasError(source=name, kind=catalogue.meaning(name))
        before = catalogue.events.get(name)
        after = KeyEvent(name, wanted, said or (before.tells if before else ""))
        if after == before:
            raise SameAssignmentError(kind=name, process=wanted)
        processes.assign(tx, after, By(request.actor.id, ctx.now()))
        _audit(tx, ctx, request, did="assign", name=name, diff=_difference(_told(before), _told(after)))
        return KindChange("assign", name, process=wanted, seen=name in events.kinds(tx))

    return _once(ctx, request, "assign", name, work)


def unassign(ctx: Context, request: Request, *, kind: str) -> KindChange | None:
    """Take a kind out of its process. Raises `NotAllowedError`, `BadNameError` or `NotAssignedError`."""
    name = name_of(kind)

    def work(tx: Transaction) -> KindChange:
        before = processes.catalogue(tx).events.get(name)
        if before is None:
            raise NotAssignedError(kind=name)
        processes.unassign(tx, name, By(request.actor.id, ctx.now()))
        _audit(tx, ctx, request, did="unassign", name=name, diff=_difference(_told(before), {}))
        return KindChange("unassign", name, process=before.process)

    return _once(ctx, request, "unassign", name, work)


def alias(ctx: Context, request: Request, *, source: str, kind: str, move: bool = False) -> KindChange | None:
    """Let the name ``source`` stand for ``kind``: in what comes, in rules, and, with ``move``, in what is stored.

    Raises `NotAllowedError`, `BadNameError`, `AliasOfItselfError`, `AliasHasEventsError` without ``move``,
    `AliasWhilePruningError`, and what an edit of a rule raises; nothing is changed then.
    """
    name, meant = name_of(source), name_of(kind)

    def work(tx: Transaction) -> KindChange:
        # Intakes under way end before, and those that come see the alias: nothing is stored under the old name again.
        customers.hold_off(tx, alone=True)
        pruned.hold(tx)
        catalogue = processes.catalogue(tx)
        changed = catalogue.with_alias(name, meant)
        target = changed.meaning(name)
        waiting = kind_moves.stored(tx, name)
        if waiting and not move:
            raise AliasHasEventsError(source=name, kind=target, n=waiting)
        if waiting and not pruned.is_through(tx):
            raise AliasWhilePruningError
        for one, means in changed.aliases.items():
            if catalogue.aliases.get(one) != means:
                processes.alias(tx, one, means, By(request.actor.id, ctx.now()))
                was = {"alias of": catalogue.aliases.get(one, "")}
                _audit(tx, ctx, request, did="alias", name=one, diff=_difference(was, {"alias of": means}))
        edited = _rename_in_rules(tx, ctx, request, {name: target})
        _rename_in_definitions(tx, ctx, request, name, target)
        return KindChange("alias", name, meaning=target, rules=edited, moving=waiting)

    return _once(ctx, request, "alias", name, work)


def unalias(ctx: Context, request: Request, *, source: str) -> KindChange | None:
    """Let the name ``source`` stand for itself again, in what comes from now on; what came stays what it became.

    Raises `NotAllowedError`, `BadNameError`, `NoAliasError`, or `MovePendingError` where events are on their way.
    """
    name = name_of(source)

    def work(tx: Transaction) -> KindChange:
        customers.hold_off(tx, alone=True)
        catalogue = processes.catalogue(tx)
        if name not in catalogue.aliases:
            raise NoAliasError(source=name, aliases=sorted(catalogue.aliases))
        kind_moves.refuse_while_pending(tx)
        processes.alias(tx, name, None, By(request.actor.id, ctx.now()))
        meant = catalogue.meaning(name)
        _audit(tx, ctx, request, did="alias", name=name, diff=_difference({"alias of": meant}, {}))
        return KindChange("unalias", name, meaning=meant)

    return _once(ctx, request, "alias", name, work)


def _rename_in_rules(
    tx: Transaction, ctx: Context, request: Request, aliases: dict[str, str]
) -> tuple[str, ...]:
    """Edit every rule that names an alias, as a manager would: a version of its own, and alerts kept where it holds."""
    edited = []
    for listed in rules.listing(tx):
        after = renamed(parse(listed.body.condition), aliases)
        rule = rules.by_name(tx, listed.name, lock=True)
        if rule is None or to_text(after) == rule.body.condition or rule.state is RuleState.REMOVED:
            continue
        # A longer name may make a text too long to be read again.
        text = accept(to_text(after), rule_changes.vocabulary(tx)).text
        rule_changes.edit(tx, ctx, request.actor, rule, replace(rule.body, condition=text))
        edited.append(rule.name)
    return tuple(edited)


def _rename_in_definitions(tx: Transaction, ctx: Context, request: Request, source: str, kind: str) -> None:
    """Name the kind in the definitions of the life cycle too, as their next version."""
    planned = lifecycle_plans.renaming(source, kind)
    if definitions.current(tx) and planned(tx).before != planned(tx).after:
        lifecycle.store(tx, ctx, request, planned, confirmed=True)


def _once(
    ctx: Context, request: Request, did: str, name: str, work: Callable[[Transaction], _CHANGED]
) -> _CHANGED | None:
    return rule_changes.once(
        ctx, request.actor, did=_ACTIONS[did], on=f"kind:{name}", change=work, key=request.key
    )


def _audit(tx: Transaction, ctx: Context, request: Request, *, did: str, name: str, diff: str) -> None:
    audit.note(
        tx,
        Entry(at=ctx.now(), actor=request.actor.id, action=_ACTIONS[did], object=f"kind:{name}", diff=diff),
    )


def _told(event: KeyEvent | None) -> dict[str, str]:
    return {} if event is None else {"process": event.process, "tells": event.tells}


def _difference(before: dict[str, str], after: dict[str, str]) -> str:
    names = dict.fromkeys((*before, *after))
    lines = []
    for name in names:
        was, is_now = before.get(name, ""), after.get(name, "")
        if was != is_now:
            lines += [f"- {name}: {was}"] if was else []
            lines += [f"+ {name}: {is_now}"] if is_now else []
    return "\n".join(lines)
