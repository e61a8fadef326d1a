"""What conditions come to under a life cycle: equal to a slow judge for random ones, and bounded."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.terms import Derived, Family
from rules.conditions.tree import Condition, leaves, size
from rules.instants import Calendar
from rules.lifecycle.definitions import FIXED, NO_LIFECYCLE, Lifecycle, Name
from rules.lifecycle.resolve import (
    MOST_NODES,
    DefinitionCycleError,
    DefinitionTooDeepError,
    MeaningTooLargeError,
    meanings,
    resolve,
)
from rules.lifecycle.sound import FITTED, FittedDefinitionError, TooManyDefinitionsError, refuse_unsound
from tests.lifecycles import LifecycleOracle, derived, lifecycle
from tests.rules.conditions.oracle import Oracle
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, conditions, people


def made(**texts: str) -> Lifecycle:
    """Make a life cycle; ``stage_retain`` is the definition ``stage.retain``."""
    names = {Name.read(key.replace("__", ".")): to_text(parse(text)) for key, text in texts.items()}
    return Lifecycle().having(names)


def meant(text: str, under: Lifecycle) -> str:
    return to_text(resolve(parse(text), under))


SHOP = made(
    active="count(purchase, 30d) >= 1",
    status__new="active and count(purchase) = 1",
    status__active="active",
    status__inactive="tenure >= 0",
    type__loyal="count(purchase) >= 4",
    type__contact="never(purchase)",
    segment__big="sum(purchase) > 100 or segment = big",
)


@pytest.mark.parametrize(
    ("written", "comes_to"),
    [
        ("never(visit)", "never(visit)"),
        ("active", "count(purchase, 30d) >= 1"),
        ("not active", "not count(purchase, 30d) >= 1"),
        ("status = new", "count(purchase, 30d) >= 1 and count(purchase) = 1"),
        (
            "status = active",
            "count(purchase, 30d) >= 1 and not (count(purchase, 30d) >= 1 and count(purchase) = 1)",
        ),
        # The last one holds for all: what is left is that none before it does.
        (
            "status = inactive",
            "not (count(purchase, 30d) >= 1 and count(purchase) = 1) and not count(purchase, 30d) >= 1",
        ),
        # Known is always so, with a last one that holds for all.
        ("status != new", "not (count(purchase, 30d) >= 1 and count(purchase) = 1)"),
        ("status in (new, churned)", "count(purchase, 30d) >= 1 and count(purchase) = 1"),
        ("status = churned", "tenure < 0"),
        ("status != churned", "tenure >= 0"),
        ("type = loyal", "count(purchase) >= 4"),
        ("type != loyal", "not count(purchase) >= 4"),
        ("type in (loyal, contact)", "count(purchase) >= 4 or never(purchase)"),
        # A segment that is defined, one that is not, and within a definition the customer's own text.
        ("segment = Big", "sum(purchase) > 100 or segment = big"),
        ("segment != big", "not (sum(purchase) > 100 or segment = big)"),
        ("segment = vip", "segment = vip"),
        ("segment in (vip, big)", "segment = vip or (sum(purchase) > 100 or segment = big)"),
        ("segment contains big", "segment contains big"),
    ],
)
def test_names_are_replaced(written: str, comes_to: str) -> None:
    assert parse(meant(written, SHOP)) == parse(comes_to)


def test_active_is_what_the_first_segment_says_that_has_its_own() -> None:
    shop = made(active="never(a)", active__big="never(b)", active__vip="never(c)", segment__big="never(d)")
    assert meant("active", shop) == (
        "never(b) and never(d) or never(c) and segment = vip and not never(d) "
        "or never(a) and not never(d) and not segment = vip"
    )


def test_without_a_life_cycle_nothing_derived_holds() -> None:
    assert meant("stage = retain or active", NO_LIFECYCLE) == "tenure < 0"
    assert meant("segment = vip", NO_LIFECYCLE) == "segment = vip"


def judged(tree: Condition, under: Lifecycle, oracle: Oracle) -> None:
    resolved = resolve(tree, under)
    assert not any(isinstance(test.subject, Derived) for test in leaves(resolved))
    assert size(resolved) <= MOST_NODES
    assert oracle.holds(resolved) == LifecycleOracle(oracle, under).holds(tree)


@given(
    data=st.data(),
    zone=st.sampled_from(ZONES),
    now=NOWS,
    seed=st.integers(0, 10**6),
    tree=conditions(PLAIN),
)
@settings(max_examples=120, deadline=None)
def test_what_it_comes_to_holds_where_the_slow_judge_says_so(
    data: st.DataObject, zone: str, now: int, seed: int, tree: Condition
) -> None:
    calendar, chance = Calendar.of(zone), random.Random(seed)
    under = lifecycle(chance)
    refuse_unsound(under) if not _hangs_on_a_fit(under) else meanings(under)
    oracle = Oracle(data.draw(people(now, calendar)), now, calendar.zone, "USD", 2)
    for written in (
        f"({to_text(tree)}) or {derived(chance)}",
        f"not ({derived(chance)} and {derived(chance)})",
    ):
        judged(parse(written), under, oracle)


def _hangs_on_a_fit(under: Lifecycle) -> bool:
    try:
        refuse_unsound(under)
    except FittedDefinitionError:
        return True
    return False


@pytest.mark.parametrize(
    ("definitions", "path"),
    [
        ({"active": "active"}, ["active", "active"]),
        ({"active": "status = new", "status__new": "active"}, ["active", "status.new", "active"]),
        ({"stage__retain": "not stage = retain"}, ["stage.retain", "stage.retain"]),
        ({"stage__reach": "never(x)", "stage__retain": "stage != reach"}, ["stage.retain", "stage.retain"]),
        (
            {"segment__a": "type = loyal", "type__loyal": "segment = a"},
            ["type.loyal", "segment.a", "type.loyal"],
        ),
        (
            {"active": "never(x)", "active__vip": "never(x)", "segment__vip": "active"},
            ["active.vip", "segment.vip", "active.vip"],
        ),
    ],
)
def test_a_definition_that_refers_to_itself_is_refused_with_the_path(
    definitions: dict[str, str], path: list[str]
) -> None:
    with pytest.raises(DefinitionCycleError) as refused:
        refuse_unsound(made(**definitions))
    found = refused.value.params["path"]
    assert isinstance(found, list)
    assert found[0] == found[-1]
    assert set(found) == set(path)


def test_a_stage_may_refer_to_one_before_it() -> None:
    refuse_unsound(made(stage__reach="never(x)", stage__retain="not stage = reach"))


TYPES = FIXED[Family.TYPE]
CHAIN = {f"type__{one}": f"type = {other}" for one, other in pairwise(TYPES)}


def test_definitions_refer_to_one_another_by_so_many_steps_at_most() -> None:
    deep = CHAIN | {
        f"type__{TYPES[-1]}": "status = new",
        "status__new": "stage = reach",
        "stage__reach": "active",
    }
    refuse_unsound(
        made(**CHAIN | {f"type__{TYPES[-1]}": "status = new", "status__new": "active", "active": "never(x)"})
    )
    for order in (deep, dict(reversed(deep.items()))):
        with pytest.raises(DefinitionTooDeepError):
            refuse_unsound(made(**order, active="segment = big", segment__big="never(x)"))


def test_what_is_too_large_with_its_definitions_put_in_is_refused() -> None:
    one, other = (" or ".join(f"count({kind}) = {n}" for n in range(31)) for kind in ("a", "b"))
    many = " or ".join(f"status != new and sum(x) > {n}" for n in range(12))
    shop = made(status__new=one, status__active=other, type__loyal=many)
    refuse_unsound(shop)
    with pytest.raises(MeaningTooLargeError):
        resolve(parse(" or ".join(f"type = loyal and tenure > {n}" for n in range(8))), shop)
    with pytest.raises(MeaningTooLargeError):
        refuse_unsound(
            shop.having({Name(Family.TYPE, "contact"): many.replace("status != new", "type = loyal")})
        )


def test_there_are_so_many_definitions_at_most() -> None:
    with pytest.raises(TooManyDefinitionsError):
        refuse_unsound(made(**{f"segment__s{n}": "never(x)" for n in range(101)}))


@pytest.mark.parametrize(
    "definitions",
    [
        {"stage__retain": "value_tier = high"},
        {"status__new": "type = loyal", "type__loyal": "value_tier = high"},
        {"status__new": "active", "active": "value_tier != high"},
        {
            "stage__reach": "active",
            "active": "never(x)",
            "active__vip": "never(x)",
            "segment__vip": "value_tier = low",
        },
    ],
)
def test_stages_and_statuses_hang_on_no_fit(definitions: dict[str, str]) -> None:
    with pytest.raises(FittedDefinitionError) as refused:
        refuse_unsound(made(**definitions, value_tier__high="never(x)"))
    assert refused.value.params["field"] in FITTED
    refuse_unsound(
        made(type__loyal="value_tier = high", value_tier__high="never(x)", stage__reach="type = contact")
    )


def test_the_definition_that_hangs_on_a_fit_is_named_and_not_one_that_refers_to_it() -> None:
    with pytest.raises(FittedDefinitionError) as refused:
        refuse_unsound(made(stage__reach="status = new", status__new="p_alive > 3%"))
    assert refused.value.params == {"name": "status.new", "field": "p_alive", "path": ["status.new"]}


def test_what_a_definition_says_by_itself_leaves_out_those_before_it() -> None:
    assert to_text(meanings(SHOP)[Name(Family.STATUS, "active")]) == "count(purchase, 30d) >= 1"
