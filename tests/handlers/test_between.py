"""What lies between the parts of telling: what one holds back while another changes what it goes by."""

from collections.abc import Sequence

import pytest

from handlers import channels, routebook, rulebook, tell
from handlers.act import act
from handlers.context import Context
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from rules.alerts.pipeline.stage import Stage
from rules.alerts.rule import Backlog
from rules.alerts.states import Resolution, Verb
from rules.alerts.typed import Options
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts, dirty, outbox, silences, suppressions
from storage import sources as stored
from storage.alerts import Alert
from storage.database import Database
from storage.outbox import Call, Message, Subject
from templates.codec import Press, Value
from tests.contexts import StillClock, context
from tests.handlers.crowds import crowd, say
from tests.handlers.slack.world import everything
from tests.histories import purchases, rule

D = 20_000 * DAY
NOON = D + DAY + 12 * HOUR
MORNING = D + 2 * DAY + 9 * HOUR
CARE, SALES = "#customer-care", "#sales"
MANAGER = Request(Actor("UMANAGER", manager=True))
SILENT = "silent(purchase, 30d)"


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOON)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return context(database, now=clock)


def silent_crowd(ctx: Context, n: int, **says: object) -> None:
    """Let ``n`` customers fall silent at noon, at once; the channel has attention for one."""
    crowd(ctx.database, range(1, n + 1), last=NOON - 30 * DAY, known_since=D - 300 * DAY)
    rule(ctx.database, "lapsing", SILENT, **says)
    say(ctx.database, CARE, ChannelSettings(budget=1))
    sweep(ctx, as_of=D)
    sweep(ctx, as_of=NOON)


def posts(ctx: Context, subject: Subject | None = None) -> list[Message]:
    with ctx.database.reading() as tx:
        found = outbox.after(tx, 0)
    return [one for one in found if one.call is Call.POST and subject in (None, one.subject)]


def told_by(ctx: Context, message: Message) -> list[int]:
    with ctx.database.reading() as tx:
        return [one.customer_id for one in alerts.of_root(tx, message.id)]


def alert_of(ctx: Context, customer: int) -> Alert:
    with ctx.database.reading() as tx:
        return alerts.of_customer(tx, customer)[0]


def take_back(ctx: Context, customer: int) -> None:
    """Let a customer's purchases since noon never have been."""
    with ctx.database.writing() as tx:
        tx.connection.exec_driver_sql(
            f"DELETE FROM event WHERE customer_id = {customer} AND occurred_at >= {NOON}"
        )
        dirty.mark(tx, [(customer, 1, None)], now=0)


def test_what_is_kept_open_while_digests_are_switched_off_is_asked_again(
    ctx: Context, clock: StillClock
) -> None:
    silent_crowd(ctx, 2, keep=10 * DAY)
    purchases(ctx.database, 1, [NOON + MINUTE])
    sweep(ctx, as_of=NOON + HOUR)
    assert alert_of(ctx, 1).leaving_at is not None
    clock.at = NOON + 2 * HOUR
    channels.change(ctx, MANAGER, CARE, "digest", "off")
    take_back(ctx, 1)
    sweep(ctx, as_of=NOON + 3 * HOUR)
    sweep(ctx, as_of=NOON + DAY)
    assert [told_by(ctx, one) for one in posts(ctx)] == [[2], [1]]


@pytest.mark.parametrize("how", ["edit", "route"])
@pytest.mark.parametrize("quiet", [False, True])
def test_what_waits_for_a_channel_is_told_in_the_one_that_it_comes_to_be_for(
    ctx: Context, clock: StillClock, how: str, quiet: bool
) -> None:
    """The other channel has attention and is awake, and it has no digest that would tell it."""
    silent_crowd(ctx, 2)
    say(ctx.database, SALES, ChannelSettings(digest=DigestTime(Often.OFF)))
    if quiet:
        crowd(ctx.database, [3], last=NOON + HOUR - 30 * DAY, known_since=D - 300 * DAY)
        say(ctx.database, CARE, ChannelSettings(budget=1, quiet=QuietHours(12 * 60, 9 * 60)))
        sweep(ctx, as_of=NOON + HOUR)
        assert alert_of(ctx, 3).held_by == Stage.QUIET
    clock.at = NOON + 2 * HOUR
    if how == "edit":
        rulebook.edit(ctx, MANAGER, name="lapsing", options=Options(channel=SALES))
    else:
        routebook.add(ctx, MANAGER, routebook.Wish("all", "tenure >= 0", SALES))
    sweep(ctx, as_of=NOON + 2 * HOUR)
    told = [told_by(ctx, one) for one in posts(ctx) if one.channel == SALES]
    # What was told before and is on its way moves along with the rule.
    assert [one for one in told if one != [2]] == ([[3], [1]] if quiet else [[1]])


def test_a_channel_without_digests_forgets_nobody_who_waits_for_one(ctx: Context) -> None:
    """As where the settings changed while a sweep held back by those before."""
    silent_crowd(ctx, 2)
    say(ctx.database, CARE, ChannelSettings(budget=1, digest=DigestTime(Often.OFF)))
    sweep(ctx, as_of=NOON + DAY)
    sweep(ctx, as_of=NOON + DAY + MINUTE)
    assert [told_by(ctx, one) for one in posts(ctx)] == [[2], [1]]


