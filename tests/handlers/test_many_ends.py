"""A rule that is removed while very many alerts of it are open: each message gets its terminal state."""

from collections import Counter

from handlers import channels, rulebook
from handlers.rulebook import Request
from handlers.sweep import sweep
from handlers.tell import render
from rules.access import Actor
from rules.instants import DAY
from storage import alerts, outbox
from storage.database import Database
from storage.outbox import Call
from tests.contexts import StillClock, context
from tests.histories import customer, rule

NOW = 20_000 * DAY
MANY = 500


def test_every_message_of_a_removed_rule_says_that_it_is_over(database: Database) -> None:
    ctx = context(database, now=StillClock(NOW))
    for number in range(1, MANY + 1):
        customer(database, number, known_since=NOW - DAY)
    manager = Request(Actor("UMANAGER", manager=True))
    channels.change(ctx, manager, "#customer-care", "budget", "off")
    rule(database, "all", "tenure >= 0", backlog="post")
    sweep(ctx)
    with database.reading() as tx:
        roots = {one.root for one in alerts.unresolved(tx)}
    assert len(roots) == MANY
    removed = rulebook.remove(ctx, manager, "all")
    assert removed is not None
    assert removed.closed == MANY
    with database.reading() as tx:
        asked = Counter((one.root, one.call) for one in outbox.after(tx, max(root for root in roots if root)))
        assert asked == Counter((root, call) for root in roots for call in (Call.UPDATE, Call.REPLY))
        first = outbox.get(tx, min(root for root in roots if root))
        assert "*Closed:* the rule was changed." in render(tx, first, ctx).text
        assert alerts.unresolved_count(tx) == 0
