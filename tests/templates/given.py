"""Views to render, and strategies that make hostile ones."""

from hypothesis import strategies as st

from rules.alerts.evidence import Evidence
from rules.alerts.pipeline.stage import Why
from rules.alerts.retry import Delivery
from rules.alerts.rule import AlertKind, Backlog, RuleBody, RuleState, Severity, Unreadable
from rules.alerts.states import Reason, Resolution, Verb
from rules.conditions.terms import Family
from rules.instants import EARLIEST, LATEST, Calendar
from rules.lifecycle.fit import Lack, Lacking
from rules.lifecycle.grounds import Ground
from templates.figures import Figures
from templates.views import (
    AlertView,
    CadenceView,
    CardView,
    ChannelView,
    DatedStep,
    DeliveryView,
    DigestView,
    EventView,
    FoundCustomer,
    HeldView,
    KindView,
    LabelView,
    ListedAlert,
    Member,
    Money,
    Person,
    RuleCard,
    RuleView,
    RuleWaiting,
    Standing,
    StepView,
    Waiting,
    WhyView,
    WorseView,
    WorthView,
)
from templates.voice import Voice
from templates.words import Words
from tests.rules.alerts.test_channel_typed import channels

HOSTILE = "<!channel> & <@U1> *x* _y_ `z` \u202eevil\u202c 🙂 עברית \x00\n" + "&" * 10_000
VOICE = Voice(Words(), Figures("en", Calendar.of("Europe/Berlin")), "USD")
NOW = 1_795_343_400_000

ANN = Person(
    external_id="C-17", name="Ann Bell", segment="vip", owner="U08TOMBECKR", url="https://crm.example/c/C-17"
)
LAPSING = RuleView(
    name="lapsing",
    kind=AlertKind.PROBLEM,
    severity=Severity.HIGH,
    condition="silent(purchase, 30d) and count(purchase) >= 3",
    action="Call them and ask what changed.",
)
ALERT = AlertView(
    id=812,
    steps=1,
    opened_at=NOW,
    rule=LAPSING,
    customer=ANN,
    facts=(Evidence("days_since(purchase)", "34"), Evidence("count(purchase)", "12")),
    standing=Standing(),
    spent=Money(84_020, "USD"),
)

