"""Rules change, in the caller's transaction: each change is stored with its version or state, and audited.

The one place that does it, for single changes and for whole rule books. What the change is was decided elsewhere, and
so was who asks; whether that person may is asked here.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Final, TypeVar

from handlers import meaning, steps
from handlers.context import Context
from handlers.steps import Told
from rules import access
from rules.access import Action, Actor, NotAllowedError, Rulebook, Thing
from rules.alerts.pipeline.stage import Stage
from rules.alerts.rule import RuleBody, RuleState, difference
from rules.alerts.states import Reason, Resolution
from rules.conditions.check import Vocabulary
from rules.conditions.reach import refuse_past
from rules.conditions.terms import Score
from rules.instants import LATEST
from rules.lifecycle.fit import unanswered
from storage import (
    alerts,
    audit,
    carriage,
    customers,
    definitions,
    events,
    fits,
    health,
    inbox,
    matches,
    pace,
    processes,
    pruned,
    retry,
    rules,
    timers,
)
from storage.audit import Entry
from storage.database import Transaction
from storage.rules import Rule

_DID: Final = {RuleState.PAUSED: "pause", RuleState.ACTIVE: "resume"}

_RULES: Final = Rulebook()
_Changed = TypeVar("_Changed")


def once(
    ctx: Context,
    actor: Actor,
    *,
    did: str,
    on: str,
    change: Callable[[Transaction], _Changed],
    key: str | None = None,
    action: Action = Action.CHANGE_RULES,
    thing: Thing = _RULES,
) -> _Changed | None:
    """Do a change in one transaction, if allowed; who is not allowed is told, and that is audited as ``did`` ``on``.

    ``key`` is the same in every repetition of a request that may come twice: None where it came before. Raises
    `NotAllowedError` and `storage.errors.DatabaseTroubleError` besides what ``change`` raises; nothing is changed then.
    """

    def work(tx: Transaction) -> _Changed | NotAllowedError | None:
        if key is not None and not inbox.first_time(tx, key, now=ctx.elapsed()):
            return None
        try:
            access.authorize(actor, action, thing, managers=ctx.managers)
        except NotAllowedError as error:
            audit.refuse(tx, at=ctx.now(), actor=actor.id, action=did, on=on)
            return error
        return change(tx)

    changed = retry.writing(ctx.database, work)
    if isinstance(changed, NotAllowedError):
        raise changed
    return changed


def add(tx: Transaction, ctx: Context, actor: Actor, *, name: str, body: RuleBody) -> Rule:
    """Store a new rule, active.

    Raises `storage.rules.RuleExistsError` or `rules.conditions.reach.PastHorizonError`.
    """
    within_horizon(tx, ctx, body.condition)
    diff = difference(None, body)
    rule = rules.add(tx, name=name, body=body, author=actor.id, now=ctx.now(), diff=diff)
    _audit(tx, ctx, actor, action="rule.add", name=name, diff=diff)
    return rule


def edit(tx: Transaction, ctx: Context, actor: Actor, rule: Rule, body: RuleBody) -> Rule:
    """Store the next version of ``rule``, which the caller has locked; ``body`` differs from what it says now.

    Raises `rules.conditions.reach.PastHorizonError`.
    """
    within_horizon(tx, ctx, body.condition)
    diff = difference(rule.body, body)
    edited = rules.edit(tx, rule, body=body, author=actor.id, now=ctx.now(), diff=diff)
    if body.channel != rule.body.channel:
        _redirect(tx, ctx, rule, body.channel)
    if (rule.body.remind, rule.body.escalate) != (body.remind, body.escalate):
        alerts.nag_anew(tx, rule.id, now=ctx.now())
    _audit(tx, ctx, actor, action="rule.edit", name=rule.name, diff=diff)
    return edited


def _redirect(tx: Transaction, ctx: Context, rule: Rule, channel: str) -> None:
    """Let what waits for the channel that ``rule`` had go to its new one at once; nothing is known against that one."""
    was, now = {rule.body.channel, rule.body.channel or ctx.default_channel}, channel or ctx.default_channel
    carriage.redirect(tx, rule.id, was=was, channel=now, now=ctx.elapsed())
    pace.free(tx, now)
    rules.set_degraded(tx, rule.id, None)
    alerts.look_again(tx, [Stage.QUIET, Stage.BUDGET], now=ctx.now(), rule_id=rule.id)


def set_state(tx: Transaction, ctx: Context, actor: Actor, rule: Rule, state: RuleState) -> None:
    """Pause or resume ``rule``, which the caller has locked and found in the other state.

    Raises `rules.conditions.reach.PastHorizonError` for one that is to be watched again.
    """
    if state is RuleState.ACTIVE:
        within_horizon(tx, ctx, rule.body.condition)
    rules.set_state(tx, rule, state)
    if state is RuleState.ACTIVE:
        alerts.nag_anew(tx, rule.id, now=ctx.now())
    diff = f"- state: {rule.state}\n+ state: {state}"
    _audit(tx, ctx, actor, action=f"rule.{_DID[state]}", name=rule.name, diff=diff)


def remove(tx: Transaction, ctx: Context, actor: Actor, rule: Rule) -> int:
    """Remove ``rule``, which the caller has locked; gives how many alerts of it ended, each told in its message."""
    rules.set_state(tx, rule, RuleState.REMOVED)
    closed = steps.resolve_all(
        tx,
        alerts.unresolved(tx, rule_id=rule.id, lock=True),
        resolution=Resolution.RULE_CHANGED,
        reason=Reason.RULE_REMOVED,
        told=Told(now=ctx.now(), elapsed=ctx.elapsed(), actor=actor.id),
    )
    matches.forget_rule(tx, rule.id)
    timers.forget_rule(tx, rule.id)
    gone = "\n".join(f"- {field.name}: {getattr(rule.body, field.name)}" for field in fields(RuleBody))
    _audit(tx, ctx, actor, action="rule.remove", name=rule.name, diff=gone)
    return closed


def vocabulary(tx: Transaction) -> Vocabulary:
    """Give the names that the data has shown and those that are defined, and which stand for others."""
    return Vocabulary(
        frozenset(events.kinds(tx)),
        frozenset(customers.attribute_names(tx)),
        labels=definitions.current(tx).labels(),
        aliases=processes.aliases(tx),
        unfitted=unfitted(tx),
        unrated=health.last_run(tx) is None,
    )


def unfitted(tx: Transaction) -> dict[Score, dict[str, object]]:
    """Give the values that are known of nobody, whenever it is asked, each with what is lacking."""
    lacks = unanswered(fits.in_force(tx, LATEST), fits.latest(tx))
    return {name: {"what": one.what.value, "have": one.have, "need": one.need} for name, one in lacks.items()}


def within_horizon(tx: Transaction, ctx: Context, condition: str) -> None:
    """Raise `rules.conditions.reach.PastHorizonError` where a condition looks past the horizon, which stays put.

    So do the definitions that it refers to. Raises `rules.lifecycle.resolve.MeaningTooLargeError` where they make it
    too large.
    """
    tree = meaning.of(tx, condition, lock=True)
    refuse_past(tree, pruned.horizon(tx, lock=True), ctx.now(), ctx.calendar)


def _audit(tx: Transaction, ctx: Context, actor: Actor, *, action: str, name: str, diff: str) -> None:
    audit.note(tx, Entry(at=ctx.now(), actor=actor.id, action=action, object=f"rule:{name}", diff=diff))
