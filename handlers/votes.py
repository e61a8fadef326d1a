"""What people say of alerts they were told: useful or not, once each, and changed as often as they like."""

from handlers.context import Context
from rules import access
from rules.access import Action, Actor, AlertOf
from rules.errors import WarmlineError
from storage import alerts, inbox, retry, votes
from storage.database import Transaction
from templates.codec import USEFUL, StaleButtonError, Value


def vote(ctx: Context, *, actor: Actor, value: Value, key: str) -> bool | None:
    """Note what ``actor`` says of an alert, and give it; None where the press was delivered before.

    Raises `StaleButtonError` for an alert that is not there or that nobody was asked about, and `NotAllowedError`.
    """

    def work(tx: Transaction) -> bool | WarmlineError | None:
        if not inbox.first_time(tx, key, now=ctx.elapsed()):
            return None
        alert = alerts.by_id(tx, value.subject)
        if alert is None or (alert.unresolved and alert.claimed_at is None):
            return StaleButtonError()
        access.authorize(actor, Action.VOTE, AlertOf(alert.claimed_by), managers=ctx.managers)
        useful = value.choice == USEFUL
        votes.say(
            tx,
            customer_id=alert.customer_id,
            alert_id=alert.id,
            rule_id=alert.rule_id,
            voter=actor.id,
            useful=useful,
            now=ctx.now(),
        )
        return useful

    said = retry.writing(ctx.database, work)
    if isinstance(said, WarmlineError):
        raise said
    return said
