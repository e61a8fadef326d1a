"""Sweeps: alerts open and end as conditions come to hold and cease to, whatever happens in between."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from handlers import changes, moves
from handlers import sweep as sweep_module
from handlers.context import Context
from handlers.moves import RuleCount
from handlers.sweep import SweepInPastError, sweep
from rules.alerts.retry import Delivery
from rules.alerts.rule import AlertKind, Backlog, RuleState, Severity
from rules.alerts.states import Reason, Resolution, Verb
from rules.instants import DAY, HOUR
from storage import alerts, dirty, matches, outbox, rules, timers
from storage.alerts import Alert, Step
from storage.database import Database
from storage.errors import SweepRunningError
from storage.outbox import Call, Message, Subject
from tests.contexts import context
from tests.handlers import stored
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
SILENT = "silent(purchase, 30d)"


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database)


def counts(ctx: Context, day: int) -> RuleCount:
    [found] = sweep(ctx, as_of=D + day * DAY).rules
    return found


def alert_of(ctx: Context, number: int) -> Alert:
    with ctx.database.reading() as tx:
        return alerts.of_customer(tx, number)[0]


def messages(ctx: Context) -> list[Message]:
    with ctx.database.reading() as tx:
        return list(outbox.by_numbers(tx, range(1, 1_000)).values())


def test_a_customer_falls_silent_and_comes_back(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 100 * DAY)
    purchases(ctx.database, 1, [D - 29 * DAY])
    watched = rule(ctx.database, "lapsing", SILENT)
    assert counts(ctx, 0) == RuleCount("lapsing")
    assert counts(ctx, 1) == RuleCount("lapsing", matched=1, entered=1, opened=1)
    opened = alert_of(ctx, 1)
    assert (opened.reason, opened.opened_at) == (Reason.ENTERED, D + DAY)
    assert [(one.term, one.value) for one in opened.evidence] == [
        ("days_since(purchase)", "30"),
        ("count(purchase)", "1"),
    ]
    assert counts(ctx, 2) == RuleCount("lapsing", matched=1)
    purchases(ctx.database, 1, [D + 3 * DAY])
    assert counts(ctx, 3) == RuleCount("lapsing", left=1, resolved=1)
    ended = alert_of(ctx, 1)
    assert (ended.resolution, ended.resolved_at) == (Resolution.RECOVERED, D + 3 * DAY)
    with ctx.database.reading() as tx:
        told = [(one.verb, one.reason) for one in alerts.transitions(tx, ended)]
    assert told == [(Verb.OPEN, Reason.ENTERED), (Verb.RESOLVE, Reason.LEFT)]
    assert [(one.call, one.subject, one.rule_id) for one in messages(ctx)] == [
        (Call.POST, Subject.ALERT, watched.id),
        (Call.REPLY, Subject.STEPS, watched.id),
        (Call.UPDATE, Subject.ALERT, watched.id),
    ]


def test_an_opportunity_that_passes_has_expired(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D)
    rule(ctx.database, "hot", "count(purchase, 2d) >= 2", kind=AlertKind.OPPORTUNITY)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D + HOUR, D + 2 * HOUR])
    assert counts(ctx, 1).opened == 1
    assert counts(ctx, 3).resolved == 1
    assert alert_of(ctx, 1).resolution is Resolution.EXPIRED


@pytest.mark.parametrize(
    ("backlog", "opened", "posts"),
    [(Backlog.DIGEST, 3, [Subject.GROUP]), (Backlog.POST, 3, [Subject.ALERT] * 3), (Backlog.IGNORE, 0, [])],
)
def test_those_for_whom_a_rule_holds_already(
    ctx: Context, backlog: Backlog, opened: int, posts: list[Subject]
) -> None:
    for number in (1, 2, 3):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT, backlog=backlog)
    assert counts(ctx, 0) == RuleCount("lapsing", matched=3, entered=3, opened=opened)
    assert [message.subject for message in messages(ctx)] == posts
    assert all(message.state is Delivery.PENDING for message in messages(ctx))
    # Whoever comes later is told by a message of its own, and the backlog stays what it was.
    customer(ctx.database, 4, known_since=D - 29 * DAY)
    assert counts(ctx, 1).opened == 1
    assert messages(ctx)[-1].subject is Subject.ALERT


def test_those_of_a_digest_who_recover_are_told_together(ctx: Context) -> None:
    for number in range(1, 6):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    for number in (1, 2, 3):
        purchases(ctx.database, number, [D + HOUR])
    assert counts(ctx, 1).resolved == 3
    digest, *rest = messages(ctx)
    assert [(one.call, one.subject, one.root) for one in rest] == [
        (Call.REPLY, Subject.STEPS, digest.id),
        (Call.UPDATE, Subject.GROUP, digest.id),
    ]
    with ctx.database.reading() as tx:
        assert {step.customer_id for step in alerts.told_in(tx, rest[0].id)} == {1, 2, 3}
        assert alerts.resolutions(tx, digest.id) == {"recovered": 3, "open": 2}


def test_after_a_cooldown_what_still_holds_is_told(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D)
    rule(ctx.database, "busy", "count(purchase, 1d) >= 1", cooldown=3 * DAY)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D + HOUR])
    assert counts(ctx, 1).opened == 1
    assert counts(ctx, 2).resolved == 1  # cools down until day 5
    purchases(ctx.database, 1, [D + 3 * DAY + HOUR, D + 4 * DAY + HOUR, D + 5 * DAY + HOUR])
    assert counts(ctx, 4) == RuleCount("busy", matched=1, entered=1)
    assert counts(ctx, 5) == RuleCount("busy", matched=1, opened=1)
    assert alert_of(ctx, 1).reason is Reason.COOLDOWN_OVER
    assert alert_of(ctx, 1).evidence != ()
    assert counts(ctx, 6) == RuleCount("busy", matched=1)


def person_resolves(ctx: Context, alert: Alert, at: int) -> None:
    with ctx.database.writing() as tx:
        changes = {
            "state": "resolved",
            "resolution": Resolution.NOT_AN_ISSUE,
            "resolved_at": at,
            "resolved_by": "U2",
        }
        step = Step(alert=alert, verb=Verb.RESOLVE, reason=Reason.BY_PERSON, changes=changes, actor="U2")
        alerts.take_steps(tx, [step], now=at)


def test_what_a_person_resolved_opens_again_only_after_it_left(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT, cooldown=DAY)
    sweep(ctx, as_of=D)
    person_resolves(ctx, alert_of(ctx, 1), D)
    for day in (1, 2, 40):
        assert counts(ctx, day) == RuleCount("lapsing", matched=1)
    purchases(ctx.database, 1, [D + 40 * DAY + HOUR])
    assert counts(ctx, 41).left == 1
    assert counts(ctx, 71).opened == 1


def test_a_snooze_ends_at_its_instant(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    with ctx.database.writing() as tx:
        changes = {"snoozed_until": D + 2 * DAY, "snoozed_by": "U2"}
        step = Step(alert=alert_of(ctx, 1), verb=Verb.SNOOZE, reason=Reason.BY_PERSON, changes=changes)
        alerts.take_steps(tx, [step], now=D)
    sweep(ctx, as_of=D + 2 * DAY - 1)
    assert alert_of(ctx, 1).snoozed_until == D + 2 * DAY
    sweep(ctx, as_of=D + 2 * DAY)
    woken = alert_of(ctx, 1)
    assert woken.snoozed_until is None
    assert woken.unresolved
    with ctx.database.reading() as tx:
        assert alerts.transitions(tx, woken)[-1].reason is Reason.SNOOZE_OVER


def edit(ctx: Context, condition: str | None = None, **says: Any) -> None:
    with ctx.database.writing() as tx:
        found = rules.by_name(tx, "lapsing")
        assert found is not None
        body = replace(found.body, condition=condition or found.body.condition, **says)
        rules.edit(tx, found, body=body, author="U1", now=0, diff="")


def test_an_edited_rule_keeps_what_still_holds(ctx: Context) -> None:
    for number, days in ((1, 60), (2, 45), (3, 20)):
        customer(ctx.database, number, known_since=D - days * DAY)
    rule(ctx.database, "lapsing", SILENT, cooldown=5 * DAY)
    assert counts(ctx, 0).opened == 2
    edit(ctx, "silent(purchase, 50d)")
    assert counts(ctx, 1) == RuleCount("lapsing", matched=1, left=1, resolved=1)
    assert alert_of(ctx, 2).resolution is Resolution.RULE_CHANGED
    assert alert_of(ctx, 1).rule_version == 1
    edit(ctx, "silent(purchase, 10d)")
    # Customers 2 and 3 are the backlog of the edited rule: it was an edit too that ended the alert of customer 2.
    assert counts(ctx, 2) == RuleCount("lapsing", matched=3, entered=2, opened=2)
    assert alert_of(ctx, 2).reason is alert_of(ctx, 3).reason is Reason.BACKLOG
    assert Counter(message.subject for message in messages(ctx) if message.call is Call.POST) == {
        Subject.GROUP: 2
    }


def test_an_edit_that_is_taken_back_tells_its_backlog_together_and_nobody_alone(ctx: Context) -> None:
    for number in range(1, 9):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    edit(ctx, "silent(purchase, 300d)")
    sweep(ctx, as_of=D + 60_000)
    edit(ctx, SILENT)
    sweep(ctx, as_of=D + 120_000)
    assert counts(ctx, 2) == RuleCount("lapsing", matched=8)
    posts = Counter(one.subject for one in messages(ctx) if one.call is Call.POST)
    assert posts == {Subject.GROUP: 2}
    assert all(alert_of(ctx, number).unresolved for number in range(1, 9))


@pytest.mark.parametrize(
    "says", [{"action": "Call them."}, {"channel": "C2"}, {"cooldown": HOUR}, {"severity": Severity.HIGH}]
)
def test_an_edit_of_anything_but_the_condition_changes_nobody_s_fate(
    ctx: Context, says: dict[str, Any]
) -> None:
    """Who recovered has recovered, and who enters is told, though the backlog of a new condition is ignored."""
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    customer(ctx.database, 2, known_since=D - 29 * DAY)
    rule(ctx.database, "lapsing", SILENT, backlog=Backlog.POST)
    sweep(ctx, as_of=D)
    edit(ctx, backlog=Backlog.IGNORE)
    edit(ctx, **says)
    purchases(ctx.database, 1, [D + HOUR])
    assert counts(ctx, 1) == RuleCount("lapsing", matched=1, entered=1, left=1, opened=1, resolved=1)
    assert alert_of(ctx, 1).resolution is Resolution.RECOVERED
    assert alert_of(ctx, 2).reason is Reason.ENTERED


def test_an_edit_of_the_condition_counts_although_another_edit_followed(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    edit(ctx, "silent(purchase, 300d)")
    edit(ctx, action="Call them.")
    assert counts(ctx, 1).resolved == 1
    assert alert_of(ctx, 1).resolution is Resolution.RULE_CHANGED


def test_a_paused_rule_rests_and_a_resumed_one_is_settled(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    customer(ctx.database, 2, known_since=D - 10 * DAY)
    watched = rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    with ctx.database.writing() as tx:
        rules.set_state(tx, watched, RuleState.PAUSED)
    purchases(ctx.database, 1, [D + HOUR])
    assert sweep(ctx, as_of=D + 25 * DAY).rules == ()
    assert alert_of(ctx, 1).unresolved
    with ctx.database.writing() as tx:
        rules.set_state(tx, watched, RuleState.ACTIVE)
    assert counts(ctx, 26) == RuleCount("lapsing", matched=1, entered=1, left=1, opened=1, resolved=1)
    assert alert_of(ctx, 1).resolution is Resolution.RULE_CHANGED
    assert alert_of(ctx, 2).reason is Reason.BACKLOG


def test_time_runs_forward(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    watched = rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    assert counts(ctx, 0) == RuleCount("lapsing", matched=1)
    with pytest.raises(SweepInPastError):
        sweep(ctx, as_of=D - 1)
    with ctx.database.reading() as tx:
        assert rules.last_swept(tx) == D
        assert matches.since(tx, rule_id=watched.id, customer_id=1) == D


def test_one_sweep_at_a_time(ctx: Context) -> None:
    with ctx.database.sweeping(), pytest.raises(SweepRunningError):
        sweep(ctx, as_of=D)
    if ctx.database.dialect == "postgresql":
        other = Database(ctx.database.url.render_as_string(hide_password=False))
        with other.sweeping(), pytest.raises(SweepRunningError):
            sweep(ctx, as_of=D)
        other.close()
    sweep(ctx, as_of=D)


def test_a_customer_who_is_not_known_yet_matches_nothing(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D + DAY)
    rule(ctx.database, "none", "never(purchase)")
    assert sweep(ctx, as_of=D).candidates == 0
    assert counts(ctx, 1).matched == 1


def test_what_was_read_as_touched_is_forgotten_and_what_came_since_stays(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    purchases(ctx.database, 1, [D - 40 * DAY])
    rule(ctx.database, "lapsing", SILENT)
    read = changes.read

    def with_an_event_meanwhile(*args: object, **named: object) -> object:
        purchases(ctx.database, 1, [D - 35 * DAY])
        return read(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(changes, "read", with_an_event_meanwhile)
    sweep(ctx, as_of=D)
    with ctx.database.reading() as tx:
        assert len(dirty.batches(tx)) == 1


class CutShortError(Exception):
    pass


@pytest.mark.parametrize("cut_after", [0, 1, 2, 5, 7])
def test_a_sweep_cut_short_is_simply_repeated(
    ctx: Context, cut_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was written before the cut counts; a digest goes out whole, once, with the next sweep."""
    for number in range(1, 9):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    rule(ctx.database, "posting", "silent(purchase, 40d)", backlog=Backlog.POST)
    cut_short_after(monkeypatch, ctx, cut_after)
    with ctx.database.reading() as tx:
        assert all(one.state is Delivery.FORMING for one in messages(ctx) if one.subject is Subject.GROUP)
    sweep(ctx, as_of=D + DAY)
    posts = Counter((one.subject, one.state) for one in messages(ctx))
    assert posts == {(Subject.GROUP, Delivery.PENDING): 1, (Subject.ALERT, Delivery.PENDING): 8}
    with ctx.database.reading() as tx:
        opened = alerts.unresolved(tx)
        assert tx.execute(text("SELECT count(*) FROM dirty")).scalar_one() == 0
    assert Counter((one.rule_id, one.customer_id) for one in opened) == {
        (number, who): 1 for number in (1, 2) for who in range(1, 9)
    }


