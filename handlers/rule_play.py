"""One test of rules, played: its clock is moved from instant to instant, and what happens there is done for real.

At an instant, what becomes known and what arrives comes first, then models of value, then what people do, then the
sweep, then the look at what came of it. It must not know files.
"""

import html
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from handlers import lifecycle, rulebook, tell
from handlers import lifecycle_plans as plans
from handlers.act import act
from handlers.context import Context
from handlers.ingest import take_in, take_in_profiles
from handlers.intake.errors import Reason as Refusal
from handlers.rule_props import SOURCE, Props, refused
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.rule import RuleState
from rules.alerts.states import Reason, Verb
from rules.alerts.typed import Options
from rules.book.written import plain
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError
from rules.instants import LATEST, iso
from rules.trials.judge import Failure, judge
from rules.trials.published import published
from rules.trials.trial import Act, Deed, Message, Outcome, Stage, Telling, Told, Trial
from storage import alerts, customers, fits, matches, outbox, sources
from storage import rules as stored_rules
from storage.alerts import Alert
from storage.database import Database, Transaction
from storage.outbox import Subject
from templates.blocks import Rendered
from templates.codec import Press, Value
from templates.words import Words

_MANAGER: Final = Request(Actor("cli:test", manager=True))
_TELLINGS: Final = {
    Subject.ALERT: Telling.ALERT,
    Subject.CUSTOMER: Telling.ALERT,
    Subject.GROUP: Telling.DIGEST,
    Subject.DIGEST: Telling.DIGEST,
    Subject.STEPS: Telling.REPLY,
}
_PRESSES: Final = {Deed.CLAIM: Press.CLAIM, Deed.SNOOZE: Press.SNOOZE, Deed.RESOLVE: Press.RESOLVE}


@dataclass(slots=True)
class _Clock:
    at: int

    def __call__(self) -> int:
        return self.at


@dataclass(slots=True)
class _Since:
    """What came about since something was last expected."""

    opens: list[Told] = field(default_factory=list)
    resolves: list[Told] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


