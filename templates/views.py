"""What messages are made from: plain, frozen values. Instants are milliseconds, amounts whole minor units.

It must not know storage: whoever renders fills these in.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from rules.alerts.channel import ChannelSettings
from rules.alerts.colleague import Lacks
from rules.alerts.escalation import Target
from rules.alerts.evidence import Evidence
from rules.alerts.pipeline.stage import Why
from rules.alerts.rhythm import Flow
from rules.alerts.rule import AlertKind, RuleBody, RuleState, Severity
from rules.alerts.states import Reason, Resolution, Verb
from rules.alerts.verdict import Verdict
from rules.conditions.problems import Problem
from rules.conditions.terms import Family
from rules.lifecycle.fit import Lack
from rules.lifecycle.grounds import Ground
from rules.lifecycle.health import Health
from rules.lifecycle.processes import Process


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as alerts show one; ``url`` leads to the company's own CRM, where there is one."""

    external_id: str
    name: str | None = None
    segment: str | None = None
    owner: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    """What an alert shows of the version of the rule that raised it."""

    name: str
    kind: AlertKind
    severity: Severity
    condition: str
    action: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands: a Slack id for whoever claimed, snoozed or resolved it."""

    claimed_by: str | None = None
    snoozed_until: int | None = None
    snoozed_by: str | None = None
    snooze_note: str = ""
    until_worse: bool = False
    resolution: Resolution | None = None
    resolved_by: str | None = None
    resolved_at: int | None = None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert; ``spent`` is what the customer spent in all when it opened, where anything."""

    id: int
    steps: int
    opened_at: int
    rule: RuleView
    customer: Person
    facts: tuple[Evidence, ...]
    standing: Standing
    spent: Money | None = None
    nobody: str | None = None
    """The owner whom the message was to reach and who is nobody in Slack."""


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of a digest."""

    alert_id: int
    customer: Person
    standing: Standing
    spent: Money | None = None


@dataclass(frozen=True, slots=True)
class DigestView:
    """Many customers of one rule in one message. ``counts``: how many are open, and how many ended in which way.

    ``top`` are the most valuable of those still open. ``burst``: they came to match at once, and are no backlog.
    """

    root: int
    rule: RuleView
    counts: dict[str, int]
    claimed: int
    snoozed: int
    top: tuple[Member, ...]
    burst: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer in a channel's digest, once: under the alert of ``rule``, and with the names of the ``others``.

    ``why``: what holds the alert back still; None where the digest tells it.
    """

    member: Member
    rule: str
    others: tuple[str, ...] = ()
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class RuleWaiting:
    """What a channel's digest tells of one rule: how many customers are open under it, and the most valuable of them."""

    rule: RuleView
    customers: int
    top: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class HeldView:
    """A channel's digest: what it had no attention for, rule by rule, and what else was held back.

    ``counts``, ``claimed`` and ``snoozed`` as of a `DigestView`, of the alerts that the digest tells. ``held`` are (why,
    how many alerts) of those that it names and does not tell, as it was at the digest's time; ``passed`` ended before.
    """

    root: int
    at: int
    counts: dict[str, int]
    claimed: int
    snoozed: int
    rules: tuple[RuleWaiting, ...]
    held: tuple[tuple[Why, int], ...] = ()
    passed: int = 0


@dataclass(frozen=True, slots=True)
class ChannelView:
    """What a channel says of itself; ``author`` changed it last, ``at`` an instant, if anybody has.

    ``channel`` is its id, or its name as long as no id is known. ``zone`` and ``language`` are those that count.
    """

    channel: str
    settings: ChannelSettings
    zone: str
    language: str
    told_today: int
    author: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """One setting of a channel after it was changed; ``diff`` in lines of - and +."""

    setting: str
    diff: str
    channel: ChannelView