def snooze(ctx: Context, customer: int, choice: str = "week") -> None:
    value = Value(Press.SNOOZE, alert_of(ctx, customer).id, choice)
    act(ctx, actor=Actor("U2"), value=value, key=f"snooze {customer}")


def silence(ctx: Context, condition: str = "tenure >= 0", until: int = MORNING + 5 * HOUR) -> int:
    with ctx.database.writing() as tx:
        stored = silences.add(
            tx, condition=condition, rule_id=None, reason="", author="UMANAGER", now=NOON, until=until
        )
    return stored.id


@pytest.mark.parametrize(
    ("stage", "named"), [(Stage.SNOOZE, True), (Stage.SILENCE, True), (Stage.STALE, False)]
)
def test_a_digest_tells_nothing_that_anything_else_holds_back_by_then(
    ctx: Context, clock: StillClock, stage: Stage, named: bool
) -> None:
    silent_crowd(ctx, 3)
    clock.at = NOON + HOUR
    match stage:
        case Stage.SNOOZE:
            snooze(ctx, 1)
        case Stage.SILENCE:
            silence(ctx, "sum(purchase) < 1.50")
        case _:
            stop(ctx)
    for late in (MORNING, MORNING + HOUR):
        sweep(ctx, as_of=late)
    found = posts(ctx, Subject.DIGEST)
    assert [told_by(ctx, one) for one in found] == ([[2]] if named else [])
    held = alert_of(ctx, 1)
    assert (held.root, held.held_by) == (None, stage)
    with ctx.database.reading() as tx:
        last = suppressions.of_alert(tx, 1, held.id)
    assert [one.stage for one in last] == [Stage.BUDGET, stage]


def stop(ctx: Context) -> None:
    """Let the one source of purchases have stopped."""
    with ctx.database.writing() as tx:
        stored.note(tx, [("shop", "purchase")])
        stored.say(tx, "shop", HOUR)
        stored.mark(tx, "shop", stale_since=NOON, back_at=None)
        assert stored.stale_kinds(tx) == {"purchase": "shop"}


def test_of_a_paused_rule_nobody_is_told_until_it_is_resumed(ctx: Context, clock: StillClock) -> None:
    silent_crowd(ctx, 3)
    crowd(ctx.database, [4], last=NOON + HOUR - 30 * DAY, known_since=D - 300 * DAY)
    say(ctx.database, CARE, ChannelSettings(budget=3, quiet=QuietHours(12 * 60, 8 * 60)))
    sweep(ctx, as_of=NOON + HOUR)
    clock.at = NOON + 2 * HOUR
    rulebook.pause(ctx, MANAGER, "lapsing")
    sweep(ctx, as_of=MORNING)
    sweep(ctx, as_of=MORNING + DAY)
    assert [told_by(ctx, one) for one in posts(ctx)] == [[3]]
    clock.at = MORNING + DAY + HOUR
    rulebook.resume(ctx, MANAGER, "lapsing")
    sweep(ctx, as_of=clock.at)
    sweep(ctx, as_of=MORNING + 2 * DAY)
    told = [number for one in posts(ctx) for number in told_by(ctx, one)]
    assert sorted(told) == [1, 2, 3, 4]


@pytest.mark.parametrize("how", ["stale", "paused"])
def test_what_nobody_can_be_told_of_hides_nothing(ctx: Context, clock: StillClock, how: str) -> None:
    """Of a customer's alerts at least one is told: not where the one that hides cannot be."""
    crowd(ctx.database, [1], last=NOON - 30 * DAY, known_since=D - 300 * DAY)
    rule(ctx.database, "churned", SILENT, hides="known")
    sweep(ctx, as_of=D)
    if how == "stale":
        stop(ctx)
    say(ctx.database, CARE, ChannelSettings(quiet=QuietHours(12 * 60, 13 * 60)))
    sweep(ctx, as_of=NOON)
    clock.at = NOON + MINUTE
    if how == "paused":
        rulebook.pause(ctx, MANAGER, "churned")
    rule(ctx.database, "known", "tenure >= 1", backlog=Backlog.POST)
    sweep(ctx, as_of=NOON + 2 * HOUR)
    assert [one.rule_id for one in posts(ctx)] == [2]


def test_whoever_comes_back_as_the_snooze_ends_is_not_kept_as_one_that_leaves(
    ctx: Context, clock: StillClock
) -> None:
    silent_crowd(ctx, 1, keep=10 * DAY)
    clock.at = NOON + HOUR
    snooze(ctx, 1, "week")
    until = alert_of(ctx, 1).snoozed_until
    assert until is not None
    purchases(ctx.database, 1, [NOON + MINUTE])
    sweep(ctx, as_of=NOON + HOUR)
    take_back(ctx, 1)
    sweep(ctx, as_of=until)
    found = alert_of(ctx, 1)
    assert (found.snoozed_until, found.leaving_at) == (None, None)


