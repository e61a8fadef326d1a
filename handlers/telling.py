"""Telling: which of the alerts that nobody has been told of are told now, in which messages, and what holds the others back.

What is decided stands in `rules.alerts.pipeline`; here is what its stages look at, and what follows. An alert that no
message tells is a row of the database like any other: whoever is cut short is made up for by the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from handlers import channels, hushed, meaning, routing, sources, spending
from handlers.channels import NOWHERE
from handlers.context import Context
from rules.alerts import pipeline
from rules.alerts.pipeline.group import Bundle, Shape
from rules.alerts.pipeline.stage import Around, Held, Stage, Untold
from rules.alerts.retry import Delivery
from rules.alerts.route import Place
from rules.alerts.rule import RuleState
from rules.alerts.states import Reason
from storage import attention, definitions, outbox, rules, suppressions, threads
from storage import untold as queue
from storage.alerts import Alert
from storage.database import Transaction
from storage.outbox import Call, New, Subject
from storage.rules import Rule
from storage.suppressions import Suppression

_SUBJECTS: Final = {
    Shape.ALERT: Subject.ALERT,
    Shape.GROUP: Subject.GROUP,
    Shape.CUSTOMER: Subject.CUSTOMER,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What was told: how many messages were asked for, and how many alerts are held back."""

    messages: int = 0
    held: int = 0


def tell(ctx: Context, *, now: int) -> Telling:
    """Send every alert that is due through the pipeline as of ``now``; to be called by who holds the sweep's lock."""
    with ctx.database.reading() as tx:
        waiting = watched(tx, queue.waiting(tx, now=now, never_again=Stage.BUDGET))
        if not waiting:
            return Telling()
        taken = routing.taken(tx, ctx, waiting, now)
    places = routing.places(ctx, taken)
    with ctx.database.reading() as tx:
        untold = _untold(tx, ctx, waiting, now, places=places)
        around = _around(tx, ctx, untold, now)
    told = pipeline.run(untold, around)
    for bundle in told.bundles:
        with ctx.database.writing() as tx:
            _post(tx, ctx, bundle, around)
    with ctx.database.writing() as tx:
        hold(tx, told.held, waiting, now)
    return Telling(len(told.bundles), len(told.held))


def watched(tx: Transaction, some: Iterable[Alert]) -> list[Alert]:
    """Give the alerts whose rules are watched: of a paused one nobody can say whether it is still so."""
    active = {rule.id for rule in rules.listing(tx, states=[RuleState.ACTIVE])}
    return [one for one in some if one.rule_id in active]


def looked_at(tx: Transaction, ctx: Context, some: Sequence[Alert], now: int) -> tuple[list[Untold], Around]:
    """Give alerts as the pipeline looks at them, without what their customers are worth, and what its stages look at.

    Slack is not asked for owners: their alerts count for the channel that they would be told in without a route.
    """
    places = routing.places(ctx, routing.taken(tx, ctx, some, now), ask=False)
    untold = _untold(tx, ctx, some, now, places=places, valued=False)
    return untold, _around(tx, ctx, untold, now)


def _untold(
    tx: Transaction,
    ctx: Context,
    waiting: Iterable[Alert],
    now: int,
    *,
    places: Mapping[int, Place],
    valued: bool = True,
) -> list[Untold]:
    """Give alerts as the pipeline looks at them; those without a place are left for the next tick.

    Unless ``valued``, without what their customers are worth.
    """
    waiting = [one for one in waiting if one.id in places]
    by_id: dict[int, Rule | None] = {
        rule_id: rules.by_id(tx, rule_id) for rule_id in {one.rule_id for one in waiting}
    }
    worth = spending.totals(tx, ctx, {one.customer_id for one in waiting}, now) if valued else {}
    made = []
    for one in waiting:
        rule = by_id[one.rule_id]
        if rule is None:
            raise LookupError(f"alert {one.id} is of no rule")
        made.append(
            Untold(
                alert_id=one.id,
                customer_id=one.customer_id,
                rule_id=rule.id,
                rule=rule.name,
                severity=rule.body.severity,
                reason=one.reason,
                opened_at=one.opened_at,
                channel=places[one.id].channel or NOWHERE,
                value=worth.get(one.customer_id, 0),
                snoozed_until=one.snoozed_until,
                snoozed_by=one.snoozed_by,
                thread=places[one.id].thread,
                nobody=places[one.id].nobody,
            )
        )
    return made