@dataclass(frozen=True, slots=True)
class WorseView:
    """One number that became worse."""

    before: Evidence
    now: Evidence


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of one alert's life; ``actor`` is a Slack id, where a person took it."""

    verb: Verb
    reason: Reason
    customer: Person
    actor: str | None = None
    until: int | None = None
    resolution: Resolution | None = None
    note: str = ""
    """The reason that was given for a snooze."""
    until_worse: bool = False
    worse: WorseView | None = None
    """Why it woke: the number that became worse, or the ``rule`` that opened beside it."""
    rule: str = ""
    unclaimed: "UnclaimedView | None" = None
    late: "LateView | None" = None


@dataclass(frozen=True, slots=True)
class UnclaimedView:
    """Of a reminder or a step of an escalation: for how long nobody has claimed the alert, and whom it is brought to.

    ``to`` are Slack ids, or an address where nobody could be asked; ``lacks`` says why it is not the owner.
    """

    after: int
    target: Target | None = None
    to: tuple[str, ...] = ()
    lacks: Lacks | None = None
    owner: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class LateView:
    """An event that came in at ``came_at`` and shows that an alert was wrong."""

    kind: str
    occurred_at: int
    came_at: int


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source of events: when it last sent, how long it may be quiet (None: for ever), ``said`` by a manager or not."""

    name: str
    last_at: int | None
    patience: int | None
    said: bool
    flow: Flow
    stale_since: int | None = None


@dataclass(frozen=True, slots=True)
class StepsView:
    """The steps that one reply tells."""

    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class KindView:
    """What a customer did of one kind; ``average`` is per event that bears an amount, in the account's currency."""

    kind: str
    count: int
    sums: tuple[Money, ...]
    average: Money | None
    last_at: int
    days_since: int


@dataclass(frozen=True, slots=True)
class EventView:
    """One event of a customer's history; ``details`` are its properties as names and values."""

    kind: str
    occurred_at: int
    amount: Money | None
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """One alert in a list."""

    id: int
    rule: str
    kind: AlertKind
    severity: Severity
    customer: Person
    standing: Standing
    opened_at: int
    fact: Evidence | None = None


@dataclass(frozen=True, slots=True)
class LabelView:
    """A label that a customer has in a family of definitions; of ``active``, ``held`` says whether.

    Where the label is what is left over, the ``grounds`` are why the ``other`` one before it is not the customer's.
    ``since`` is a business date; ``at_least``: perhaps for longer.
    """

    family: str
    label: str
    held: bool = True
    grounds: tuple[Ground, ...] = ()
    other: str | None = None
    since: date | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class WorthView:
    """What value models say of a customer, by the fit as of an instant; ``values`` that are unknown have no value.

    ``lacks`` is what a fit lacks. Without those, the customer never bought (``bought``), or spent none of the account's
    currency. ``kind`` of event is what counts as a purchase; ``discount`` is a year's.
    """

    values: tuple[Evidence, ...] = ()
    as_of: int | None = None
    discount: float = 0
    lacks: tuple[Lack, ...] = ()
    kind: str = ""
    bought: bool = True


@dataclass(frozen=True, slots=True)
class CadenceView:
    """A customer's own rhythm of one ``kind`` of event: what `median_gap`, `days_since` and `overdue` say."""

    kind: str
    gap: Evidence
    since: Evidence
    overdue: Evidence


