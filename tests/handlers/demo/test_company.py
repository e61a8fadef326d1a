"""The simulated company: the same for ever, plausible, and alive before today and after."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from handlers.demo.company import Company
from handlers.demo.habits import FIRST_DAY, LAST_DAY, Happening, Life, live
from rules.lifecycle.processes import shipped

COMPANY = Company(["tom@example.com", "aiko@example.com"])
LIVES = [customer.life for customer in COMPANY.customers]


def test_the_same_seed_makes_the_same_company_and_another_another() -> None:
    one, same, other = (Company(["a"], seed=seed, people=40) for seed in (1, 1, 2))
    assert one.customers == same.customers
    assert [(line.customer.id, line.happening) for line in one.log] == [
        (line.customer.id, line.happening) for line in same.log
    ]
    assert one.customers != other.customers
    assert live(Random(3), -100) == live(Random(3), -100)


def test_some_two_thousand_customers_over_eighteen_months_and_more_to_come() -> None:
    here = [life for life in LIVES if life.joined <= 0]
    assert 1_900 <= len(here) <= 2_100
    assert FIRST_DAY <= min(life.joined for life in LIVES) <= FIRST_DAY + 2
    ahead = Counter(int(line.happening.day) for line in COMPANY.between(0, LAST_DAY))
    assert set(ahead) == set(range(LAST_DAY)), "something happens every day"
    assert {"purchase", "sign_up", "login"} <= {line.happening.kind for line in COMPANY.between(0, 1)}


def test_every_kind_that_the_catalogue_names_happens_and_one_that_no_process_has() -> None:
    kinds = {one.kind for life in LIVES for one in life.happenings if one.day <= 0}
    assert set(shipped().events) <= kinds
    assert kinds - set(shipped().events) == {"wishlist_added"}


def test_nothing_happens_before_the_sign_up_or_out_of_order() -> None:
    for life in LIVES:
        assert life.happenings[0] == Happening(life.joined, "sign_up", None, life.happenings[0].properties)
        days = [one.day for one in life.happenings]
        assert days == sorted(days)
        assert [one.kind for one in life.happenings].count("sign_up") == 1


def held(life: Life) -> list[Happening]:
    return [one for one in life.happenings if one.kind.startswith("subscription_")]


def test_who_has_cancelled_renews_no_more_until_they_begin_anew() -> None:
    follows = {
        "subscription_started": {"subscription_renewed", "subscription_cancelled"},
        "subscription_renewed": {"subscription_renewed", "subscription_cancelled"},
        "subscription_cancelled": {"subscription_started"},
    }
    seen = Counter[tuple[str, str]]()
    for life in LIVES:
        kinds = [one.kind for one in held(life)]
        assert not kinds or kinds[0] == "subscription_started"
        for one, after in pairwise(kinds):
            seen[one, after] += 1
            assert after in follows[one]
    assert seen["subscription_cancelled", "subscription_started"], "some come back"


def test_every_term_begins_with_a_charge_and_ends_later() -> None:
    for life in LIVES:
        charged = [one.day for one in held(life) if one.kind != "subscription_cancelled"]
        assert len(charged) == len([term for term in life.terms if term.day < LAST_DAY])
        for begun, term in zip(charged, life.terms, strict=False):
            assert abs(begun - term.day) < 1
            assert term.end > term.day


def test_amounts_are_what_was_paid() -> None:
    signs = {
        one.kind: (one.cents > 0) - (one.cents < 0)
        for life in LIVES
        for one in life.happenings
        if one.cents is not None
    }
    assert signs == {"purchase": 1, "subscription_started": 1, "subscription_renewed": 1, "refund": -1}


def test_few_spend_most_and_have_somebody_of_their_own() -> None:
    shares = Counter(customer.segment for customer in COMPANY.customers)
    assert shares["vip"] < shares["regular"] < shares["occasional"]
    assert all(bool(one.owner) is (one.segment != "occasional") for one in COMPANY.customers)
    assert len({one.email for one in COMPANY.customers}) == len(COMPANY.customers)
    assert len({one.language for one in COMPANY.customers}) >= 5


@pytest.mark.parametrize("kind", ["support_ticket", "survey", "contact"])
def test_events_say_what_rules_ask_for(kind: str) -> None:
    properties = {
        name for life in LIVES for one in life.happenings if one.kind == kind for name in one.properties
    }
    assert (
        properties
        == {
            "support_ticket": {"priority", "topic"},
            "survey": {"score"},
            "contact": {"channel", "topic"},
        }[kind]
    )
