"""Alerts take their next steps, and the message that tells each of them is asked for, in the caller's transaction.

The one place that knows who tells what: a step of an alert with a message of its own edits that message and replies in
its thread; steps of alerts told together in a group or a digest are told together, in one reply. What the step is was decided
elsewhere.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from handlers.late import LateEvent
from rules.alerts.states import AlertState, Reason, Resolution, Verb
from storage import alerts, outbox
from storage.alerts import Alert, Step
from storage.database import Transaction
from storage.outbox import Call, Message, New, Subject

TOGETHER: Final = frozenset({Subject.GROUP, Subject.DIGEST})
"""Messages that tell many alerts as one: steps of theirs are told together, in one reply."""
_AWAKE: Final = dict.fromkeys(("snoozed_until", "snoozed_by", "snoozed_at", "snooze_reason", "worse_than"))
REMINDING: Final = frozenset({Verb.REMIND, Verb.ESCALATE})
"""Steps that change nothing about where an alert stands."""
_STOPPING: Final = frozenset({Verb.CLAIM, Verb.SNOOZE, Verb.RESOLVE})
_STARTING: Final = frozenset({Verb.UNCLAIM, Verb.WAKE})
_Answers = int | tuple[int, int]
"""What a reply answers to: a digest by its number, or a message by its number and that of the alert."""


@dataclass(frozen=True, slots=True)
class Told:
    """When steps are taken (``now``, the business's) and asked to be told (``elapsed``); ``actor`` is who takes them.

    ``forming``: more steps of the same digests follow, in other transactions of one sweep.
    """

    now: int
    elapsed: int
    actor: str | None = None
    forming: bool = False


def take(tx: Transaction, steps: Sequence[Step], told: Told) -> None:
    """Let alerts take these steps, at most one for each alert, and ask for the messages that tell them.

    Of an alert that no message tells there is nothing to be told.
    """
    roots = outbox.by_numbers(tx, sorted({step.alert.root for step in steps if step.alert.root is not None}))
    untold = [replace(step, actor=told.actor) for step in steps if step.alert.root is None]
    steps = [step for step in steps if step.alert.root is not None]
    answers = [_answers(step, roots) for step in steps]
    replies: dict[_Answers, int] = {}
    for root in roots.values():
        if root.subject in TOGETHER and (waiting := _forming_reply(tx, root, told)) is not None:
            replies[root.id] = waiting
    wanted = [one for one in dict.fromkeys(answers) if one not in replies]
    numbers = outbox.add_all(tx, [_reply(roots, one, told) for one in wanted], now=told.elapsed)
    replies.update(zip(wanted, numbers, strict=True))
    taken = [
        replace(step, actor=told.actor, told_in=replies[one])
        for step, one in zip(steps, answers, strict=True)
    ]
    _edit(tx, steps, roots, told)
    alerts.take_steps(tx, [_timed(step, told.now) for step in (*taken, *untold)], now=told.now)


def _edit(tx: Transaction, steps: Sequence[Step], roots: Mapping[int, Message], told: Told) -> None:
    """Ask for the messages that say where these alerts stand to be edited, those that repeat them elsewhere too."""
    changed = [step.alert for step in steps if step.verb not in REMINDING]
    if not changed:
        return
    standing = {one.root for one in changed}
    repeated = outbox.escalations(tx, [*(one.id for one in changed), *_firsts(tx, roots, standing)])
    outbox.add_updates(
        tx, [*(root for number, root in roots.items() if number in standing), *repeated], now=told.elapsed
    )


def _firsts(tx: Transaction, roots: Mapping[int, Message], standing: Collection[int | None]) -> list[int]:
    """Give the alerts by which messages that tell many are known where they are repeated: the first of each."""
    together = [number for number, root in roots.items() if number in standing and root.subject in TOGETHER]
    return [one.id for number in together for one in alerts.of_root(tx, number, limit=1)]


def _timed(step: Step, now: int) -> Step:
    """Let the clocks of reminders and escalation stop while somebody has the alert, and begin anew once nobody has."""
    if step.verb in _STOPPING:
        return replace(step, changes={**step.changes, "next_nag_at": None})
    if step.verb in _STARTING:
        clocks = {"nag_from": now, "next_nag_at": now, "reminded": 0, "escalated": 0}
        return replace(step, changes={**step.changes, **clocks})
    return step


def _answers(step: Step, roots: Mapping[int, Message]) -> _Answers:
    """Give what the reply that tells ``step`` answers to: a digest has one reply for all, others one for each step."""
    root = roots[step.alert.root or 0]
    return root.id if root.subject in TOGETHER else (root.id, step.alert.id)


def resolving(
    alert: Alert,
    *,
    resolution: Resolution,
    reason: Reason,
    now: int,
    actor: str | None = None,
    late: LateEvent | None = None,
) -> Step:
    """Give the step that ends an alert; ``late`` is the event that shows that it was wrong."""
    wrong = {"kind": late.kind, "occurred_at": late.occurred_at} if late is not None else {}
    return _step(
        alert,
        Verb.RESOLVE,
        reason,
        {
            "state": AlertState.RESOLVED,
            "resolution": resolution,
            "resolved_at": now,
            "resolved_by": actor,
            "snoozed_until": None,
            "worse_than": None,
            "leaving_at": None,
        },
        {"resolution": str(resolution), **wrong},
    )


def waking(alert: Alert, *, reason: Reason, detail: Mapping[str, Any] | None = None) -> Step:
    """Give the step that ends a snooze; ``detail`` says what became worse, where that is why."""
    return _step(alert, Verb.WAKE, reason, _AWAKE, detail or {})


def _step(
    alert: Alert, verb: Verb, reason: Reason, changes: Mapping[str, Any], detail: Mapping[str, Any]
) -> Step:
    return Step(alert=alert, verb=verb, reason=reason, changes=changes, detail=detail)


def _forming_reply(tx: Transaction, root: Message, told: Told) -> int | None:
    if not told.forming:
        return None
    return outbox.forming(tx, root=root.id)


def _reply(roots: Mapping[int, Message], answers: _Answers, told: Told) -> New:
    number, alert_id = answers if isinstance(answers, tuple) else (answers, None)
    root = roots[number]
    return New(
        call=Call.REPLY,
        subject=Subject.STEPS,
        channel=root.channel,
        root=root.id,
        rule_id=root.rule_id,
        customer_id=root.customer_id,
        alert_id=alert_id,
        forming=told.forming and root.subject in TOGETHER,
        # Whoever pressed a button looks for the answer in the thread.
        urgent=told.actor is not None,
    )


def resolve_all(
    tx: Transaction, open_alerts: Iterable[Alert], *, resolution: Resolution, reason: Reason, told: Told
) -> int:
    """End alerts together, as when their rule is removed; gives how many."""
    steps = [
        resolving(alert, resolution=resolution, reason=reason, now=told.now, actor=told.actor)
        for alert in open_alerts
    ]
    take(tx, steps, told)
    return len(steps)