@dataclass(frozen=True, slots=True)
class CardView:
    """A customer at ``as_of``, as ``/customer status`` shows one; ``more`` are those attributes that data gave."""

    id: int
    person: Person
    email: str | None
    country: str | None
    language: str | None
    more: tuple[tuple[str, str], ...]
    known_since: int
    tenure_days: int
    kinds: tuple[KindView, ...]
    alerts: tuple[ListedAlert, ...]
    events: tuple[EventView, ...]
    as_of: int
    is_past: bool = False
    """Whether ``as_of`` was asked for: alerts are those that were open then, as they stood then."""
    labels: tuple[LabelView, ...] = ()
    """Where the customer stands in the life cycle: nothing where no definition holds, or none is in use."""
    spent: tuple[Money, ...] = ()
    """What was spent in all, less what went back: each currency by itself."""
    worth: WorthView | None = None
    cadence: CadenceView | None = None
    months: tuple[tuple[date, int], ...] = ()
    """How many events, of all kinds, each of the last months had: its first day, the present month last."""
    health: "HealthView | None" = None
    """As the last night found it; not told of a card of the past."""

    @property
    def status(self) -> str | None:
        """The status, where one holds."""
        return next(iter(self.held(Family.STATUS)), None)

    @property
    def stage(self) -> str | None:
        """The stage, where one holds."""
        return next(iter(self.held(Family.STAGE)), None)

    @property
    def types(self) -> tuple[str, ...]:
        """The customer types that hold."""
        return self.held(Family.TYPE)

    @property
    def currencies(self) -> int:
        """In how many currencies the customer's events have amounts."""
        return len({money.currency for kind in self.kinds for money in kind.sums})

    def held(self, family: Family) -> tuple[str, ...]:
        """Give the labels of a family that are the customer's."""
        return tuple(one.label for one in self.labels if one.family == family.value and one.held)


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer in a list: with how many open alerts, and what was spent in all."""

    id: int
    person: Person
    email: str | None = None
    open_alerts: int = 0
    spent: Money | None = None


@dataclass(frozen=True, slots=True)
class AttentionPage:
    """A page of the customers with open alerts, who spent most first; ``page`` counts from 0, ``total`` is all of them."""

    customers: tuple[FoundCustomer, ...]
    page: int
    total: int


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """A page of a customer's history, the newest event first; ``page`` counts from 0.

    ``pruned_before`` is set on the last page of a history whose older events were pruned: up to when.
    """

    id: int
    person: Person
    events: tuple[EventView, ...]
    page: int
    more: bool
    pruned_before: int | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """A page of unresolved alerts, the newest first; ``total`` is how many there are."""

    alerts: tuple[ListedAlert, ...]
    page: int
    total: int


@dataclass(frozen=True, slots=True)
class DatedStep:
    """A step and when it was taken."""

    at: int
    step: StepView


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """Where a message stands on its way: what it is (``call``), its state, and why."""

    call: str
    state: str
    reason: str | None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class WhyView:
    """Everything that explains an alert: the version of the rule that raised it, what it saw, and what happened since."""

    alert: AlertView
    reason: Reason
    version: int
    author: str
    at: int
    values_now: tuple[Evidence, ...]
    steps: tuple[DatedStep, ...]
    messages: tuple[DeliveryView, ...]
    leaving_at: int | None = None
    """The condition has ceased to hold: until when the alert is kept open."""
    suppressions: "tuple[SuppressionView, ...]" = ()
    """What kept it from being told, the first first."""


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule as it stands: ``matched`` customers at its last sweep, ``open_alerts`` of it, and why it is degraded."""

    name: str
    state: RuleState
    body: RuleBody
    version: int
    author: str
    at: int
    matched: int
    open_alerts: int
    swept_at: int | None = None
    degraded: str | None = None
    unknown: tuple[Problem, ...] = ()
    """What its condition asks for and nobody's answer is known to, where that was asked."""


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a rule."""

    version: int
    author: str
    at: int
    diff: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A rule after it was changed; ``holding`` customers match now, where that was counted."""

    did: str
    card: RuleCard
    source: str = ""
    warnings: tuple[Problem, ...] = ()
    holding: int | None = None
    closed: int = 0
    diff: str = ""


@dataclass(frozen=True, slots=True)
class CheckView:
    """A condition that is fit for use: its canonical text, what its author should know, and for how many it holds."""

    source: str
    text: str
    warnings: tuple[Problem, ...]
    holding: int | None


