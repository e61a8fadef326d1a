"""What the customers did: purchases by a model of probability, and logins, tickets and subscriptions around them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.random import Generator

from bench.company.shape import END, Bools, Floats, Ints, Shape, Traits, chance_of, traits
from rules.instants import DAY

KINDS: Final = (
    "login",
    "payment_failed",
    "purchase",
    "sign_up",
    "subscription_cancelled",
    "subscription_renewed",
    "subscription_started",
    "ticket",
)
"""By name, so that a table in the order of their ids is in this order."""
(
    LOGIN,
    PAYMENT_FAILED,
    PURCHASE,
    SIGN_UP,
    SUBSCRIPTION_CANCELLED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_STARTED,
    TICKET,
) = range(len(KINDS))
CURRENCIES: Final = (None, "USD", "EUR")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
_CHANNELS: Final = ("email", "phone")
DETAILS: Final = (
    None,
    *(
        f'{{"channel":"{channel}","priority":"{priority}"}}'
        for priority in PRIORITIES
        for channel in _CHANNELS
    ),
)
"""The properties that an event may bear, as canonical JSON; the first is for those that bear none."""
_URGENCY: Final = (0.4, 0.4, 0.15, 0.05)
_ABROAD: Final = 0.03
"""The share of purchases that are not in the account's currency."""
_RENEWAL: Final = 60_00
_BOUGHT, _WROTE, _FAILED, _RENEWED = 0.4, 0.06, 0.01, 0.2
"""Shares of a customer's events, before any dropout; logins are what is left."""


@dataclass(frozen=True, slots=True)
class Block:
    """Events of some customers, ordered by customer, kind and time; one value for each event.

    ``customer`` is a number from 0; ``kind``, ``currency`` and ``detail`` are places in ``kinds``, `CURRENCIES` and
    `DETAILS`; ``amount`` counts where there is a currency.
    """

    customer: Ints
    kind: Ints
    at: Ints
    key: Ints
    amount: Ints
    currency: Ints
    detail: Ints

    def __len__(self) -> int:
        return len(self.at)


def history(shape: Shape) -> Iterator[Block]:
    """Give the company's events, block by block, in the order of the table."""
    for block in traits(shape):
        stretches = [
            _stretch(shape, block, number, chance_of(shape, block.first, number))
            for number in range(shape.stretches)
        ]
        yield ordered(_joined(stretches))


def ordered(block: Block) -> Block:
    """Give the same events in the order of the table."""
    order = np.lexsort((block.key, block.at, block.kind, block.customer))
    return Block(*(getattr(block, field.name)[order] for field in fields(Block)))


def _joined(blocks: list[Block]) -> Block:
    return Block(*(np.concatenate([getattr(one, field.name) for one in blocks]) for field in fields(Block)))


def _stretch(shape: Shape, who: Traits, number: int, chance: Generator) -> Block:
    """Give what happened in one stretch; 0 is the last, in which customers come and go."""
    n, end = len(who), END - number * shape.span
    since = who.joined if number == 0 else np.full(n, end - shape.span, dtype=np.int64)
    present = (end - since) / shape.span
    scale = shape.each / present.mean() * present
    buyer, bought, until = _purchases(
        chance, who, chance.poisson(who.rate * scale * _BOUGHT), since, end, leaves=number == 0
    )
    parts = [
        _block(chance, buyer, PURCHASE, bought, amount=_amounts(chance, who.spend[buyer])),
        _subscriptions(chance, who, since, until, end, spare=shape.each * _RENEWED, last=number == 0),
    ]
    for kind, share in ((TICKET, _WROTE), (PAYMENT_FAILED, _FAILED)):
        place = np.repeat(np.arange(n), chance.poisson(scale * share))
        parts.append(_block(chance, place, kind, _between(chance, since[place], until[place])))
    if number == 0:
        parts.append(_block(chance, np.arange(n), SIGN_UP, since))
    left = max(0, round(shape.each * n) - sum(map(len, parts)))
    weight = who.visits * (until - since + DAY)
    place = np.repeat(np.arange(n), chance.multinomial(left, weight / weight.sum()))
    parts.append(_block(chance, place, LOGIN, _between(chance, since[place], until[place])))
    made = _joined(parts)
    return Block(made.customer + who.first, *(getattr(made, field.name) for field in fields(Block)[1:]))


