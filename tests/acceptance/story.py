"""A story in simulated time: customers, rules, what happens when, what people do, and when the bot dies; then what was said.

Modelled on Alertmanager's acceptance tests: a message is expected in a window of time and so often, and all that was
said in a channel is counted, so that one too many is noticed as well as one too few. Only Slack and the clocks are
stand-ins, and Slack's is the playground.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import text

from handlers import channels, rulebook, source_says, tell
from handlers.act import act
from handlers.ingest import take_in, take_in_profiles
from handlers.rulebook import Request
from playground import Playground
from playground.people import MAYA, TOM
from rules.access import Actor
from rules.alerts.retry import Delivery
from rules.alerts.typed import Options
from rules.instants import DAY, HOUR, SECOND, Calendar, iso
from storage import alerts, digests, outbox
from storage.incoming import CustomerIn, EventIn
from storage.outbox import Call, Subject
from templates.codec import decode
from tests.acceptance.life import DeathError, Life
from tests.acceptance.said import Log, Said, found
from tests.contexts import START, StillClock

CHANNEL: Final = "customer-care"
ROOTS: Final = (Subject.ALERT, Subject.GROUP, Subject.CUSTOMER, Subject.DIGEST)
ENDS: Final = {"recovered": "✅", "lost": "🚪", "not_an_issue": "👌", "expired": "⌛", "rule_changed": "📝"}
_STANDS: Final = "⚪👀💤✅🚪👌⌛📝"
"""The signs of where an alert stands; each message of an alert bears exactly one in its sentence."""
_NEXT: Final = text(
    "SELECT min(CASE WHEN state = 'sending' THEN lease_until WHEN state = 'sent' THEN verify_at ELSE next_at END) "
    "FROM outbox WHERE state IN ('pending', 'sending', 'unknown') OR (state = 'sent' AND verify_at IS NOT NULL)"
)
MANAGER: Final = Request(Actor(MAYA, manager=True))


class Story:
    """Time moves when it is told to; the bot ticks every ``every`` milliseconds, unless it is down."""

    def __init__(
        self,
        url: str,
        *,
        begins: str | int = START - START % DAY,
        every: int = HOUR,
        zone: str = "UTC",
        deaths: Mapping[int, Sequence[int]] | None = None,
        **settings: Any,
    ) -> None:
        self.calendar = Calendar.of(zone)
        self.clock = StillClock(self.at(begins))
        self._every = every
        self._url, self._zone = url, zone
        self._settings = {"default_channel": f"#{CHANNEL}", "managers": frozenset({MAYA}), **settings}
        self.slack = Playground(clock=lambda: self.clock.at / SECOND)
        self.log = Log(self.slack, self.clock)
        self._deaths = dict(deaths or {})
        """By number of the tick: after how many steps the life that makes it ends, and the next, and the next."""
        self.ticks = 0
        self.steps: list[int] = []
        """How many steps each tick took in the life in which it ended."""
        self._next_tick = self.clock.at
        self._ids = 0
        self.life = self._live()

    def _live(self) -> Life:
        return Life(self._url, self.slack, self.clock, self._zone, **self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.life.end()

    # time

    def at(self, when: str | int) -> int:
        """Give an instant: as it is, or ``2025-06-15T09:00`` by the business's clock."""
        if isinstance(when, int):
            return when
        return int(datetime.fromisoformat(when).replace(tzinfo=self.calendar.zone).timestamp() * 1000)

    def until(self, when: str | int) -> None:
        """Let time pass up to ``when``, with a tick at each of its instants."""
        end = self.at(when)
        # Messages are carried all the time; ticks are for sweeps.
        self._carry(min(self._next_tick - 1, end))
        while self._next_tick <= end:
            self.clock.at = max(self.clock.at, self._next_tick)
            self._next_tick += self._every
            self._tick(min(self._next_tick - 1, end))
        self.clock.at = max(self.clock.at, end)

    def passes(self, length: int) -> None:
        """Let so much time pass."""
        self.until(self.clock.at + length)

    def down(self, until: str | int) -> None:
        """Let time pass while no process runs."""
        self.life.end()
        self.clock.at = self.at(until)
        while self._next_tick < self.clock.at:
            self._next_tick += self._every
        self.life = self._live()

    def restart(self) -> None:
        """End the process and start another."""
        self.life.end()
        self.life = self._live()

    def dies(self, steps: Sequence[int]) -> None:
        """Have the life that makes the next tick end after so many steps, the next after so many, and so on."""
        self._deaths[self.ticks] = steps

    def settle(self) -> None:
        """Let everything that waits be said, without another tick."""
        self._carry(self.clock.at + DAY)

    def _tick(self, end: int) -> None:
        ways = list(self._deaths.get(self.ticks, ()))
        self.ticks += 1
        work: list[Callable[[], None]] = [self.life_sweeps, lambda: self._carry(end)]
        life, before = self.life, self.life.fate.steps
        if ways:
            self.life.fate.dies_in(ways.pop(0))
        while work:
            try:
                work[0]()
            except DeathError:
                self.restart()
                self.life.fate.dies_in(ways.pop(0) if ways else None)
            else:
                work.pop(0)
        self.life.fate.dies_in(None)
        self.steps.append(self.life.fate.steps - (before if self.life is life else 0))

    def life_sweeps(self) -> None:
        """Let the bot sweep now."""
        self.life.sweep()

    def _carry(self, end: int) -> None:
        """Carry messages until none is left that could be carried by ``end``."""
        idle = 0
        while self.clock.at <= end:
            idle = 0 if self.life.carry() else idle + 1
            with self.life.ctx.database.reading() as tx:
                due = tx.execute(_NEXT).scalar()
            if due is None or due > end:
                return
            # A message a second and channel; whoever waits for something else need not look every second.
            self.clock.at = max(due, self.clock.at + SECOND * 2 ** min(idle, 6))

    # what happens

    def customers(self, *names: str, **attributes: str) -> None:
        """Make customers known as of now."""
        drafts = [CustomerIn(one, {"name": one}, self.clock.at, attributes) for one in names]
        with self.life.ctx.database.writing() as tx:
            take_in_profiles(tx, drafts, now=self.clock.at)

    def event(
        self, customer: str, kind: str = "purchase", *, at: str | int | None = None, amount: int | None = None
    ) -> None:
        """Let an event come in now; ``at`` is when it happened, ``amount`` in minor units."""
        self._take_in([self._event(customer, kind, self.clock.at if at is None else self.at(at), amount)])

    def events(self, *happened: tuple[str, str]) -> None:
        """Let events come in together: customers and kinds."""
        self._take_in([self._event(customer, kind, self.clock.at) for customer, kind in happened])

    def _event(self, customer: str, kind: str, at: int, amount: int | None = None) -> EventIn:
        self._ids += 1
        return EventIn(
            source="shop",
            customer=customer,
            kind=kind,
            occurred_at=at,
            amount=amount,
            currency=None if amount is None else "USD",
            external_id=f"e{self._ids}",
        )

    def _take_in(self, came: Sequence[EventIn]) -> None:
        with self.life.ctx.database.writing() as tx:
            take_in(tx, came, now=self.clock.at, by_http=True)

    def rule(self, name: str, condition: str, **options: str) -> None:
        """Add a rule; options by the names that people write (``pending`` for ``for``)."""
        rulebook.add(self.life.ctx, MANAGER, name=name, condition=condition, options=Options(**options))

    def edit(self, name: str, condition: str = "", **options: str) -> None:
        """Change a rule."""
        rulebook.edit(self.life.ctx, MANAGER, name=name, condition=condition, options=Options(**options))

    def turn(self, did: str, name: str) -> None:
        """Pause, resume or remove a rule."""
        {"pause": rulebook.pause, "resume": rulebook.resume, "remove": rulebook.remove}[did](
            self.life.ctx, MANAGER, name
        )

    def channel(self, setting: str, value: str, *, of: str = CHANNEL) -> None:
        """Set something of a channel."""
        channels.change(self.life.ctx, MANAGER, f"#{of}", setting, value)

    def source(self, name: str, patience: str) -> None:
        """Say how long a source may be quiet."""
        source_says.say(self.life.ctx, MANAGER, name=name, text=patience)

    def press(self, button: str, about: str, *, by: str = TOM, key: str = "") -> None:
        """Press a button, or choose from a menu (``snooze:hour``), of the last message that is about somebody.

        Raises `AssertionError` where no message about them has such a button.
        """
        wanted = self._buttons(button, about)
        assert wanted, f"no button {button} about {about}"
        self._ids += 1
        act(self.life.ctx, actor=Actor(by), value=decode(wanted[-1]), key=key or f"press {self._ids}")

    def can_press(self, button: str, about: str) -> bool:
        """Say whether there is such a button."""
        return bool(self._buttons(button, about))

    def _buttons(self, button: str, about: str) -> list[str]:
        press, _, choice = button.partition(":")
        found = []
        for value in self._values(about):
            _, what, _, *chosen = value.split(":")
            if what == press and "".join(chosen) == choice:
                found.append(value)
        return found

    def _values(self, about: str) -> list[str]:
        channels = [channel.id for channel in self.slack.workspace.channels()]
        messages = [
            one for channel in channels for one in self.slack.workspace.messages(channel) if about in one.text
        ]
        return [
            value
            for one in sorted(messages, key=lambda m: m.ts)
            for value in _button_values(list(one.blocks))
        ]

    # what was said

    def message(
        self,
        matching: str,
        *,
        channel: str = CHANNEL,
        between: tuple[str | int, str | int] | None = None,
        exactly: int = 1,
    ) -> list[Said]:
        """Expect so many messages that match to have come within a window of time."""
        first, last = (self.at(between[0]), self.at(between[1])) if between else (0, self.clock.at)
        came = found(self.log.messages(), matching, channel=channel, first=first, last=last)
        assert len(came) == exactly, self._all(
            f"{len(came)} instead of {exactly} of {matching!r}, {iso(first)} to {iso(last)}"
        )
        return came

    def total(self, *, roots: int, replies: int | None = None, channel: str = CHANNEL) -> None:
        """Expect so many messages in a channel, and so many replies in its threads, in all."""
        came = [one for one in self.log.messages() if one.channel == channel]
        counted = (sum(not one.reply for one in came), sum(one.reply for one in came))
        assert counted == (roots, counted[1] if replies is None else replies), self._all(
            f"{counted} in #{channel}"
        )

    def _all(self, wrong: str) -> str:
        return "\n".join([wrong, *map(str, self.log.messages())])

    def sound(self) -> None:
        """Hold what must hold whatever happened, once everything is said.

        No message lost and none twice; one unresolved alert per rule and customer at most; each message that tells
        alerts says how they stand; and whoever has ended has ended in exactly one way, in the message.
        """
        self.settle()
        ctx = self.life.ctx
        with ctx.database.reading() as tx:
            every = outbox.after(tx, 0)
            open_pairs = [(one.rule_id, one.customer_id) for one in alerts.unresolved(tx)]
            waiting = [one for one in every if one.state not in (Delivery.SENT, Delivery.EXPIRED)]
            assert waiting == [], self._all("never said")
            assert len(open_pairs) == len(set(open_pairs)), "two alerts of one rule and customer are open"
            posts = [one for one in every if one.call is not Call.UPDATE and one.state is Delivery.SENT]
            # A direct message cannot be read back: of one whose fate nobody knows it is enough that it stands once.
            perhaps = {one.key for one in every if one.subject is Subject.NOTICE}
            standing = self.log.keys()
            assert set(standing.values()) <= {1}, self._all("said twice")
            said = {key for key in standing if key not in perhaps}
            assert said == {one.key for one in posts} - perhaps, self._all("lost")
            for one in posts:
                if one.subject in ROOTS:
                    shown, stands = self.log.by_key(one.key), tell.render(tx, one, ctx)
                    assert shown.text == stands.text, self._all("a message says how things stood once")
                    told = alerts.of_root(tx, one.id)
                    named = one.subject is Subject.DIGEST and digests.listed_in(tx, one.id)
                    assert told or named, self._all("a message that tells nobody")
                    if one.subject is Subject.ALERT:
                        signs = [sign for sign in shown.text if sign in _STANDS]
                        ends = [ENDS[str(alert.resolution)] for alert in told if alert.resolution]
                        assert len(signs) == 1, shown.text
                        assert not ends or signs == ends, shown.text

    def stands(self, customer: str) -> str:
        """Give what the last message about a customer says now."""
        about = [one for one in self.log.messages() if customer in one.last and not one.reply]
        assert about, self._all(f"nothing about {customer}")
        return about[-1].last


def _button_values(thing: Any) -> list[str]:
    if isinstance(thing, list):
        return [value for one in thing for value in _button_values(one)]
    if not isinstance(thing, Mapping):
        return []
    value = thing.get("value")
    own = [value] if isinstance(value, str) and value.count(":") >= 2 else []
    return own + [value for one in thing.values() for value in _button_values(one)]
