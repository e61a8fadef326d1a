"""The catalogue of processes: what ships, what managers lay over it, and what a file may not say."""

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.files.mistakes import BadFileError
from rules.lifecycle.processes import (
    AliasOfItselfError,
    Catalogue,
    KeyEvent,
    Overlay,
    Relationship,
    UnknownProcessError,
    overlaid,
    overlaid_aliases,
    read_catalogue,
    shipped,
)
from templates.words import Words

EMPTY = Catalogue((), MappingProxyType({}), MappingProxyType({}))
NAMES = st.sampled_from("abcdef")


def test_what_ships_names_every_process_of_the_domain_and_what_each_event_tells() -> None:
    catalogue = shipped()
    assert [process.name for process in catalogue.processes] == [
        *("acquisition", "sales", "onboarding", "billing", "delivery", "support"),
        *("marketing", "feedback", "termination"),
    ]
    assert {process.relationship for process in catalogue.processes} == set(Relationship)
    assert all(catalogue.key_events(process.name) for process in catalogue.processes)
    assert all(event.tells for event in catalogue.events.values())
    assert catalogue.meaning("order_completed") == "purchase"
    assert catalogue.meaning("purchase") == "purchase"
    assert catalogue.unassigned(["purchase", "order_completed", "wish"]) == ("wish",)
    assert catalogue.process(" Sales ").name == "sales"
    with pytest.raises(UnknownProcessError) as refused:
        catalogue.process("biling")
    assert refused.value.params["nearest"] == ["billing"]


def test_managers_move_kinds_take_them_out_and_bring_new_ones() -> None:
    changed = Overlay(
        {"wish": KeyEvent("wish", "sales", "They want it."), "survey": None},
        {"order_placed": "order_completed", "order_completed": "purchase"},
    )
    catalogue = overlaid(shipped(), changed)
    assert catalogue.events["wish"].tells == "They want it."
    assert catalogue.unassigned(["survey", "wish", "order_placed"]) == ("survey",)
    assert catalogue.meaning("order_placed") == "purchase", "at once, not by way of another alias"
    assert overlaid(shipped(), Overlay({}, {"order_completed": None})).aliases == {}


@settings(max_examples=100)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=8))
def test_no_alias_ever_leads_to_another_or_to_itself(given_aliases: list[tuple[str, str]]) -> None:
    catalogue, meant = EMPTY, {}
    for source, kind in given_aliases:
        try:
            catalogue = catalogue.with_alias(source, kind)
        except AliasOfItselfError:
            continue
        meant[source] = kind
        assert catalogue.meaning(source) == catalogue.meaning(kind)
    assert not set(catalogue.aliases.values()) & catalogue.aliases.keys()
    assert overlaid_aliases(EMPTY, catalogue.aliases) == catalogue.aliases


@given(st.dictionaries(NAMES, st.one_of(st.none(), NAMES), max_size=6))
def test_whatever_is_stored_aliases_end_somewhere(stored: dict[str, str | None]) -> None:
    found = overlaid_aliases(shipped(), stored)
    assert not set(found.values()) & found.keys()


def test_every_mistake_of_a_file_is_told_at_its_line() -> None:
    text = (
        "processes:\n"
        "  sales:\n"
        "    about: They buy.\n"
        "    relationship: begins\n"
        "    events:\n"
        "      purchase: They bought.\n"
        "  billing:\n"
        "    relationship: kept\n"
        "    events:\n"
        "      Purchase: Again.\n"
        "      '!!': Nameless.\n"
        "aliases:\n"
        "  order_placed: Order Placed\n"
        "  a: purchase\n"
        "  b: a\n"
    )
    with pytest.raises(BadFileError) as refused:
        read_catalogue(text)
    said = Words().error_plain(refused.value.named("c.yaml")).splitlines()
    lines = [int(line.split(":")[1]) for line in said if line.startswith("c.yaml:")]
    assert lines == [4, 8, 10, 11, 13, 15]