texts = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=30),
    st.sampled_from([HOSTILE, "", " ", "\ud800", "&" * 3_000, "<" * 200, "🙂" * 500, "*`_~", "א" * 300]),
)
instants = st.one_of(st.integers(EARLIEST, LATEST), st.sampled_from([EARLIEST, LATEST, NOW]))
maybe_instants = st.none() | instants
colleagues = st.one_of(st.sampled_from(["U08TOMBECKR", "S08MANAGERS", "tom@example.com"]), texts)
people = st.builds(
    Person,
    external_id=texts.map(lambda text: text or "x"),
    name=st.none() | texts,
    segment=st.none() | texts,
    owner=st.none() | colleagues,
    url=st.none() | st.just("https://crm.example/?a=1&id=" + "%20" * 300),
)
rules = st.builds(
    RuleView,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True),
    kind=st.sampled_from(AlertKind),
    severity=st.sampled_from(Severity),
    condition=texts,
    action=texts,
)
standings = st.builds(
    Standing,
    claimed_by=st.none() | colleagues,
    snoozed_until=maybe_instants,
    snoozed_by=st.none() | colleagues,
    snooze_note=texts,
    until_worse=st.booleans(),
    resolution=st.none() | st.sampled_from(Resolution),
    resolved_by=st.none() | colleagues,
    resolved_at=maybe_instants,
)
money = st.builds(
    Money, minor=st.integers(-(2**63), 2**63 - 1), currency=st.sampled_from(["USD", "JPY", "KWD", "EUR"])
)
values = st.one_of(
    st.none(),
    st.integers(-(10**18), 10**18).map(str),
    st.fractions(max_denominator=10**9, min_value=-(10**18), max_value=10**18).map(str),
    st.sampled_from(["true", "false"]),
    texts,
)
evidence = st.builds(
    Evidence,
    term=st.sampled_from(
        [
            "days_since(purchase)",
            "count(purchase, 30d)",
            "sum(purchase)",
            "avg(purchase, 12mo)",
            "change(sum(purchase), 30d)",
            "overdue(purchase)",
            "median_gap(purchase)",
            "days_until(attr.renewal_date)",
            "tenure",
            "segment",
            "attr.plan",
            "count(ticket where priority = high and amount > 100, 7d)",
            "missing(sign_up, purchase, 7d)",
            "never(purchase)",
            "silent(purchase, 30d)",
            "gone(purchase)",
            'count("' + "x" * 90 + '", 1y)',
        ]
    ),
    value=values,
)
alerts = st.builds(
    AlertView,
    id=st.integers(1, 10**17),
    steps=st.integers(1, 10**6),
    opened_at=instants,
    rule=rules,
    customer=people,
    facts=st.lists(evidence, max_size=12).map(tuple),
    standing=standings,
    spent=st.none() | money,
    nobody=st.none() | texts,
)
members = st.builds(
    Member, alert_id=st.integers(1, 10**17), customer=people, standing=standings, spent=st.none() | money
)
digests = st.builds(
    DigestView,
    root=st.integers(1, 10**17),
    rule=rules,
    counts=st.dictionaries(
        st.sampled_from(["open", *map(str, Resolution)]), st.integers(1, 10**7), min_size=1
    ),
    claimed=st.integers(0, 5),
    snoozed=st.integers(0, 5),
    top=st.lists(members, max_size=10).map(tuple),
    burst=st.booleans(),
)
slugs = st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True)
waiting = st.builds(
    Waiting,
    member=members,
    rule=slugs,
    others=st.lists(slugs, max_size=5).map(tuple),
    why=st.none() | st.sampled_from(Why),
)
held_views = st.builds(
    HeldView,
    root=st.integers(1, 10**17),
    at=instants,
    counts=st.dictionaries(st.sampled_from(["open", *map(str, Resolution)]), st.integers(1, 10**7)),
    claimed=st.integers(0, 5),
    snoozed=st.integers(0, 5),
    rules=st.lists(
        st.builds(
            RuleWaiting,
            rule=rules,
            customers=st.integers(1, 10**7),
            top=st.lists(waiting, min_size=1, max_size=5).map(tuple),
        ),
        max_size=9,
    ).map(tuple),
    held=st.lists(st.tuples(st.sampled_from(Why), st.integers(1, 10**7)), max_size=9).map(tuple),
    passed=st.integers(0, 10**7),
)
channel_views = st.builds(
    ChannelView,
    channel=st.sampled_from(["C0CARE", "care"]) | texts,
    settings=channels,
    zone=st.sampled_from(["UTC", "America/Argentina/Buenos_Aires"]),
    language=st.sampled_from(["en", "pt_BR"]),
    told_today=st.integers(0, 10**6),
    author=st.just("") | colleagues,
    at=instants,
)
# Every way in which `rules.alerts.decide` and `rules.alerts.person` let a step come about.
WAYS = [
    (Verb.OPEN, Reason.ENTERED, None),
    (Verb.OPEN, Reason.BACKLOG, None),
    (Verb.OPEN, Reason.COOLDOWN_OVER, None),
    (Verb.WAKE, Reason.SNOOZE_OVER, None),
    (Verb.WAKE, Reason.BY_PERSON, None),
    (Verb.WAKE, Reason.WORSENED, None),
    (Verb.CLAIM, Reason.BY_PERSON, None),
    (Verb.UNCLAIM, Reason.BY_PERSON, None),
    (Verb.SNOOZE, Reason.BY_PERSON, None),
    (Verb.RESOLVE, Reason.LEFT, Resolution.RECOVERED),
    (Verb.RESOLVE, Reason.LEFT, Resolution.EXPIRED),
    (Verb.RESOLVE, Reason.TOO_OLD, Resolution.EXPIRED),
    (Verb.RESOLVE, Reason.RULE_EDITED, Resolution.RULE_CHANGED),
    (Verb.RESOLVE, Reason.RULE_REMOVED, Resolution.RULE_CHANGED),
    (Verb.RESOLVE, Reason.BY_PERSON, Resolution.RECOVERED),
    (Verb.RESOLVE, Reason.BY_PERSON, Resolution.LOST),
    (Verb.RESOLVE, Reason.BY_PERSON, Resolution.NOT_AN_ISSUE),
]


@st.composite
def steps(draw: st.DrawFn) -> StepView:
    verb, reason, resolution = draw(st.sampled_from(WAYS))
    return StepView(
        verb=verb,
        reason=reason,
        customer=draw(people),
        actor=draw(st.none() | colleagues),
        until=draw(instants) if verb is Verb.SNOOZE else None,
        resolution=resolution,
        note=draw(texts) if verb is Verb.SNOOZE else "",
        until_worse=draw(st.booleans()),
        worse=draw(st.none() | st.builds(WorseView, evidence, evidence))
        if reason is Reason.WORSENED
        else None,
        rule=draw(st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True)),
    )