@dataclass(frozen=True, slots=True)
class EnteredView:
    """A customer who would have entered, at ``entered_at`` for the first time, and what was spent up to the end."""

    customer: Person
    entered_at: int
    spent: Money | None


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What a rule would have done over a stretch, looked at every ``every`` milliseconds, ``steps`` times.

    ``backlog`` customers matched at ``since``; ``entered`` and ``left`` are changes after that, ``customers`` the
    distinct ones who entered, ``returned`` the entries that ended within 30 days. ``weeks`` are (Monday, entered), all
    the weeks of the stretch; ``top`` the most valuable of those who entered. ``known``: how many customers there are
    at all; ``asks_for_events``: whether the condition is about any, and ``data_from`` the instant of the first of
    those; ``clipped``: the future was left out.
    """

    name: str | None
    condition: str
    since: int
    until: int
    every: int
    steps: int
    backlog: int
    entered: int
    left: int
    customers: int
    returned: int
    messages: int
    weeks: tuple[tuple[date, int], ...]
    top: tuple[EnteredView, ...]
    known: int
    asks_for_events: bool
    data_from: int | None
    clipped: bool
    valued_from: int | None = None
    """The instant of the first fit of the value models, where the condition asks for values."""
    asks_for_health: bool = False
    """Of which only what it is now is kept."""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyEventView:
    """A kind of event: how many are stored, and what one tells, where that is known."""

    kind: str
    stored: int
    tells: str = ""


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process with its key events."""

    process: Process
    events: tuple[KeyEventView, ...]


@dataclass(frozen=True, slots=True)
class ProcessesView:
    """The catalogue: processes, kinds seen that belong to none, aliases as (source, kind), and those with events on
    their way."""

    processes: tuple[ProcessView, ...]
    unassigned: tuple[KeyEventView, ...]
    aliases: tuple[tuple[str, str], ...]
    moving: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindChange:
    """What was done with a kind; ``rules`` were edited by it, and ``moving`` events are going to move.

    ``seen``: whether any event ever had this kind.
    """

    did: Literal["assign", "unassign", "alias", "unalias"]
    kind: str
    process: str = ""
    meaning: str = ""
    rules: tuple[str, ...] = ()
    moving: int = 0
    seen: bool = True


@dataclass(frozen=True, slots=True)
class AuditView:
    """One change as the audit has it; ``diff`` in lines of - and +."""

    at: int
    actor: str
    action: str
    diff: str


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A definition in force; ``edited``: it differs from the preset's. ``holds`` customers have it now, where counted.

    ``family`` and ``label`` are the parts of its name.
    """

    name: str
    family: str
    label: str
    condition: str
    edited: bool
    holds: int | None = None


@dataclass(frozen=True, slots=True)
class LifecycleView:
    """The life cycle in use, in the order in which definitions are asked; without one, ``version`` is 0.

    ``presets`` are those that ship, as (name, about). ``did``, ``author`` and ``at`` are of the last change. ``known``
    customers there are in all, where they were counted.
    """

    version: int
    preset: str
    did: str
    author: str
    at: int
    kinds: tuple[str, ...]
    definitions: tuple[DefinitionView, ...]
    presets: tuple[tuple[str, str], ...]
    known: int | None = None


@dataclass(frozen=True, slots=True)
class HealthPartView:
    """A part of a customer's health: a term with its value (None: unknown), and the points it gives (None: none)."""

    fact: Evidence
    scale: str
    points: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class HealthDimensionView:
    """A dimension of health: its points, None where none of its parts is known, how much it counts, and its parts."""

    name: str
    points: int | None
    weight: int
    parts: tuple[HealthPartView, ...]


@dataclass(frozen=True, slots=True)
class HealthView:
    """A customer's health as the nightly job found it, as of the instant ``as_of``, with what it is made of.

    The score is the same ``since`` an instant. What was ``before`` (None: nothing was known), the dimension ``moved``
    changed most, by so many of its points; ``weights`` where none did. ``exact``: worked out again as of that instant,
    the parts come to the score that is stored; they do not where something came in late since.
    """

    score: int
    as_of: int
    since: int
    dimensions: tuple[HealthDimensionView, ...]
    before: int | None
    moved: str | None
    moved_by: int | None
    exact: bool


