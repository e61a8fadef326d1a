"""A history is the same for the same seed, and looks like one: few buy often, some stay away, all of it in order."""

from dataclasses import fields

import numpy as np
import pytest

from bench.company.history import (
    DETAILS,
    KINDS,
    LOGIN,
    PURCHASE,
    SIGN_UP,
    SUBSCRIPTION_RENEWED,
    TICKET,
    Block,
    history,
)
from bench.company.shape import BLOCK, END, Shape, traits
from rules.instants import DAY

SHAPE = Shape(customers=2_000, events=50_000)


@pytest.fixture(scope="module")
def block() -> Block:
    (only,) = history(SHAPE)
    return only


def same(one: Block, other: Block) -> bool:
    return all(np.array_equal(getattr(one, name.name), getattr(other, name.name)) for name in fields(Block))


def test_the_same_seed_makes_the_same_history_and_another_seed_another(block: Block) -> None:
    (again,) = history(SHAPE)
    (other,) = history(Shape(customers=2_000, events=50_000, seed=2))
    assert same(block, again)
    assert not same(block, other)


def test_there_are_as_many_events_as_were_asked_for_within_the_span(block: Block) -> None:
    assert len(block) == SHAPE.events
    assert block.at.min() >= SHAPE.begin
    assert block.at.max() <= END
    assert set(block.customer.tolist()) == set(range(SHAPE.customers))
    assert set(block.kind.tolist()) == set(range(len(KINDS)))


def test_events_come_in_the_order_of_the_table_and_no_place_is_taken_twice(block: Block) -> None:
    places = list(
        zip(block.customer.tolist(), block.kind.tolist(), block.at.tolist(), block.key.tolist(), strict=True)
    )
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_kinds_bear_what_they_bear_in_life(block: Block) -> None:
    paid = np.isin(block.kind, [PURCHASE, SUBSCRIPTION_RENEWED])
    assert np.array_equal(block.currency > 0, paid)
    assert (block.amount[paid] >= 100).all()
    assert np.array_equal(block.detail > 0, block.kind == TICKET)
    tickets = block.detail[block.kind == TICKET]
    urgent = np.mean([DETAILS[detail] is not None and "urgent" in str(DETAILS[detail]) for detail in tickets])
    assert 0.02 < urgent < 0.1
    abroad = block.currency[block.kind == PURCHASE] == 2
    assert 0.01 < abroad.mean() < 0.06


def test_few_customers_buy_much_and_many_have_left(block: Block) -> None:
    purchases = block.customer[block.kind == PURCHASE]
    counts = np.sort(np.bincount(purchases, minlength=SHAPE.customers))[::-1]
    assert counts[: SHAPE.customers // 5].sum() > 0.45 * counts.sum()
    assert 0.02 < (counts == 0).mean() < 0.4
    last = np.zeros(SHAPE.customers, dtype=np.int64)
    np.maximum.at(last, purchases, block.at[block.kind == PURCHASE])
    assert 0.2 < (last < END - 90 * DAY).mean() < 0.8


def test_nothing_happens_before_a_customer_signs_up(block: Block) -> None:
    signed_up = np.zeros(SHAPE.customers, dtype=np.int64)
    chosen = block.kind == SIGN_UP
    signed_up[block.customer[chosen]] = block.at[chosen]
    assert (block.at >= signed_up[block.customer]).all()
    (who,) = traits(SHAPE)
    assert np.array_equal(signed_up, who.joined)


def test_a_longer_history_ends_as_the_short_one_does() -> None:
    (short,) = history(Shape(customers=300, events=6_000))
    (long,) = history(Shape(customers=300, events=60_000, stretches=10))
    assert len(long) == 10 * len(short)
    late = long.at >= END - SHAPE.span
    places = set(
        zip(long.customer[late].tolist(), long.key[late].tolist(), long.at[late].tolist(), strict=True)
    )
    assert set(zip(short.customer.tolist(), short.key.tolist(), short.at.tolist(), strict=True)) <= places
    # What lies on the very boundary may belong to the stretch before.
    assert len(places) - len(short) <= 5
    for customer in (0, 150, 299):
        assert long.at[long.customer == customer].min() < END - 8 * SHAPE.span


def test_a_large_company_comes_in_blocks_that_do_not_depend_on_each_other() -> None:
    first, second = history(Shape(customers=BLOCK + 50, events=4 * (BLOCK + 50)))
    assert first.customer.max() == BLOCK - 1
    assert (second.customer.min(), second.customer.max()) == (BLOCK, BLOCK + 49)
    assert (np.bincount(first.kind, minlength=len(KINDS))[LOGIN]) > 0
