"""Old alerts of a rule, ended together: open ones keep `db prune` from deleting the events that they rest on."""

from typing import ClassVar, Final

from handlers import rule_changes, rulebook, steps
from handlers.context import Context
from handlers.rulebook import Request
from handlers.steps import Told
from rules.access import Action, Alerting
from rules.alerts.states import Reason, Resolution
from rules.errors import WarmlineError
from storage import alerts, rules
from storage.database import Transaction
from templates.codec import StaleButtonError
from templates.views import OldAlertsView

_AT_ONCE: Final = 250


class NoneSoOldError(WarmlineError):
    """No alert of the rule ``name`` has been open for that long."""

    code: ClassVar[str] = "none_so_old"


def count(ctx: Context, request: Request, name: str, before: int) -> OldAlertsView:
    """Count a rule's alerts that opened before an instant and have not ended; changes nothing.

    Raises `NotAllowedError`, `rulebook.NoRuleError` or `NoneSoOldError`.
    """

    def work(tx: Transaction) -> OldAlertsView:
        rule = rulebook.named(tx, name)
        found = len(alerts.open_before(tx, rule_id=rule.id, before=before))
        if not found:
            raise NoneSoOldError(name=rule.name)
        return OldAlertsView(rule.id, rule.name, before, found, alerts.unresolved_count(tx, rule_id=rule.id))

    counted = rule_changes.once(
        ctx,
        request.actor,
        did="alert.clear",
        on=f"rule:{name[:60]}",
        change=work,
        action=Action.RESOLVE_MANY,
        thing=Alerting(),
    )
    if counted is None:
        raise AssertionError("without a key nothing is a repetition")
    return counted


def clear(ctx: Context, request: Request, rule_id: int, before: int) -> OldAlertsView | None:
    """End them, each told in its message; None where the request was delivered before.

    In transactions of some at a time: who is cut short asks again for the rest. Raises `NotAllowedError`, and
    `StaleButtonError` where nothing is left to be ended.
    """

    def work(tx: Transaction) -> tuple[str, list[int]]:
        rule = rules.by_id(tx, rule_id)
        found = alerts.open_before(tx, rule_id=rule_id, before=before)
        if rule is None or not found:
            raise StaleButtonError
        return rule.name, found

    chosen = rule_changes.once(
        ctx,
        request.actor,
        did="alert.clear",
        on=f"rule:{rule_id}",
        change=work,
        key=request.key,
        action=Action.RESOLVE_MANY,
        thing=Alerting(),
    )
    if chosen is None:
        return None
    name, numbers = chosen
    ended = 0
    for start in range(0, len(numbers), _AT_ONCE):
        with ctx.database.writing() as tx:
            some = alerts.by_ids(tx, numbers[start : start + _AT_ONCE], lock=True).values()
            ended += steps.resolve_all(
                tx,
                [one for one in some if one.unresolved],
                resolution=Resolution.EXPIRED,
                reason=Reason.TOO_OLD,
                told=Told(now=ctx.now(), elapsed=ctx.elapsed(), actor=request.actor.id),
            )
    return OldAlertsView(rule_id, name, before, ended, 0)