def cut_short_after(monkeypatch: pytest.MonkeyPatch, ctx: Context, batches: int, *, day: int = 0) -> None:
    """Sweep in batches of two pairs, of which only so many are written."""
    write, written = moves.write, 0

    def cut(*args: object) -> None:
        nonlocal written
        if written == batches:
            raise CutShortError
        written += 1
        write(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(moves, "BATCH", 2)
        patched.setattr(moves, "write", cut)
        with pytest.raises(CutShortError):
            sweep(ctx, as_of=D + day * DAY)


def test_what_came_late_is_not_forgotten_by_a_sweep_that_was_cut_short(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an event from before the last sweep nothing tells but that it came in: so that is forgotten last of all."""
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    assert counts(ctx, 0).opened == 4
    for number in range(1, 5):
        purchases(ctx.database, number, [D - HOUR])
    cut_short_after(monkeypatch, ctx, 1, day=1)
    assert counts(ctx, 1).resolved == 2
    assert all(alert_of(ctx, number).resolution is not None for number in range(1, 5))


def test_who_recovers_after_a_first_sweep_was_cut_short_has_recovered(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    cut_short_after(monkeypatch, ctx, 1)
    purchases(ctx.database, 1, [D + HOUR])
    assert counts(ctx, 1).resolved == 1
    assert alert_of(ctx, 1).resolution is Resolution.RECOVERED


def test_who_falls_out_of_a_new_rule_by_an_edit_has_not_recovered(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    cut_short_after(monkeypatch, ctx, 1)
    edit(ctx, "silent(purchase, 300d)")
    assert counts(ctx, 1).resolved == 2
    assert alert_of(ctx, 1).resolution is Resolution.RULE_CHANGED


@pytest.mark.parametrize("says", [None, {"action": "Call them."}], ids=["paused and resumed", "edited"])
def test_what_a_sweep_left_out_of_a_rule_that_was_changed_meanwhile_is_backlog_still(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, says: dict[str, Any] | None
) -> None:
    for number in range(1, 9):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    watched = rule(ctx.database, "lapsing", SILENT)
    batches = moves.batches

    def with_a_change_meanwhile(*args: Any) -> Iterator[Any]:
        for number, batch in enumerate(batches(*args), 1):
            if number == 2 and says:
                edit(ctx, **says)
            elif number in (2, 4) and not says:
                with ctx.database.writing() as tx:
                    rules.set_state(tx, watched, RuleState.PAUSED if number == 2 else RuleState.ACTIVE)
            yield batch

    with monkeypatch.context() as patched:
        patched.setattr(moves, "BATCH", 2)
        patched.setattr(moves, "batches", with_a_change_meanwhile)
        assert counts(ctx, 0).opened == 2
    assert counts(ctx, 1) == RuleCount("lapsing", matched=8, entered=6, opened=6)
    posts = Counter(one.subject for one in messages(ctx) if one.call is Call.POST)
    assert posts == {Subject.GROUP: 2}
    with ctx.database.reading() as tx:
        [swept] = rules.listing(tx)
    assert swept.change is None


def test_evidence_is_held_for_one_rule_at_a_time(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule found is written before the next one's evidence is read: a large first sweep fits into memory."""
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    rule(ctx.database, "quiet", "silent(purchase, 40d)")
    done: list[str] = []

    def noted(module: ModuleType, name: str) -> None:
        real = getattr(module, name)

        def note(*args: object, **named: object) -> object:
            done.append(name)
            return real(*args, **named)

        monkeypatch.setattr(module, name, note)

    noted(changes, "_evidence")
    noted(moves, "write")
    monkeypatch.setattr(moves, "BATCH", 2)
    assert [one.opened for one in sweep(ctx, as_of=D).rules] == [4, 4]
    assert done == ["_evidence", "write", "write"] * 2


def looked_at(ctx: Context, moment: int) -> int:
    return sweep(ctx, as_of=moment).candidates


def test_a_sweep_looks_at_those_alone_who_may_have_changed(ctx: Context) -> None:
    for number in range(1, 21):
        customer(ctx.database, number, known_since=D - 100 * DAY)
        purchases(ctx.database, number, [D - 30 * DAY + number * HOUR])
    rule(ctx.database, "lapsing", SILENT)
    rule(ctx.database, "busy", "count(purchase, 30d) >= 2")
    assert looked_at(ctx, D) == 20
    assert looked_at(ctx, D) == looked_at(ctx, D + HOUR - 1) == 0
    assert looked_at(ctx, D + HOUR) == 1
    purchases(ctx.database, 7, [D + HOUR])
    assert looked_at(ctx, D + 3 * HOUR) == 3
    [busy, lapsing] = sweep(ctx, as_of=D + 8 * HOUR).rules
    assert (busy.matched, lapsing.matched) == (0, 7)
    assert sweep(ctx, as_of=D + 8 * HOUR, full=True).candidates == 20
    assert looked_at(ctx, D + 9 * HOUR) == 1


def test_a_new_rule_alone_is_evaluated_for_everybody(ctx: Context) -> None:
    for number in range(1, 9):
        customer(ctx.database, number, known_since=D - 100 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    rule(ctx.database, "quiet", "silent(purchase, 40d)")
    found = sweep(ctx, as_of=D + HOUR)
    assert {one.rule: (one.matched, one.entered) for one in found.rules} == {
        "lapsing": (8, 0),
        "quiet": (8, 8),
    }
    assert looked_at(ctx, D + 2 * HOUR) == 0


def test_where_too_many_changed_everybody_is_looked_at(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "FEW", 3)
    for number in range(1, 9):
        customer(ctx.database, number, known_since=D - 100 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    for number in range(1, 4):
        purchases(ctx.database, number, [D + number])
    assert looked_at(ctx, D + HOUR) == 3
    for number in range(4, 8):
        purchases(ctx.database, number, [D + number])
    assert looked_at(ctx, D + 2 * HOUR) == 8
    assert looked_at(ctx, D + 30 * DAY + 3) == 3
    assert looked_at(ctx, D + 40 * DAY) == 8


@pytest.mark.parametrize("settings", [{"zone": "Asia/Tokyo"}, {"currency": "EUR"}])
def test_under_another_zone_or_currency_everything_is_evaluated_anew(
    ctx: Context, settings: dict[str, Any]
) -> None:
    customer(ctx.database, 1, known_since=D - 100 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    assert looked_at(ctx, D) == 0
    other = context(ctx.database, **settings)
    assert looked_at(other, D) == 1
    assert looked_at(other, D) == 0


def test_customers_own_instants_are_kept_as_timers(ctx: Context) -> None:
    """A rhythm of ten days is twice overdue after twenty, whichever customer's it is, and at no other instant."""
    for number in (1, 2, 3):
        customer(ctx.database, number, known_since=D - 100 * DAY)
    purchases(ctx.database, 1, [D - days * DAY for days in (40, 30, 20, 10)])
    purchases(ctx.database, 2, [D - days * DAY for days in (9, 6, 3, 0)])
    rule(ctx.database, "overdue", "overdue(purchase) >= 2")
    assert counts(ctx, 0).matched == 0
    assert stored.rows(ctx.database, "SELECT customer_id, at FROM timer") == [
        (1, D + 10 * DAY),
        (2, D + 6 * DAY),
    ]
    assert looked_at(ctx, D + 6 * DAY - 1) == 0
    assert counts(ctx, 6) == RuleCount("overdue", matched=1, entered=1, opened=1)
    # There is no instant at which the second would turn again by itself, but for the one right behind the number.
    assert stored.rows(ctx.database, "SELECT at FROM timer WHERE customer_id = 2") == [(D + 7 * DAY,)]
    purchases(ctx.database, 2, [D + 6 * DAY + 1])
    found = sweep(ctx, as_of=D + 10 * DAY)
    assert (found.candidates, found.rules) == (
        2,
        (RuleCount("overdue", matched=1, entered=1, left=1, opened=1, resolved=1),),
    )
    watched = next(iter(rules_in(ctx)))
    with ctx.database.writing() as tx:
        timers.forget_rule(tx, watched.id)
    assert stored.rows(ctx.database, "SELECT * FROM timer") == []


def rules_in(ctx: Context) -> list[rules.Rule]:
    with ctx.database.reading() as tx:
        return rules.listing(tx)


def test_a_match_is_moved_before_its_timer(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that is cut short in between leaves the timer, and is repeated by it; never the other way about."""
    customer(ctx.database, 1, known_since=D - 100 * DAY)
    purchases(ctx.database, 1, [D - days * DAY for days in (40, 30, 20, 10)])
    rule(ctx.database, "overdue", "overdue(purchase) >= 2")
    sweep(ctx, as_of=D)
    cut_short_after(monkeypatch, ctx, 0, day=11)
    assert stored.rows(ctx.database, "SELECT at FROM timer") == [(D + 10 * DAY,)]
    assert counts(ctx, 12) == RuleCount("overdue", matched=1, entered=1, opened=1)


def test_a_rule_that_was_changed_during_a_sweep_is_evaluated_for_everybody_by_the_next(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pairs were left alone, and what the sweep had read as touched is forgotten."""
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 100 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D + HOUR])
    batches = moves.batches

    def with_an_edit_meanwhile(*args: Any) -> Iterator[Any]:
        for batch in batches(*args):
            edit(ctx, action="Call them.")
            yield batch

    with monkeypatch.context() as patched:
        patched.setattr(moves, "batches", with_an_edit_meanwhile)
        assert counts(ctx, 1).left == 0
    found = sweep(ctx, as_of=D + DAY)
    assert (found.candidates, found.rules[0].left) == (4, 1)
    assert alert_of(ctx, 1).resolution is Resolution.RECOVERED


def test_the_count_of_matches_is_kept(ctx: Context) -> None:
    for number in range(1, 5):
        customer(ctx.database, number, known_since=D - 100 * DAY)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D + HOUR])
    sweep(ctx, as_of=D + DAY)
    assert [one.matched for one in rules_in(ctx)] == [3]
    assert stored.rows(ctx.database, 'SELECT count(*) FROM "match"') == [(3,)]
