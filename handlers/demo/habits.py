"""What one customer of the demo's company does from the day they sign up: a small model of buying, using and leaving.

After each purchase a customer may leave for good, as the models of lifetime value have it; until then they buy in a
rhythm of their own. Subscribers use the service, and mostly grow silent before they cancel. Times are in days from
today's midnight, so the past is negative. Everything is drawn from the generator that is handed in: the same draws,
the same life. It must not know how a life is written down or taken in.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

FIRST_DAY: Final = -545
LAST_DAY: Final = 120
"""Lives are told from a year and a half before today to four months after it; then nothing new happens."""
PLANS: Final = {"basic": 1_900, "plus": 4_900, "pro": 14_900}
"""Cents a month; a year costs ten months."""
CHANNELS: Final = ("email", "phone", "social media", "in person")
TOPICS: Final = ("billing", "delivery", "login", "quality", "question")
_MONTH: Final = 30
_YEAR: Final = 365
_BILLED_AT: Final = 3 / 24
"""Charges are made at night."""

_STRIKE: Final = 1 + 11 / 24
"""When the carrier strikes: tomorrow, late in the morning, all that was bought in the days before is late at once."""
_STRUCK_DAYS: Final = 3

Properties = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a customer did, ``day`` days from today's midnight; ``cents`` is what was paid, less
    than nothing where it was given back."""

    day: float
    kind: str
    cents: int | None = None
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Term:
    """From ``day`` on the customer's subscription is to this ``plan``, and ends on the day ``end``."""

    day: float
    plan: str
    end: int


@dataclass(frozen=True, slots=True)
class Life:
    """All that a customer does, in order, and the terms of their subscription."""

    joined: float
    happenings: tuple[Happening, ...]
    terms: tuple[Term, ...]


def live(draw: Random, joined: int) -> Life:
    """Let a customer who signs up on the day ``joined`` live until `LAST_DAY`."""
    person = _Person(draw, joined + _hour(draw))
    character = draw.random()
    if character < 0.56:
        person.shop(
            gap=draw.lognormvariate(math.log(30), 0.45), basket=draw.lognormvariate(math.log(42), 0.5)
        )
    elif character < 0.61:
        # A few spend most.
        person.shop(gap=draw.uniform(14, 30), basket=draw.lognormvariate(math.log(260), 0.3), leaves=0.07)
    elif character < 0.88:
        person.subscribe()
        if draw.random() < 0.25:
            person.shop(gap=draw.uniform(40, 90), basket=draw.lognormvariate(math.log(35), 0.4))
    else:
        person.look_around()
    person.hear_from_us()
    return person.life()


