"""Answers to people: a customer's card, and a name that somebody mistyped."""

from collections.abc import Callable
from functools import partial
from typing import Final

from numpy.random import Generator, default_rng
from rapidfuzz import fuzz, process
from slack_sdk import WebClient
from sqlalchemy import text

from bench.company.load import people
from bench.company.people import external_id, profiles
from bench.company.shape import Shape
from bench.measure import Figure, Goal, Measure, Unit, percentile, seconds, started
from bench.sweeps import SidesDifferError
from bench.workbench import Place, Workbench
from handlers import answer
from handlers.answer import Choice, NoCustomerError
from handlers.slack.asked import Asked
from handlers.slack.customer import customer
from handlers.slack.directory import Directory
from storage.database import Dialect

GOALS: Final[dict[Dialect, float]] = {"sqlite": 0.002, "postgresql": 0.010}
TYPO_GOAL: Final = 0.060
FOUND: Final = 0.9
"""The share of mistyped names that must lead to the one that was meant, or speed means nothing."""
_TYPOS: Final = 40
_P: Final = 95


def status(bench: Workbench) -> list[Measure]:
    """Ask who a customer is, many times, and against that: one seek of the last event by hand."""
    place = bench.swept
    chance = default_rng([bench.sizes.seed, 17])
    asked = chance.integers(place.shape.customers, size=bench.sizes.asked).tolist()
    database = place.database
    with database.reading() as tx:
        ids = {row[0]: int(row[1]) for row in tx.execute(text("SELECT external_id, id FROM customer"))}
        kind = tx.execute(text("SELECT id FROM kind WHERE name = 'purchase'")).scalar_one()
        seek = text("SELECT max(occurred_at) FROM event WHERE customer_id = :who AND kind = :kind")
        binds = [{"who": ids[external_id(one)], "kind": kind} for one in asked]

        def one_seek(bind: dict[str, int]) -> None:
            tx.execute(seek, bind).scalar_one()

        seeks = [seconds(partial(one_seek, bind)) for bind in binds]
    slack = Asked(place.ctx, Directory(WebClient(retry_handlers=[])), "UBENCH", "bench")
    ways: dict[str, Callable[[int], object]] = {
        "status": lambda number: answer.status(place.ctx, external_id(number)),
        "the card by id": lambda number: answer.card(place.ctx, ids[external_id(number)]),
        "/customer status, as laid out": lambda number: customer(slack, f"status {external_id(number)}"),
    }
    measures = []
    for name, way in ways.items():
        # What is warm is measured: plans, pages and templates are what they are in a bot that has run for a while.
        for number in asked[:20]:
            way(number)
        with started():
            taken = [seconds(partial(way, number)) for number in asked]
        measures.append(
            Measure(
                "status",
                f"{name}, p{_P}",
                Figure(percentile(taken, _P), Unit.SECONDS),
                Figure(percentile(seeks, _P), Unit.SECONDS, "one seek"),
                goal=Goal(GOALS[bench.dialect], of_value=True),
            )
        )
    return measures


def names(bench: Workbench) -> list[Measure]:
    """Ask for customers whose names are mistyped, and against that: a walk over all names, held in memory."""
    shape = Shape(bench.sizes.names, 0, seed=bench.sizes.seed)
    with bench.brief(bench.empty(shape)) as place:
        advance = bench.say(f"{shape.customers:,} names", shape.customers)
        people(place.database, profiles(shape), advance, now=shape.begin)
        with place.database.reading() as tx:
            all_names = list(tx.execute(text("SELECT name FROM customer ORDER BY id")).scalars())
        chance = default_rng([bench.sizes.seed, 19])
        meant = [all_names[place_] for place_ in chance.integers(len(all_names), size=_TYPOS).tolist()]
        typed = [mistyped(chance, name) for name in meant]
        _near(place, typed[0])
        with started():
            taken = [seconds(partial(_near, place, one)) for one in typed]
        found = sum(name in _near(place, one) for name, one in zip(meant, typed, strict=True))
    if found < FOUND * len(meant):
        raise SidesDifferError(f"of {len(meant)} mistyped names only {found} led to the one that was meant")
    folded = [name.casefold() for name in all_names]
    walks = [seconds(partial(_walk, folded, one)) for one in typed[:10]]
    return [
        Measure(
            "names",
            f"a name with a typo among {shape.customers:,}, p{_P}",
            Figure(percentile(taken, _P), Unit.SECONDS),
            Figure(percentile(walks, _P), Unit.SECONDS, "walk in memory"),
            goal=Goal(TYPO_GOAL, of_value=True),
        )
    ]


def mistyped(chance: Generator, name: str) -> str:
    """Give ``name`` with two letters of the last name the wrong way round, one of them twice, left out or another."""
    first, last = name.split(" ", 1)
    at = int(chance.integers(1, len(last) - 2))
    letter = "qxjy"[int(chance.integers(4))]
    kinds = (
        last[:at] + last[at + 1] + last[at] + last[at + 2 :],
        last[:at] + last[at] + last[at:],
        last[:at] + last[at + 1 :],
        last[:at] + letter + last[at + 1 :],
    )
    return f"{first} {kinds[int(chance.integers(4))]}"


def _near(place: Place, typed: str) -> set[str | None]:
    """Give the names that the answer leads to: the one found, those to choose from, or those that are like it."""
    try:
        found = answer.status(place.ctx, typed)
    except NoCustomerError as error:
        return {one.person.name for one in error.near}
    if isinstance(found, Choice):
        return {one.person.name for one in found.customers}
    return {found.person.name}


def _walk(folded: list[str], typed: str) -> None:
    process.extract(typed.casefold(), folded, scorer=fuzz.WRatio, processor=None, score_cutoff=75, limit=20)
