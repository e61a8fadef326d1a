"""What stands in the way of a rule's messages is noted with the rule, and told once to whoever can mend it.

A rule's owner is told of its channel, managers of the installation and of channels that are no rule's own. In transactions of their own: a rule's row is not
to be waited for while a message's is held. It must not know Slack's client, nor how a notice is worded.
"""

from handlers.context import Context
from handlers.managers import owner_of, tell_everyone, tell_managers
from rules.alerts.retry import (
    DEAD_CHANNEL,
    OF_THE_CHANNEL,
    RATE_LIMITED,
    Delivery,
    Outcome,
    Remedy,
)
from rules.instants import DAY
from storage import inbox, rules
from storage.database import Transaction
from storage.outbox import Call, Message, Subject
from storage.rules import Rule


def tell(ctx: Context, message: Message, outcome: Outcome) -> None:
    """Note and tell what an attempt has shown, where it is trouble that nobody was told of yet."""
    if outcome.remedy is Remedy.TELL_STUCK:
        _tell_stuck(ctx, message, outcome)
        return
    dead = outcome.state is Delivery.DEAD
    if not dead and (outcome.remedy is Remedy.NOTHING or outcome.reason == RATE_LIMITED):
        return
    # Of edits and replies only the lost ones are told: they may be about a channel that the rule has left.
    if not dead and (not message.can_stand_alone or message.rerouted):
        return
    with ctx.database.writing() as tx:
        rule = rules.by_id(tx, message.rule_id) if message.rule_id is not None else None
        if _is_of_another(ctx, rule, message, outcome):
            _tell_of_channel(tx, ctx, message, outcome)
            return
        if rule is None or not rules.set_degraded(tx, rule.id, outcome.reason):
            return
        params: dict[str, object] = {
            "rule": rule.name,
            "channel": message.channel,
            "error": outcome.reason,
        }
        params |= {"lost": True} if dead else {}
        of_channel = outcome.reason in OF_THE_CHANNEL
        to = owner_of(rule.author, ctx) if of_channel or dead else ctx.managers
        tell_everyone(
            tx, ctx, to, "delivery_trouble", params, about=rule.id, choose=rule.id if of_channel else None
        )


def _is_of_another(ctx: Context, rule: Rule | None, message: Message, outcome: Outcome) -> bool:
    """Say whether trouble is a channel's that is no rule's own: of a digest, a customer's message, a route, a step."""
    if rule is None:
        lost = outcome.state is Delivery.DEAD
        return message.subject is not Subject.NOTICE and (lost or outcome.reason in OF_THE_CHANNEL)
    default = ctx.default_channel
    own = (rule.body.channel or default) == (message.channel or default)
    return not own and outcome.state is not Delivery.DEAD and outcome.reason in OF_THE_CHANNEL


def _tell_of_channel(tx: Transaction, ctx: Context, message: Message, outcome: Outcome) -> None:
    """Tell managers, once a day, that a channel does not take messages: nobody else knows why they go there."""
    channel, now = message.channel or ctx.default_channel, ctx.elapsed()
    if not inbox.first_time(tx, f"trouble:{channel}:{outcome.reason}:{now // DAY}", now=now):
        return
    params: dict[str, object] = {"channel": channel, "error": outcome.reason}
    params |= {"lost": True} if outcome.state is Delivery.DEAD else {}
    tell_managers(tx, ctx, "channel_trouble", params)


def recovered(ctx: Context, message: Message) -> None:
    """Note that a rule's messages reach their channel again."""
    if message.rule_id is None or message.call is not Call.POST or message.rerouted or message.plain:
        return
    with ctx.database.reading() as tx:
        rule = rules.by_id(tx, message.rule_id)
    # What was told elsewhere says nothing of the rule's channel.
    default = ctx.default_channel
    if rule is None or (rule.body.channel or default) != (message.channel or default):
        return
    if rule.degraded is not None:
        with ctx.database.writing() as tx:
            rules.set_degraded(tx, rule.id, None)


def pass_on(ctx: Context, message: Message, error: str) -> bool:
    """Tell managers what an owner cannot be told any more, who has left perhaps; False where that is no help."""
    if message.subject is not Subject.NOTICE or error not in DEAD_CHANNEL:
        return False
    if "about" not in message.payload or message.channel in ctx.managers:
        return False
    with ctx.database.writing() as tx:
        tell_everyone(
            tx,
            ctx,
            ctx.managers,
            str(message.payload["code"]),
            message.payload["params"],
            about=message.payload["about"],
            choose=message.payload.get("choose"),
        )
    return True


def _tell_stuck(ctx: Context, message: Message, outcome: Outcome) -> None:
    if message.rule_id is None:
        return
    with ctx.database.writing() as tx:
        rule = rules.by_id(tx, message.rule_id)
        if rule is None:
            return
        error = outcome.reason.removeprefix("unreadable:")
        params = {"rule": rule.name, "channel": message.channel, "error": error}
        to = ctx.managers | owner_of(rule.author, ctx)
        tell_everyone(tx, ctx, to, "delivery_stuck", params, about=rule.id)