def _purchases(
    chance: Generator, who: Traits, counts: Ints, since: Ints, end: int, *, leaves: bool
) -> tuple[Ints, Ints, Ints]:
    """Give whose each purchase is, when, and until when each customer stays: a month beyond the purchase that was the last.

    Of a Poisson process the instants, given how many there are, are independent and uniform.
    """
    place = np.repeat(np.arange(len(who)), counts)
    at = _between(chance, since[place], np.full(len(place), end, dtype=np.int64))
    at = at[np.lexsort((at, place))]
    lives = chance.geometric(who.dropout) if leaves else np.iinfo(np.int64).max
    nth = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = nth < np.broadcast_to(lives, len(who))[place]
    until = np.full(len(who), end, dtype=np.int64)
    last = nth + 1 == np.broadcast_to(lives, len(who))[place]
    until[place[last]] = np.minimum(at[last] + 30 * DAY, end)
    return place[kept], at[kept], until


def _subscriptions(
    chance: Generator, who: Traits, since: Ints, until: Ints, end: int, *, spare: float, last: bool
) -> Block:
    """Give who subscribed, renewed (each month, or less often where there are no more than ``spare`` events) and left."""
    place = np.flatnonzero(who.subscribes)
    begun = np.minimum(since[place] + chance.integers(0, 10 * DAY, len(place)), end)
    every = max(30 * DAY, int(730 * DAY / max(spare, 1)))
    times = np.maximum(until[place] - begun, 0) // every
    renewed = np.repeat(place, times)
    nth = np.arange(len(renewed)) - np.repeat(np.cumsum(times) - times, times) + 1
    parts = [
        _block(
            chance,
            renewed,
            SUBSCRIPTION_RENEWED,
            np.repeat(begun, times) + nth * every,
            amount=np.full(len(renewed), _RENEWAL, dtype=np.int64),
        )
    ]
    if last:
        gone = place[(until[place] < end) & (chance.random(len(place)) < 0.7)]
        parts += [
            _block(chance, place, SUBSCRIPTION_STARTED, begun),
            _block(chance, gone, SUBSCRIPTION_CANCELLED, until[gone]),
        ]
    return _joined(parts)


def _amounts(chance: Generator, mean: Floats) -> Ints:
    return np.maximum(mean * chance.gamma(4, 1 / 4, len(mean)), 100).astype(np.int64)


def _between(chance: Generator, after: Ints, until: Ints) -> Ints:
    """Give instants in (``after``, ``until``], each as likely as any other; ``after`` where nothing lies between."""
    wide = np.maximum(until - after, 1)
    at: Ints = after + 1 + (chance.random(len(wide)) * wide).astype(np.int64)
    return np.minimum(at, np.maximum(until, after))


def _block(chance: Generator, place: Ints, kind: int, at: Ints, *, amount: Ints | None = None) -> Block:
    n = len(place)
    none = np.zeros(n, dtype=np.int64)
    abroad: Bools = chance.random(n) < _ABROAD if kind == PURCHASE else np.zeros(n, dtype=np.bool_)
    detail = none
    if kind == TICKET:
        urgency = chance.choice(len(PRIORITIES), n, p=_URGENCY)
        detail = (1 + urgency * len(_CHANNELS) + chance.integers(len(_CHANNELS), size=n)).astype(np.int64)
    return Block(
        customer=place.astype(np.int64),
        kind=np.full(n, kind, dtype=np.int64),
        at=at,
        # Where real ones are hashes.
        key=chance.integers(np.iinfo(np.int64).min, np.iinfo(np.int64).max, size=n),
        amount=none if amount is None else amount,
        currency=none if amount is None else 1 + abroad.astype(np.int64),
        detail=detail,
    )