@dataclass(frozen=True, slots=True)
class HealthPage:
    """How health is worked out, and how many customers have how much of it: in steps of 20 points, the lowest first.

    ``at`` is the instant of the last nightly run, None before the first; ``customers`` it looked at. ``edited``: it is
    worked out otherwise than the preset says. ``changing``: otherwise than in that run, too.
    """

    preset: str
    health: Health
    edited: bool
    changing: bool
    at: int | None
    customers: int
    scored: int
    spread: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MoveView:
    """How many customers would go from one label of a family to another; None is no label of it."""

    family: str
    before: str | None
    after: str | None
    customers: int


@dataclass(frozen=True, slots=True)
class LifecyclePreview:
    """What a change of definitions would do now: how it reads, who moves, and which rules mean something else then.

    ``name`` is the definition's, or the preset's; ``holds`` customers of ``known`` would have it, None where nobody
    was counted. ``overwritten`` are definitions that people edited and that would be lost.
    """

    did: str
    name: str
    diff: str
    source: str
    warnings: tuple[Problem, ...]
    rules: tuple[str, ...]
    overwritten: tuple[str, ...]
    known: int | None
    holds: int | None
    moves: tuple[MoveView, ...]


@dataclass(frozen=True, slots=True)
class LifecycleChange:
    """Definitions after they were changed (``use``, ``edit``, ``remove``, ``undo``): what, how, and which rules are edited by it."""

    did: str
    name: str
    version: int
    diff: str
    rules: tuple[str, ...]
    source: str = ""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SilenceView:
    """A silence; ``rule`` is the name of the one that it is about, if of one."""

    id: int
    condition: str
    rule: str | None
    reason: str
    author: str
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class SilencedView:
    """A silence that was just made; ``counted``: for how many customers it holds now, and how many there are."""

    silence: SilenceView
    counted: tuple[int, int] | None
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteView:
    """A route: alerts of ``rule`` (None: of any) about those for whom ``condition`` holds are told at ``target``."""

    name: str
    condition: str
    rule: str | None
    target: str
    channel: str
    author: str
    at: int


@dataclass(frozen=True, slots=True)
class PlaceView:
    """Where an alert is told; ``route`` is the name of the one that leads there, empty where none does."""

    channel: str
    thread: bool
    route: str
    nobody: str | None = None
    asked_in_vain: bool = False
    """Whether Slack did not say who the owner is."""


@dataclass(frozen=True, slots=True)
class RouteTestView:
    """Where alerts of ``rule`` about a customer would be told."""

    customer: Person
    rule: str
    place: PlaceView


@dataclass(frozen=True, slots=True)
class AskedView:
    """One test of a condition: its text, whether it holds now, and the value that says so, where there is one."""

    text: str
    holds: bool
    fact: Evidence | None


@dataclass(frozen=True, slots=True)
class SuppressionView:
    """What held an alert back from ``at`` on: the stage, why, until when, by whom, and by which rule, silence or source."""

    at: int
    stage: str
    why: str
    until: int | None
    actor: str | None
    by: str


@dataclass(frozen=True, slots=True)
class PairView:
    """A rule and a customer as they stand; what belongs to an alert is None where there never was one."""

    customer: Person
    rule: RuleView
    verdict: Verdict
    holds_now: bool
    tests: tuple[AskedView, ...]
    since: int | None
    held_until: int | None
    alert_id: int | None
    opened_at: int | None
    standing: Standing | None
    suppression: SuppressionView | None
    place: PlaceView
    messages: tuple[DeliveryView, ...] = ()
    sent_to: str | None = None


@dataclass(frozen=True, slots=True)
class QualityView:
    """What came of a rule's alerts over ``days``.

    ``opened``: alerts; ``posted``: those that were told, in ``messages``; ``by_itself``: ended without anybody. ``wait``:
    the median time to a claim, in milliseconds. ``promised``: what the preview had counted, messages in days.
    """

    rule: str
    kind: AlertKind
    opened: int
    posted: int
    claimed: int
    by_itself: int
    useful: int
    useless: int
    wait: int | None
    messages: int
    days: int
    promised: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class OldAlertsView:
    """Alerts of a rule that have been open since before ``before``: how many, and of how many in all."""

    rule_id: int
    rule: str
    before: int
    found: int
    unresolved: int
