"""No query that is asked again and again reads a table from end to end, whatever the planner knows of the tables."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from slack_sdk import WebClient
from sqlalchemy import text

from handlers import answer, quarantine, retention, rulebook, tell
from handlers.act import act
from handlers.admit import Candidate, admit
from handlers.context import Context
from handlers.deliver import Deliverer
from handlers.intake.errors import Reason
from handlers.receive import Receiver
from handlers.rulebook import Request
from handlers.slack.sender import Sender
from handlers.sweep import sweep
from playground.people import CUSTOMER_CARE, MAYA
from playground.server import Playground
from rules.access import Actor
from rules.alerts.rule import Backlog
from rules.instants import DAY, HOUR, MINUTE
from storage import (
    carriage,
    events,
    fits,
    inbox,
    lives,
    names,
    outbox,
    pruned,
    recent,
    rules,
    upkeep,
)
from storage.database import Database
from storage.events import Stored
from storage.incoming import CustomerIn, EventIn
from storage.outbox import Call, New, Subject
from storage.quarantine import Refused
from templates.codec import Press, Value
from tests import contexts
from tests.conftest import DatabaseUrls
from tests.contexts import START, StillClock
from tests.histories import rule
from tests.rules.lifecycle.fits import a_fit
from tests.storage.plans import Asked, Scan, listening, scans

CUSTOMERS = 1_000
KINDS = ("login", "purchase", "ticket")
BOSS = Request(Actor(MAYA, manager=True))

RULES = {
    "counts": "count(purchase, 30d) > 4 and sum(purchase) > 40 and avg(purchase, 1mo) > 1",
    "lives": "count(purchase) > 20 and sum(purchase) > 400 and sum(ticket where amount > 3) > 400",
    "days": "days_since(ticket) > 3 and days_since_first(login) > 5 and not never(purchase)",
    "gaps": "overdue(login) > 2 or median_gap(purchase) > 9",
    "falls": "change(sum(purchase), 30d) <= -50% or change(count(login), 7d) < 0%",
    "quiet": "silent(purchase, 12d) and tenure > 3",
    "waits": "missing(login, purchase, 7d) and segment = vip",
    "filters": "count(ticket where priority = high, 7d) > 0 or silent(ticket where amount > 3, 5d)",
    "values": "p_alive < 40% and clv > 3 or clv_rank > 90%",
    "data": "attr.plan = gold and days_until(attr.renewal_date) < 30 and country = de",
}

ALLOWED = (
    (
        "customer",
        r"WHERE customer.known_since <= \S+ ORDER BY customer.id\Z",
        "a sweep in full pages through all",
    ),
    ("customer", r"customer.search_name LIKE '%", "a part of a name may stand anywhere; asked last"),
    (
        "customer",
        r"WHERE known_since <= \S+ AND id >= \S+ AND id < \S+\Z",
        "a sweep in full, a page of everybody: where all fit into one, that is the table",
    ),
    ("customer", r"SELECT max\(customer.id\)", "the last entry of an index, and no other"),
    ("running", r"\AWITH RECURSIVE step", "empty but for heavy accounts: here PostgreSQL knows that it is"),
    ("running", r"\ADELETE FROM running\Z", "taken down whole once events were pruned"),
    ("carried", r"\ASELECT 1 FROM carried LIMIT 1\Z", "one row, whichever is found first"),
    ("carried", r"\ADELETE FROM carried\Z", "taken away whole once events were pruned"),
    ("recent_id", r"ORDER BY recent_id.taken_at DESC", "walks along the ids that are kept, now and then"),
    (
        "quarantine",
        r"ORDER BY quarantine.received_at, .*LIMIT",
        "walks in order of arrival, a page at a time",
    ),
)
"""(table, pattern of the statement, why it is read whole by design)"""


class World:
    """A company of some thousand customers, with alerts open and messages waiting."""

    def __init__(self, database: Database, slack: Playground) -> None:
        self.clock = StillClock()
        self.ctx: Context = contexts.context(
            database, now=self.clock, default_channel=CUSTOMER_CARE, managers=frozenset({MAYA})
        )
        self.database = database
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        self.deliverer = Deliverer(self.ctx, Sender(client), tell.render, owner="one")
        _people(database)
        _events(database)
        _tallies(database)
        _messages(database)
        with database.writing() as tx:
            for days in range(300):
                fits.add(tx, a_fit(START - days * DAY, self.ctx.calendar), now=START)
        for name, condition in RULES.items():
            backlog = Backlog.POST if name in ("counts", "waits") else Backlog.DIGEST
            rule(database, name, condition, backlog=backlog, channel=CUSTOMER_CARE)
        sweep(self.ctx)
        self.clock.at += HOUR
        with database.writing() as tx:
            # Most alerts have ended long ago.
            tx.execute(text("UPDATE alert SET state = 'resolved', resolved_at = opened_at WHERE id % 10 > 0"))
            digests = "SELECT root FROM alert GROUP BY root HAVING count(*) > 50"
            self.digest = int(tx.execute(text(digests)).scalars().all()[0])
        _take_in(self)


def _people(database: Database) -> None:
    people = [
        {
            "id": number,
            "external_id": f"c{number}",
            "name": f"Ann Bell {number}",
            "segment": ("vip", "small", None)[number % 3],
            "owner": ("ann@example.com", None)[number % 2],
            "country": ("de", "fr")[number % 2],
            "created_at": START - (number % 300) * DAY - 100 * DAY,
            "search": f"ann bell {number}",
        }
        for number in range(1, CUSTOMERS + 1)
    ]
    attributes = [
        {"customer": number, "name": name, "value": json.dumps(value)}
        for number in range(1, CUSTOMERS + 1)
        for name, value in (("plan", ("gold", "silver")[number % 2]), ("renewal_date", "2025-07-01"))
    ]
    with database.writing() as tx:
        tx.execute(
            text(
                "INSERT INTO customer (id, external_id, name, segment, owner, country, created_at, known_since, "
                "search_name, search_email) VALUES (:id, :external_id, :name, :segment, :owner, :country, "
                ":created_at, :created_at, :search, '')"
            ),
            people,
        )
        names.note(tx, [(number, "", f"ann bell {number}") for number in range(1, CUSTOMERS + 1)])
        tx.execute(
            text("INSERT INTO attribute (customer_id, name, value) VALUES (:customer, :name, :value)"),
            attributes,
        )
        tx.execute(text("INSERT INTO counter (name, next) VALUES ('customer', 10000)"))


def _tallies(database: Database) -> None:
    """Leave something of events that were pruned before, so that planners know that the table is not empty."""
    with database.writing() as tx:
        tx.execute(
            text(
                "INSERT INTO pruned (customer_id, kind, currency, events, amounts, total, first_at, last_at) "
                "SELECT id, 1, 'USD', 1, 1, 5, :first + id, :first + id FROM customer"
            ),
            {"first": START - 400 * DAY},
        )


def _events(database: Database) -> None:
    with database.writing() as tx:
        kinds = events.ensure_kinds(tx, KINDS)
        events.add(
            tx,
            [
                Stored(
                    number,
                    kinds[kind],
                    START - (number * 7 + day * (3 + place)) % 110 * DAY - number,
                    day,
                    500 + day,
                    "USD",
                    "shop",
                    None,
                    '{"priority": "high"}' if kind == "ticket" else None,
                )
                for number in range(1, CUSTOMERS + 1)
                for place, kind in enumerate(KINDS)
                for day in range(6)
            ],
        )


def _messages(database: Database) -> None:
    """Put into the outbox what was sent long ago."""
    with database.writing() as tx:
        sent = New(call=Call.POST, subject=Subject.ALERT, channel=CUSTOMER_CARE)
        outbox.add_all(tx, [sent] * CUSTOMERS, now=0)
        tx.execute(text("UPDATE outbox SET state = 'sent', ts = '1.1', posted_channel = channel"))


@pytest.fixture(scope="module")
def workspace() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as slack:
        yield slack


def _drafts(number: int, at: int) -> Sequence[Candidate]:
    paper = Refused(source="shop", format="http", origin="f", line=1, reason="", params={}, record=b"{}")
    some: list[EventIn | CustomerIn] = [
        EventIn("shop", f"c{one}", kind, at - one, 5, "USD", f"o-{number}-{one}", '{"priority":"high"}')
        for one in range(1, 200)
        for kind in KINDS
    ]
    profiles = [
        CustomerIn(f"c{one}", {"segment": "vip"}, at - one, {"plan": "silver"}) for one in range(50, 90)
    ]
    return [Candidate(paper, one) for one in (*some, *some[:50], *profiles)]


def _refused(line: int) -> Candidate:
    paper = Refused(source="shop", format="http", origin="f", line=line, reason="", params={}, record=b"{}")
    return Candidate(paper, Reason("missing", {"field": "kind"}))


def _take_in(world: World) -> None:
    for by_http in (False, True):
        with world.database.writing() as tx:
            admit(tx, _drafts(by_http, world.clock.at), now=world.clock.at, by_http=by_http)
    with world.database.writing() as tx:
        for line in range(300):
            admit(tx, [_refused(line)], now=world.clock.at + line, by_http=False)
    body = [{"customer": "c7", "kind": "purchase", "occurred_at": "2025-06-01", "external_id": "x"}, 7]
    Receiver(world.ctx).receive(json.dumps(body).encode())
    quarantine.try_again(world.ctx)


def _sweep(world: World) -> None:
    world.clock.at += DAY
    sweep(world.ctx)


def _sweep_again(world: World) -> None:
    sweep(world.ctx)
    with world.database.reading() as tx:
        pruned.at_an_end(tx, 1, after=START - 105 * DAY, until=START - 104 * DAY)


def _ask(world: World) -> None:
    for who in ("c77", "Ann Bell 78", "Ann Bell 7", "nn Bell 79"):
        answer.status(world.ctx, who)
    answer.status(world.ctx, "c77", as_of=START - DAY)
    answer.card(world.ctx, 5)
    answer.timeline(world.ctx, 5)
    answer.find(world.ctx, "Ann Bell 12")


def _ask_for_alerts(world: World) -> None:
    listed = answer.open_alerts(world.ctx)
    answer.my_alerts(world.ctx, "U1", frozenset({"ann@example.com"}))
    answer.needing_attention(world.ctx, names=frozenset({"ann@example.com"}))
    one = listed.alerts[0].id
    answer.alert(world.ctx, one)
    answer.card_of_alert(world.ctx, one)
    answer.why(world.ctx, one)
    answer.digest_rows(world.ctx, world.digest, 0)
    actor = Actor(MAYA, manager=True)
    act(world.ctx, actor=actor, value=Value(Press.CLAIM, one, ""), key="press")


def _deliver(world: World) -> None:
    for _ in range(4):
        world.clock.at += MINUTE
        world.deliverer.tick()
    with world.database.reading() as tx:
        outbox.waiting(tx)
        rules.moved_to(tx, 1, "C0BEFORE", default=CUSTOMER_CARE)
    with world.database.writing() as tx:
        carriage.redirect(tx, 1, was={"C0BEFORE"}, channel=CUSTOMER_CARE, now=world.clock.at)


def _rule_book(world: World) -> None:
    rulebook.listing(world.ctx)
    rulebook.history(world.ctx, "quiet")
    rulebook.pause(world.ctx, BOSS, "falls")
    rulebook.resume(world.ctx, BOSS, "falls")
    rulebook.remove(world.ctx, BOSS, "data")


def _prune(world: World) -> None:
    for name in RULES:
        if name != "data":
            rulebook.remove(world.ctx, BOSS, name)
    done = retention.prune(world.ctx, START - 60 * DAY, actor="me")
    assert sum(done.kinds.values()) > 2_500


def _watch_what_is_left(world: World) -> None:
    """Rules that look no further back than the horizon: they are answered from tallies too."""
    for name in ("counts", "days", "falls", "quiet", "data"):
        rule(world.database, f"{name}_again", RULES[name], channel=CUSTOMER_CARE)


def _keep_house(world: World) -> None:
    with world.database.writing() as tx:
        inbox.prune(tx, before=START)
        recent.prune(tx)


STEPS: tuple[Callable[[World], None], ...] = (
    _take_in,
    _sweep,
    _sweep_again,
    _take_in,
    _sweep,
    _ask,
    _ask_for_alerts,
    _deliver,
    _keep_house,
    _rule_book,
    _prune,
    _watch_what_is_left,
    _sweep,
    _take_in,
    _sweep_again,
    _ask,
)


def test_nothing_that_is_asked_every_day_reads_a_table_whole(
    database: Database, workspace: Playground
) -> None:
    look_at_every_plan(database, workspace, analyzed=True)


def test_nor_does_it_where_no_statistics_were_ever_gathered(
    new_database_url: DatabaseUrls, workspace: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL gathers them by itself; on SQLite they come with the first large import."""
    monkeypatch.setattr(upkeep, "analyze", lambda _tx: None)
    with closing(Database(new_database_url("sqlite"))) as database:
        look_at_every_plan(database, workspace, analyzed=False)