small = st.integers(0, 10**6)
kinds = st.builds(
    KindView,
    kind=st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    count=st.integers(1, 10**7),
    sums=st.lists(money, max_size=8).map(tuple),
    average=st.none() | money,
    last_at=instants,
    days_since=small,
)
happenings = st.builds(
    EventView,
    kind=st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    occurred_at=instants,
    amount=st.none() | money,
    details=st.lists(st.tuples(texts, texts), max_size=6).map(tuple),
)
listed = st.builds(
    ListedAlert,
    id=st.integers(1, 10**17),
    rule=st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True),
    kind=st.sampled_from(AlertKind),
    severity=st.sampled_from(Severity),
    customer=people,
    standing=standings,
    opened_at=instants,
    fact=st.none() | evidence,
)
tests_asked = st.sampled_from(
    [
        "days_since(purchase) <= 30",
        "not days_since(purchase) <= 30",
        "sum(purchase) > 123456.78",
        "change(sum(purchase), 30d) <= -50%",
        "overdue(purchase) >= 2.5",
        "attr.renewal_date < 2026-11-22",
        f'segment in ("{"&" * 200}", "{"<" * 200}", c, d, e, f)',
        f'not owner contains "{"&" * 400}"',
        "returned(purchase, 90d)",
        "what is this",
    ]
)
labels = st.builds(
    LabelView,
    family=st.sampled_from([family.value for family in Family]),
    label=st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    held=st.booleans(),
    grounds=st.lists(st.builds(Ground, evidence, tests_asked), max_size=2).map(tuple),
    other=st.none() | st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    since=st.none() | st.dates(),
    at_least=st.booleans(),
)
lacking = st.lists(st.builds(Lack, st.sampled_from(Lacking), small, small), max_size=3).map(tuple)
worths = st.builds(
    WorthView,
    values=st.lists(evidence, max_size=4).map(tuple),
    as_of=maybe_instants,
    discount=st.floats(0, 1),
    lacks=lacking,
    kind=st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    bought=st.booleans(),
)
cadences = st.builds(
    CadenceView,
    kind=st.from_regex(r"[a-z_]{1,99}", fullmatch=True),
    gap=evidence,
    since=evidence,
    overdue=evidence,
)
months = st.lists(st.tuples(st.dates(), st.integers(0, 10**12)), max_size=12).map(tuple)
cards = st.builds(
    CardView,
    id=st.integers(1, 10**9),
    person=people,
    email=st.none() | texts,
    country=st.none() | texts,
    language=st.none() | texts,
    more=st.lists(st.tuples(texts, texts), max_size=8).map(tuple),
    known_since=instants,
    tenure_days=small,
    kinds=st.lists(kinds, max_size=12).map(tuple),
    alerts=st.lists(listed, max_size=12).map(tuple),
    events=st.lists(happenings, max_size=5).map(tuple),
    as_of=instants,
    is_past=st.booleans(),
    labels=st.lists(labels, max_size=24).map(tuple),
    spent=st.lists(money, max_size=9).map(tuple),
    worth=st.none() | worths,
    cadence=st.none() | cadences,
    months=months,
)
found = st.builds(
    FoundCustomer,
    id=st.integers(1, 10**9),
    person=people,
    email=st.none() | texts,
    open_alerts=st.integers(0, 99),
    spent=st.none() | money,
)
whys = st.builds(
    WhyView,
    alert=alerts,
    reason=st.sampled_from(Reason),
    version=st.integers(1, 999),
    author=colleagues,
    at=instants,
    values_now=st.lists(evidence, max_size=6).map(tuple),
    steps=st.lists(st.builds(DatedStep, instants, steps()), min_size=1, max_size=30).map(tuple),
    messages=st.lists(
        st.builds(
            DeliveryView,
            call=st.sampled_from(["post", "update", "reply"]),
            state=st.sampled_from([str(state) for state in Delivery]),
            reason=st.none() | texts,
        ),
        max_size=30,
    ).map(tuple),
)
bodies = st.builds(
    RuleBody,
    condition=texts | st.just("silent(purchase, 30d) or count(purchase, 7d) > 3"),
    channel=texts,
    kind=st.sampled_from(AlertKind),
    severity=st.sampled_from(Severity),
    backlog=st.sampled_from(Backlog),
    action=texts,
    cooldown=st.integers(0, 10**11),
    pending=st.integers(0, 10**10),
    keep=st.integers(0, 10**10),
    remind=st.integers(0, 10**10),
    escalate=texts,
    hides=texts,
    unreadable=st.sampled_from(Unreadable),
)
rule_cards = st.builds(
    RuleCard,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True),
    state=st.sampled_from(RuleState),
    body=bodies,
    version=st.integers(1, 10**6),
    author=colleagues,
    at=instants,
    matched=small,
    open_alerts=small,
    swept_at=maybe_instants,
    degraded=st.none() | texts,
)
