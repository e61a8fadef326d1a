"""What customers spent: the amounts of purchases and of what went back, and of nothing else."""

import pytest

from handlers import lifecycle, processes, spending
from handlers.context import Context
from handlers.ingest import take_in
from handlers.lifecycle_plans import using
from handlers.rulebook import Request
from rules.access import Actor
from rules.instants import DAY
from rules.lifecycle.processes import KeyEvent, Overlay, overlaid, shipped
from storage import customers
from storage.database import Database
from storage.incoming import EventIn
from tests.contexts import StillClock, context

D = 20_000 * DAY
BOSS = Request(Actor("U1", manager=True))


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database, now=StillClock(D))


def spent(ctx: Context) -> int | None:
    with ctx.database.reading() as tx:
        return spending.totals(tx, ctx, customers.ids(tx, known_at=D).tolist(), D).get(1)


def test_amounts_of_purchases_count_and_what_went_back_counts_against_them(ctx: Context) -> None:
    amounts = (
        ("purchase", 10_000, "USD"),
        ("purchase", -1_500, "USD"),
        ("refund", -2_000, "USD"),
        ("subscription_renewed", 700, "USD"),
        ("purchase", 9_900, "EUR"),
        # What is due, what somebody wishes for and what a ticket cost was spent by nobody.
        ("payment_failed", 5_000, "USD"),
        ("wishlist_added", 40_000, "USD"),
        ("support_ticket", 300, "USD"),
    )
    with ctx.database.writing() as tx:
        events = [
            EventIn("shop", "c1", kind, D - place, amount, currency, f"o{place}", None)
            for place, (kind, amount, currency) in enumerate(amounts)
        ]
        take_in(tx, events, now=D, by_http=False)
    assert spent(ctx) == 7_200
    # A manager says that a kind is sold, or puts a life cycle in use that takes it for a purchase.
    processes.assign(ctx, BOSS, kind="wishlist_added", process="sales", tells="They ordered it.")
    assert spent(ctx) == 47_200


def test_a_life_cycle_says_what_qualifies(ctx: Context) -> None:
    with ctx.database.writing() as tx:
        take_in(
            tx, [EventIn("shop", "c1", "appointment", D - 1, 8_000, "USD", "a", None)], now=D, by_http=False
        )
    assert spent(ctx) is None
    lifecycle.make(ctx, BOSS, using("services"), did="use")
    assert spent(ctx) == 8_000


def test_kinds_under_another_name_are_still_spent() -> None:
    renamed = overlaid(shipped(), Overlay({"deal": KeyEvent("deal", "sales")}, {"purchase": "order"}))
    assert renamed.spent(["visit"]) == {
        *("order", "subscription_started", "subscription_renewed", "refund", "contact", "deal", "visit")
    }