class _Person:
    """A life as it is drawn; ``left`` is the day from which nothing more is heard of them."""

    def __init__(self, draw: Random, joined: float) -> None:
        self._draw = draw
        self._joined = joined
        self._found: list[Happening] = [
            Happening(joined, "sign_up", properties={"from": draw.choice(("web", "app"))})
        ]
        self._terms: list[Term] = []
        self._left = joined + 30

    def life(self) -> Life:
        """Give what was drawn."""
        within = [one for one in self._found if one.day < LAST_DAY]
        return Life(self._joined, tuple(sorted(within, key=lambda one: one.day)), tuple(self._terms))

    # Buying

    def shop(self, *, gap: float, basket: float, leaves: float | None = None) -> None:
        """Buy in a rhythm of one's own until one leaves, and perhaps come back when somebody asks."""
        draw = self._draw
        leaves = draw.betavariate(1.2, 7) if leaves is None else leaves
        steady = draw.choice((1, 3, 8))
        day, nth = self._joined + draw.expovariate(1 / 4), 0
        while day < LAST_DAY:
            self._buy(day, basket * draw.lognormvariate(0, 0.35), nth)
            nth += 1
            storm = draw.random() < 0.008
            if storm:
                self._storm(day + draw.uniform(1, 6))
            if draw.random() < (0.28 if nth == 1 else leaves) + (0.4 if storm else 0):
                self._stay_until(day + 10)
                if draw.random() > 0.22:
                    return
                # Somebody asked what had become of them.
                day += draw.uniform(95, 170)
                self._add(
                    day - draw.uniform(1, 5), "contact", channel=draw.choice(CHANNELS), topic="win back"
                )
                continue
            day += gap * draw.gammavariate(steady, 1 / steady)
        self._stay_until(LAST_DAY)

    def _buy(self, day: float, dollars: float, nth: int) -> None:
        draw, cents = self._draw, max(300, round(dollars * 100))
        if draw.random() < 0.12:
            self._add(
                day - draw.uniform(0.5, 6), "wishlist_added", item=draw.choice(("beans", "grinder", "cups"))
            )
        self._add(day, "purchase", cents, items=1 + int(draw.expovariate(0.9)), order=nth + 1)
        late = draw.random() < 0.05
        struck = _STRIKE - _STRUCK_DAYS <= day < _STRIKE - 0.5
        if struck:
            self._exactly(_STRIKE, "delivery_delayed", days=4)
        elif late:
            self._add(day + draw.uniform(2, 5), "delivery_delayed", days=draw.randint(2, 9))
        if draw.random() < (0.5 if late else 0.05):
            self._ticket(day + draw.uniform(3, 7), "delivery" if late else draw.choice(TOPICS))
        if draw.random() < 0.14:
            self._survey(day + draw.uniform(4, 9), low=late)
        if draw.random() < 0.03:
            self._add(
                day + draw.uniform(5, 14), "refund", -cents, reason=draw.choice(("quality", "wrong item"))
            )

    # Subscribing

    def subscribe(self) -> None:
        """Hold a subscription from term to term until it is cancelled, and perhaps begin another one."""
        draw = self._draw
        day = self._joined + draw.uniform(0, 20)
        while day < LAST_DAY:
            ended = self._subscription(day)
            if ended is None or draw.random() > 0.1:
                break
            day = ended + draw.uniform(30, 120)
            self._add(day - draw.uniform(1, 6), "contact", channel="phone", topic="win back")

    def _subscription(self, start: float) -> float | None:
        """Live through one subscription; gives the day it was cancelled, None where that lies too far ahead."""
        draw, plan = self._draw, self._draw.choices(tuple(PLANS), (5, 3, 1))[0]
        yearly = draw.random() < 0.3
        price, length = (PLANS[plan] * 10, _YEAR) if yearly else (PLANS[plan], _MONTH)
        self._add(start, "subscription_started", price, plan=plan, term="yearly" if yearly else "monthly")
        begun, end = start, math.floor(start) + length
        self._terms.append(Term(start, plan, end))
        if draw.random() < 0.8:
            self._add(start + draw.uniform(1, 8), "onboarding_completed", plan=plan)
        while end < LAST_DAY:
            if draw.random() < (0.3 if yearly else 0.06):
                return self._cancel(begun, end, draw.choice(("price", "not used", "competitor")))
            charged = self._charge(end, price)
            if charged is None:
                self._use(begun, end)
                self._add(end + 8, "subscription_cancelled", reason="payment")
                self._stay_until(end + 8)
                return end + 8
            self._exactly(charged, "subscription_renewed", price, plan=plan)
            end += length
            self._terms.append(Term(charged, plan, end))
        self._use(begun, LAST_DAY)
        self._stay_until(LAST_DAY)
        return None

    def _charge(self, end: int, price: int) -> float | None:
        """Charge for the next term; gives when it went through, None where it never did."""
        draw, day = self._draw, end + _BILLED_AT
        if draw.random() > 0.05:
            return day
        tries = draw.choice((1, 2, 2, 3))
        for nth in range(tries):
            reason = draw.choice(("card expired", "declined", "no funds"))
            # Nothing was paid: what is due is no amount of the event.
            self._exactly(day + 2 * nth, "payment_failed", due=price // 100, reason=reason)
        return day + 2 * tries if draw.random() < 0.6 else None

    def _cancel(self, begun: float, end: int, reason: str) -> float:
        # Mostly one hears nothing of them for a while before.
        draw, day = self._draw, max(begun + 1, end - self._draw.uniform(2, 12))
        silent = draw.uniform(20, 50) if draw.random() < 0.7 else 0
        self._use(begun, max(begun, day - silent))
        if draw.random() < 0.4:
            self._survey(day - 1, low=True)
        self._add(day, "subscription_cancelled", reason=reason)
        self._stay_until(day)
        return day

    def _use(self, start: float, end: float) -> None:
        """Log in in one's own rhythm, with a ticket now and then, and seldom several at once."""
        draw, gap = self._draw, self._draw.uniform(4, 14)
        day = start + draw.uniform(0, 1)
        while day < min(end, LAST_DAY):
            self._add(day, "login", device=draw.choice(("web", "phone")))
            if draw.random() < 0.02:
                self._ticket(day, draw.choice(TOPICS))
            if draw.random() < 0.003:
                self._storm(day)
            if draw.random() < 0.002:
                # A pause that is no leaving: holidays, or a hint.
                day += draw.uniform(25, 45)
            day += gap * draw.gammavariate(3, 1 / 3)

    # Everything else

    def look_around(self) -> None:
        """Sign up, look, ask perhaps, and buy nothing."""
        draw = self._draw
        for _ in range(draw.randint(0, 4)):
            self._add(self._joined + draw.expovariate(1 / 12), "login", device=draw.choice(("web", "phone")))
        if draw.random() < 0.3:
            self._add(
                self._joined + draw.uniform(0, 20), "contact", channel=draw.choice(CHANNELS), topic="question"
            )
        if draw.random() < 0.4:
            self._add(self._joined + draw.uniform(0, 30), "wishlist_added", item="machine")
        self._stay_until(self._joined + 60)

    def hear_from_us(self) -> None:
        """Read some of the monthly letters, until one has enough of them or of the company; get in touch now and then."""
        draw, opens = self._draw, self._draw.betavariate(2, 4)
        day = self._joined + draw.uniform(1, _MONTH)
        while day < min(self._left + _MONTH, LAST_DAY):
            if draw.random() < 0.008:
                self._add(day, "unsubscribed", reason="too many")
                break
            if draw.random() < opens:
                self._add(day, "email_opened", campaign=draw.choice(("news", "offer", "tips")))
            day += _MONTH
        day = self._joined + draw.expovariate(1 / 250)
        while day < self._left:
            self._add(day, "contact", channel=draw.choice(CHANNELS), topic=draw.choice(TOPICS))
            day += draw.expovariate(1 / 250)

    def _ticket(self, day: float, topic: str, priority: str | None = None) -> None:
        chosen = priority or self._draw.choices(("low", "normal", "high"), (3, 5, 2))[0]
        self._add(day, "support_ticket", priority=chosen, topic=topic)

    def _storm(self, day: float) -> None:
        """Three tickets or more within days, and what is thought of it."""
        draw, topic = self._draw, self._draw.choice(TOPICS)
        for _ in range(draw.randint(3, 5)):
            self._ticket(day + draw.uniform(0, 5), topic, draw.choice(("normal", "high")))
        if draw.random() < 0.5:
            self._survey(day + draw.uniform(5, 7), low=True)

    def _survey(self, day: float, *, low: bool) -> None:
        draw = self._draw
        score = draw.randint(0, 5) if low else min(10, max(2, round(draw.gauss(8.3, 1.3))))
        self._add(day, "survey", score=score)

    def _stay_until(self, day: float) -> None:
        self._left = max(self._left, day)

    def _add(self, day: float, kind: str, cents: int | None = None, /, **said: str | int) -> None:
        """Note something at a waking hour of that day, and not before the sign-up."""
        moment = math.floor(day) + _hour(self._draw)
        if moment <= self._joined:
            moment = self._joined + self._draw.uniform(0.001, 0.05)
        self._exactly(moment, kind, cents, **said)

    def _exactly(self, day: float, kind: str, cents: int | None = None, /, **said: str | int) -> None:
        self._found.append(Happening(day, kind, cents, said))


def _hour(draw: Random) -> float:
    """Draw a waking hour, as part of a day."""
    return draw.triangular(7, 22, 13) / 24