def _around(tx: Transaction, ctx: Context, untold: Sequence[Untold], now: int) -> Around:
    """Gather what the stages look at."""
    said = channels.said_of(tx, {one.channel for one in untold})
    stale = _stale(tx, untold)
    # What nobody can say is so does not hide what is.
    doubtful = {one.alert_id for one in untold if one.rule_id in stale}
    around = Around(
        now=now,
        channels=said.settings,
        places=said.places,
        zone=ctx.calendar.zone.key,
        hiding=hushed.hiding(tx, untold, but=doubtful),
        silences=hushed.silenced(tx, ctx, {one.customer_id for one in untold}, now),
        stale=stale,
    )
    return replace(around, spent=_spent(tx, around))


def _spent(tx: Transaction, around: Around) -> dict[str, int]:
    """Count what each channel was told today, by its own calendar."""
    return attention.spent(tx, {around.place(name): _day(around, name) for name in around.channels})


def _stale(tx: Transaction, untold: Iterable[Untold]) -> Mapping[int, str]:
    """Give the sources that have stopped, by the rules that look at what they send."""
    lifecycle = definitions.current(tx)
    conditions = {
        rule_id: meaning.under(rule.body.condition, lifecycle)
        for rule_id in {one.rule_id for one in untold}
        if (rule := rules.by_id(tx, rule_id)) is not None
    }
    return sources.stale_rules(tx, conditions)


def _day(around: Around, channel: str) -> str:
    return around.calendar(channel).date_of(around.now).isoformat()


def _post(tx: Transaction, ctx: Context, bundle: Bundle, around: Around) -> None:
    """Ask for the message that tells these alerts; those that have ended meanwhile are told no more."""
    still = {one.id for one in queue.still(tx, [one.alert_id for one in bundle.alerts])}
    members = [one for one in bundle.alerts if one.alert_id in still]
    if not members:
        return
    first = members[0]
    one_rule, alone = bundle.shape is not Shape.CUSTOMER, bundle.shape is Shape.ALERT
    channel = channels.named(bundle.channel)
    head = _thread(tx, ctx, bundle, members, around)
    root = outbox.add(
        tx,
        New(
            call=Call.POST if head is None else Call.REPLY,
            subject=_SUBJECTS[bundle.shape],
            channel=channel,
            root=head,
            payload={} if first.nobody is None else {"nobody": first.nobody},
            rule_id=first.rule_id if one_rule else None,
            customer_id=first.customer_id if bundle.shape is not Shape.GROUP else None,
            alert_id=first.alert_id if alone else None,
        ),
        now=ctx.elapsed(),
    )
    queue.tell(tx, [one.alert_id for one in members], root=root, now=around.now)
    # A backlog is one message that somebody asked for, whatever the day.
    counted = sum(one.reason is not Reason.BACKLOG for one in members)
    attention.spend(tx, [(around.place(bundle.channel), _day(around, bundle.channel), counted)])


def _thread(
    tx: Transaction, ctx: Context, bundle: Bundle, members: Iterable[Untold], around: Around
) -> int | None:
    """Give the message under which these are told, where routes lead all of them to the thread of a day."""
    if not all(one.thread for one in members):
        return None
    channel, day = channels.named(bundle.channel), _day(around, bundle.channel)
    head = threads.root(tx, channel, day)
    # Under a message that never came to stand there, nothing would ever be read.
    if head is not None and outbox.get(tx, head).state not in (Delivery.DEAD, Delivery.EXPIRED):
        return head
    head = outbox.add(
        tx,
        New(call=Call.POST, subject=Subject.THREAD, channel=channel, payload={"day": day}),
        now=ctx.elapsed(),
    )
    threads.note(tx, channel, day, head)
    return head


def hold(tx: Transaction, held: Sequence[Held], waiting: Iterable[Alert], now: int) -> None:
    """Note what holds alerts back, where it is something else than before."""
    if not held:
        return
    before = {one.id: one for one in waiting}
    last = suppressions.latest(tx, [(one.alert.customer_id, one.alert.alert_id) for one in held])
    fresh: list[Suppression] = []
    moved: list[tuple[int, str, int | None]] = []
    for one in held:
        alert, previous = before[one.alert.alert_id], last.get(one.alert.alert_id)
        noted = Suppression(
            customer_id=one.alert.customer_id,
            alert_id=one.alert.alert_id,
            seq=previous.seq + 1 if previous else 1,
            at=now,
            stage=one.stage,
            why=one.why,
            until=one.until,
            actor=one.actor,
            by=one.by,
        )
        if previous is None or alert.held_by is None or previous.cause != noted.cause:
            fresh.append(noted)
        if (alert.held_by, alert.look_again_at) != (str(one.stage), one.look_again_at):
            moved.append((one.alert.alert_id, str(one.stage), one.look_again_at))
    suppressions.add_all(tx, fresh)
    queue.hold_back(tx, moved)