class Play:
    """A test and the world in which it takes place, which must be an empty database that is set up."""

    def __init__(self, trial: Trial, given: Props, database: Database) -> None:
        self._trial, self._props = trial, given
        self._clock = _Clock(trial.begins)
        self._ctx = Context(
            database=database,
            now=self._clock,
            elapsed=self._clock,
            calendar=trial.calendar,
            currency=trial.currency,
            words=Words(),
            default_channel=trial.channel,
        )
        self._since = _Since()
        self._steps_seen: Counter[int] = Counter()
        self._last_message = 0
        self._presses = 0
        self._names: dict[int, str] = {}
        self._rules: dict[int, str] = {}

    def run(self) -> tuple[int, tuple[Failure, ...]]:
        """Play the test to its end; gives how many things were looked at, and what was otherwise than expected.

        Raises `BadFileError` for an event that intake refuses.
        """
        self._add_rules()
        expected = {one.at: one for one in self._trial.expectations}
        sweeps = set(self._trial.sweeps)
        acts: dict[int, list[Act]] = defaultdict(list)
        for deed in self._trial.acts:
            acts[deed.at].append(deed)
        checks, failures = len(self._trial.acts), []
        for at in sorted({*self._props.profiles, *self._props.events, *self._trial.fitted, *acts, *sweeps}):
            self._clock.at = at
            self._arrive(at)
            self._fit(at)
            failures += [failure for deed in acts[at] if (failure := self._act(deed)) is not None]
            if at in sweeps:
                sweep(self._ctx, as_of=at)
            self._look()
            if at in expected:
                alone = len(self._rules) == 1
                looked, otherwise = judge(expected[at], self._outcome(), alone=alone)
                checks, failures = checks + looked, [*failures, *otherwise]
        return checks, tuple(failures)

    def _add_rules(self) -> None:
        # Customers of a test fall silent by its will, and not because their source has stopped.
        with self._ctx.database.writing() as tx:
            sources.watch_never(tx, SOURCE)
        if self._trial.lifecycle:
            planned = plans.using(self._trial.lifecycle)
            lifecycle.make(self._ctx, _MANAGER, planned, did="use")
        for rule in self._trial.rules:
            said = plain(rule.body)
            rulebook.add(
                self._ctx,
                _MANAGER,
                name=rule.name,
                condition=said.pop("condition"),
                options=Options.said(said),
            )
            if rule.state is RuleState.PAUSED:
                rulebook.pause(self._ctx, _MANAGER, rule.name)
        with self._ctx.database.reading() as tx:
            self._rules = {rule.id: rule.name for rule in stored_rules.listing(tx)}

    def _arrive(self, at: int) -> None:
        profiles, events = self._props.profiles.get(at, ()), self._props.events.get(at, ())
        if not profiles and not events:
            return
        with self._ctx.database.writing() as tx:
            take_in_profiles(tx, [profile for _, profile in profiles], now=at)
            verdicts = take_in(tx, [event for _, event in events], now=at, by_http=True)
            self._names = {
                profile.id: profile.external_id
                for profile in customers.by_ids(tx, customers.ids(tx, LATEST).tolist()).values()
            }
        mistakes = [
            refused(line, verdict)
            for (line, _), verdict in zip(events, verdicts, strict=True)
            if isinstance(verdict, Refusal)
        ]
        if mistakes:
            raise BadFileError(mistakes)

    def _fit(self, at: int) -> None:
        if at in self._trial.fitted:
            with self._ctx.database.writing() as tx:
                fits.add(tx, published(at, self._trial.calendar, self._trial.currency), now=at)

    def _act(self, deed: Act) -> Failure | None:
        with self._ctx.database.reading() as tx:
            found = [
                one for one in alerts.unresolved(tx) if self._told(one) == Told(deed.rule, deed.customer)
            ]
        self._presses += 1
        value = Value(_PRESSES[deed.deed], found[0].id if found else 0, str(deed.choice or ""))
        try:
            if found:
                act(self._ctx, actor=Actor(deed.by), value=value, key=f"press {self._presses}")
                return None
            came = self._ctx.words.plain("files", "no_open_alert")
        except WarmlineError as error:
            came = self._ctx.words.error_plain(error)
        return Failure(iso(deed.at), "people", f"{deed.deed}: {deed.customer}", came)

    def _look(self) -> None:
        """Take down the steps and messages that are new. A message says how things stand now, so it is read at once."""
        with self._ctx.database.reading() as tx:
            for alert in self._alerts(tx):
                taken = alerts.transitions(tx, alert)
                for step in taken[self._steps_seen[alert.id] :]:
                    if step.verb is Verb.OPEN:
                        self._since.opens.append(replace(self._told(alert), reason=step.reason))
                    if step.verb is Verb.RESOLVE:
                        ended = replace(self._told(alert), reason=step.reason, resolution=alert.resolution)
                        self._since.resolves.append(ended)
                self._steps_seen[alert.id] = len(taken)
            for message in outbox.after(tx, self._last_message):
                self._last_message = message.id
                if message.call is not outbox.Call.UPDATE and message.subject in _TELLINGS:
                    self._since.messages += self._messages(tx, message)

    def _alerts(self, tx: Transaction) -> Iterator[Alert]:
        for customer in self._names:
            yield from reversed(alerts.of_customer(tx, customer))

    def _messages(self, tx: Transaction, message: outbox.Message) -> Iterator[Message]:
        """Give what a message tells, rule by rule: one of a customer or a channel may tell alerts of several."""
        about: dict[int, list[int]] = defaultdict(list)
        match message.subject:
            case Subject.STEPS:
                for step in alerts.told_in(tx, message.id):
                    about[message.rule_id or self._rule_of(tx, step.alert_id)].append(step.customer_id)
            case Subject.ALERT:
                about[message.rule_id or 0].append(message.customer_id or 0)
            case _:
                for alert in alerts.of_root(tx, message.id):
                    about[alert.rule_id].append(alert.customer_id)
        says = (_text(tell.render(tx, message, self._ctx)),)
        for rule_id, told in about.items():
            yield Message(
                telling=_TELLINGS[message.subject],
                rule=self._rules[rule_id],
                customers=tuple(self._names[customer] for customer in told),
                channel=message.channel or self._ctx.default_channel,
                says=says,
            )

    def _rule_of(self, tx: Transaction, alert_id: int) -> int:
        found = alerts.by_id(tx, alert_id)
        return found.rule_id if found is not None else 0

    def _outcome(self) -> Outcome:
        """Give what is now, and what came about since the last time."""
        since, self._since = self._since, _Since()
        with self._ctx.database.reading() as tx:
            every = list(self._alerts(tx))
            return Outcome(
                open=tuple(self._told(alert) for alert in every if alert.unresolved),
                opens=tuple(since.opens),
                resolves=tuple(since.resolves),
                suppressed=tuple(self._suppressed(tx, every)),
                messages=tuple(since.messages),
            )

    def _suppressed(self, tx: Transaction, every: Sequence[Alert]) -> Iterator[Told]:
        """Give for whom a rule holds though no alert is open, and what `rules.alerts.decide` had for a reason."""
        last = {(alert.rule_id, alert.customer_id): alert for alert in every}
        waiting = matches.held(tx, list(self._rules), now=LATEST)
        held = {(one.rule_id, one.customer_id): one.held_for for one in waiting}
        found = matches.of_customers(tx, list(self._rules), first=0, after=2**31 - 1, customers=None)
        for rule_id, rule in self._rules.items():
            for customer in found[rule_id].tolist():
                alert = last.get((rule_id, customer))
                if alert is not None and alert.unresolved:
                    continue
                since = matches.since(tx, rule_id=rule_id, customer_id=customer) or 0
                if (opens_as := held.get((rule_id, customer))) is not None:
                    reason = Reason.COOLDOWN if opens_as is Reason.COOLDOWN_OVER else Reason.PENDING
                elif alert is not None and alert.opened_at >= since:
                    reason = Reason.ALREADY_TOLD
                else:
                    reason = Reason.BACKLOG_IGNORED
                yield Told(rule, self._names[customer], reason, stage=Stage.DECIDE)

    def _told(self, alert: Alert) -> Told:
        return Told(self._rules[alert.rule_id], self._names[alert.customer_id])


def _text(message: Rendered) -> str:
    """Give all words of a message as one plain line, as a reader sees them."""
    said = " ".join((message.text, *_texts(message.blocks)))
    return " ".join(html.unescape(said).replace("*", "").split())


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, list):
        for one in thing:
            yield from _texts(one)
    elif isinstance(thing, Mapping):
        for key in ("text", "fields", "elements", "accessory", "placeholder", "options"):
            if key in thing:
                yield from _texts(thing[key])
