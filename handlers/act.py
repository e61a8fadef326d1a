"""What a person does to an alert by pressing a button: once, if allowed, and told in the alert's message.

It must not know Slack's requests, nor how anything is laid out.
"""

from dataclasses import dataclass

from handlers import steps
from handlers.context import Context
from handlers.steps import Told
from handlers.waking import baseline
from rules import access
from rules.access import Action, Actor, AlertOf, NotAllowedError
from rules.alerts import person
from rules.alerts.evidence import Evidence
from rules.alerts.person import Now, PersonDecision, Snooze
from rules.alerts.states import Resolution, Verb
from rules.errors import WarmlineError
from storage import alerts, audit, inbox, retry
from storage.alerts import Alert, Step
from storage.database import Transaction
from templates.codec import Press, StaleButtonError, Value

_ACTIONS = {
    Press.CLAIM: Action.CLAIM,
    Press.UNCLAIM: Action.UNCLAIM,
    Press.SNOOZE: Action.SNOOZE,
    Press.RESOLVE: Action.RESOLVE,
}


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of a press: the alert as it stands now; ``repeated`` where Slack delivered the press before."""

    alert: Alert | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What was said beside a press: until when (an instant), and why."""

    until: int | None = None
    note: str = ""


_NOTHING = Said()


def act(ctx: Context, *, actor: Actor, value: Value, key: str, said: Said = _NOTHING) -> Acted:
    """Do what a button asks for. ``key`` is the same in every repetition of one press.

    Raises `StaleButtonError` for an alert that is not there, `NotAllowedError`, the errors of `rules.alerts.person`, and
    `storage.errors.DatabaseTroubleError`. A press that was refused is remembered as well, and refused once.
    """

    def work(tx: Transaction) -> Acted | WarmlineError:
        if not inbox.first_time(tx, key, now=ctx.elapsed()):
            return Acted(None, repeated=True)
        try:
            return Acted(_act(tx, ctx, actor, value, said))
        except NotAllowedError as error:
            audit.refuse(
                tx, at=ctx.now(), actor=actor.id, action=str(value.press), on=f"alert:{value.subject}"
            )
            return error
        except WarmlineError as error:
            return error

    acted = retry.writing(ctx.database, work)
    if isinstance(acted, WarmlineError):
        raise acted
    return acted


def _act(tx: Transaction, ctx: Context, actor: Actor, value: Value, said: Said) -> Alert:
    alert = alerts.by_id(tx, value.subject, lock=True)
    if alert is None or value.press not in _ACTIONS:
        raise StaleButtonError
    access.authorize(actor, _ACTIONS[value.press], AlertOf(alert.claimed_by), managers=ctx.managers)
    now = ctx.now()
    decision = _decide(ctx, alert, actor, value, now=now, said=said)
    told = Told(now=now, elapsed=ctx.elapsed(), actor=actor.id)
    numbers = baseline(tx, ctx, alert, now) if decision.worse else None
    steps.take(tx, [_step(alert, decision, actor, now, numbers)], told)
    changed = alerts.by_id(tx, alert.id)
    if changed is None:
        raise AssertionError("an alert does not vanish within a transaction")
    return changed


def _decide(
    ctx: Context, alert: Alert, actor: Actor, value: Value, *, now: int, said: Said
) -> PersonDecision:
    stands = Now(alert.claimed_by, alert.snoozed_until, alert.resolution, alert.resolved_by)
    match value.press:
        case Press.CLAIM:
            return person.claim(stands, actor.id)
        case Press.UNCLAIM:
            return person.unclaim(stands)
        case Press.SNOOZE if value.choice == Snooze.WAKE:
            return person.wake(stands)
        case Press.SNOOZE:
            length = Snooze(value.choice)
            if length is Snooze.DATE:
                # Pressed by itself it asks for a day; only what answers that says one.
                until = said.until if said.until is not None else now
            else:
                until = person.snooze_until(length, now, ctx.calendar)
            return person.snooze(stands, until, now, note=said.note, worse=length is Snooze.WORSE)
        case _:
            return person.resolve(stands, Resolution(value.choice))


def _step(
    alert: Alert,
    decision: PersonDecision,
    actor: Actor,
    now: int,
    numbers: tuple[Evidence, ...] | None,
) -> Step:
    match decision.verb:
        case Verb.RESOLVE if decision.resolution is not None:
            return steps.resolving(
                alert, resolution=decision.resolution, reason=decision.reason, now=now, actor=actor.id
            )
        case Verb.WAKE:
            return steps.waking(alert, reason=decision.reason)
        case Verb.SNOOZE:
            changes: dict[str, object] = {
                "snoozed_until": decision.until,
                "snoozed_by": actor.id,
                "snoozed_at": now,
                "snooze_reason": decision.note,
                "worse_than": numbers,
            }
            detail: dict[str, object] = {
                "until": decision.until,
                "note": decision.note,
                "worse": decision.worse,
            }
        case Verb.CLAIM:
            changes, detail = {"claimed_by": actor.id, "claimed_at": now}, {}
        case _:
            changes, detail = {"claimed_by": None, "claimed_at": None}, {}
    return Step(
        alert=alert,
        verb=decision.verb,
        reason=decision.reason,
        changes=changes,
        actor=actor.id,
        detail=detail,
    )