def verbs(ctx: Context, found: Alert) -> Sequence[Verb]:
    with ctx.database.reading() as tx:
        return [one.verb for one in alerts.transitions(tx, found)]


def test_a_silence_keeps_reminders_quiet_and_one_makes_up_for_it(ctx: Context) -> None:
    silent_crowd(ctx, 1, remind=2 * HOUR)
    silence(ctx, until=NOON + 7 * HOUR)
    for hour in range(1, 7):
        sweep(ctx, as_of=NOON + hour * HOUR)
    assert verbs(ctx, alert_of(ctx, 1)) == [Verb.OPEN]
    sweep(ctx, as_of=NOON + 7 * HOUR)
    sweep(ctx, as_of=NOON + 7 * HOUR + MINUTE)
    assert verbs(ctx, alert_of(ctx, 1)) == [Verb.OPEN, Verb.REMIND]


@pytest.mark.parametrize("comes_back", [True, False])
def test_what_was_held_back_and_is_only_kept_open_is_told_once_it_comes_back(
    ctx: Context, comes_back: bool
) -> None:
    """Neither by itself when the night is over, nor by the digest."""
    silent_crowd(ctx, 2, keep=2 * DAY)
    crowd(ctx.database, [3], last=NOON + HOUR - 30 * DAY, known_since=D - 300 * DAY)
    say(ctx.database, CARE, ChannelSettings(budget=5, quiet=QuietHours(12 * 60, 8 * 60)))
    sweep(ctx, as_of=NOON + HOUR)
    for number in (1, 3):
        purchases(ctx.database, number, [NOON + HOUR])
    sweep(ctx, as_of=NOON + 2 * HOUR)
    assert [alert_of(ctx, number).held_by for number in (1, 3)] == [Stage.BUDGET, Stage.QUIET]
    sweep(ctx, as_of=MORNING)
    assert [told_by(ctx, one) for one in posts(ctx)] == [[2]]
    if comes_back:
        for number in (1, 3):
            take_back(ctx, number)
    for later in (MORNING + HOUR, MORNING + DAY, MORNING + 3 * DAY):
        sweep(ctx, as_of=later)
    told = [number for one in posts(ctx) for number in told_by(ctx, one)]
    assert sorted(told) == ([1, 2, 3] if comes_back else [2])


def test_a_rule_removed_while_its_alerts_are_told_held_and_in_a_digest_ends_each_once(
    ctx: Context, clock: StillClock
) -> None:
    silent_crowd(ctx, 12)
    sweep(ctx, as_of=MORNING)
    crowd(ctx.database, [20, 21], last=MORNING + HOUR - 30 * DAY, known_since=D - 300 * DAY)
    sweep(ctx, as_of=MORNING + HOUR)
    clock.at = MORNING + 2 * HOUR
    act(ctx, actor=Actor("U2"), value=Value(Press.CLAIM, alert_of(ctx, 5).id), key="claim")
    before = {one.id for one in posts(ctx)}
    rulebook.remove(ctx, MANAGER, "lapsing")
    for later in (MORNING + 3 * HOUR, MORNING + DAY, MORNING + 2 * DAY):
        sweep(ctx, as_of=later)
    assert {one.id for one in posts(ctx)} == before, "nobody is told of what has ended"
    for number in (*range(1, 13), 20, 21):
        found = alert_of(ctx, number)
        assert found.resolution is Resolution.RULE_CHANGED
        assert verbs(ctx, found).count(Verb.RESOLVE) == 1
    with ctx.database.reading() as tx:
        for root in posts(ctx):
            said = everything(tell.render(tx, root, ctx))
            assert "📝" in said
            assert "⚪" not in said
            followed = [one for one in outbox.of_root(tx, root.id) if one.subject is Subject.STEPS]
            resolved = [
                step for one in followed for step in alerts.told_in(tx, one.id) if step.verb is Verb.RESOLVE
            ]
            assert len(resolved) == len(told_by(ctx, root))


def test_an_escalated_alert_that_a_late_event_shows_to_be_wrong_is_put_right_wherever_it_stands(
    ctx: Context,
) -> None:
    """Told in a digest, brought to another channel: both say so."""
    silent_crowd(ctx, 2, escalate="1h #leads")
    sweep(ctx, as_of=MORNING)
    sweep(ctx, as_of=MORNING + 2 * HOUR)
    [elsewhere] = [one for one in posts(ctx, Subject.ESCALATION) if one.alert_id == alert_of(ctx, 1).id]
    purchases(ctx.database, 1, [NOON - HOUR])
    sweep(ctx, as_of=MORNING + 3 * HOUR)
    found = alert_of(ctx, 1)
    assert found.resolution is Resolution.NOT_AN_ISSUE
    with ctx.database.reading() as tx:
        [edit] = outbox.of_root(tx, elsewhere.id)
        [digest] = outbox.by_numbers(tx, [found.root or 0]).values()
        for one in (edit, digest):
            assert "👌" in everything(tell.render(tx, one, ctx))