@pytest.fixture(autouse=True)
def _short_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lives of some six events are carried forward."""
    for name, value in (("FEW", 4), ("STRIDE", 2), ("BEHIND", 1)):
        monkeypatch.setattr(lives, name, value)


def look_at_every_plan(database: Database, workspace: Playground, *, analyzed: bool) -> None:
    workspace.reset()
    world = World(database, workspace)
    asked: list[Asked] = []
    if analyzed:
        with database.writing() as tx:
            upkeep.analyze(tx)
    found: list[Scan] = []
    for step in STEPS:
        with listening() as some:
            step(world)
        asked += some
        # Now, before the tables that the plans are made for have changed.
        found += scans(database, some)
    world.deliverer.close()
    assert len({one.statement for one in asked}) > 100
    for what in ("INSERT INTO carried", "DELETE FROM carried WHERE", "carried AS rung", "given.since"):
        assert any(what in one.statement for one in asked), what
    bad = [scan for scan in found if not _allowed(scan)]
    assert not bad, "\n\n".join(str(scan) for scan in {scan.statement: scan for scan in bad}.values())


def _allowed(scan: Scan) -> bool:
    return any(
        scan.table == table and re.search(pattern, scan.statement, re.DOTALL) for table, pattern, _ in ALLOWED
    )
