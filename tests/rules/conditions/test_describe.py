"""Conditions in words."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.describe import describe
from rules.conditions.parse import parse
from rules.conditions.tree import Condition
from templates.words import Words
from tests.rules.conditions.strategies import NASTY, PLAIN, written

SAY = partial(Words().say, "conditions")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("silent(purchase, 30d) and segment = vip", "no purchase for 30 days, and segment is “vip”"),
        (
            "change(sum(purchase), 1mo) <= -50%",
            "the change in the amount of purchase, the last 1 month against those before, is at most -50%",
        ),
        (
            "count(ticket where priority = high, 7d) >= 2",
            "the count of ticket (where priority is “high”) in the last 7 days is at least 2",
        ),
        ("count(sign_up) = 0", "the count of sign up ever is 0"),
        ("days_since(purchase) > 1", "the time since the last purchase is more than 1 day"),
        ("tenure >= 1.5", "the time known is at least 1.5 days"),
        ("missing(sign_up, purchase, 1w)", "no purchase within 1 week of the last sign up"),
        (
            "returned(purchase, 90d)",
            "purchase in the last 90 days, the first of them after 90 days or more without any",
        ),
        ("not active and stage = retain", "it is not so that the customer is active, and stage is “retain”"),
        (
            "type = loyal or type != contact",
            "“loyal” is among the types, or “contact” is not among the types",
        ),
        ("status != new", "status is known and not “new”"),
        ("value_tier in (high, low)", "value tier is one of “high”, “low”"),
        ("not (never(visit) or never(purchase))", "it is not so that (no visit ever, or no purchase ever)"),
        ("p_alive < 40%", "the chance of another purchase is less than 40%"),
        ("clv > 250", "the value expected of the next 12 months is more than 250"),
        ("clv_rank >= 80%", "the share of customers who are worth less is at least 80%"),
        ("expected_purchases < 1", "the number of purchases expected in 12 months is less than 1"),
        ("segment in (a, b, c)", "segment is one of “a”, “b”, “c”"),
        ("attr.renewal_date < 2026-11-22", "renewal date is before 2026-11-22"),
        ("days_until(renewal_date) <= 30", "the time until renewal date is at most 30 days"),
        ("owner contains '<!channel> & co'", "owner contains “&lt;!channel&gt; &amp; co”"),
        (
            "overdue(purchase) > 2",
            "the wait for purchase, as a multiple of the usual one, is more than 2",
        ),
    ],
)
def test_conditions_are_said(text: str, words: str) -> None:
    assert describe(parse(text), SAY) == words


@given(st.one_of(written(PLAIN), written(NASTY)))
def test_every_condition_can_be_said(tree: Condition) -> None:
    said = describe(tree, SAY)
    assert said
    assert "<" not in said
