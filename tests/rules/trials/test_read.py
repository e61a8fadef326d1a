"""Tests of rules, read: what they may say, and every mistake at its line."""

import pytest

from rules.alerts.states import Reason, Resolution
from rules.files.mistakes import BadFileError
from rules.instants import DAY, iso
from rules.trials.read import MOST_FITS, MOST_SWEEPS, read_trial
from rules.trials.trial import Deed, Telling, Told

WHOLE = """
about: All that a test can say.
book: [lapsing, overdue]
rules:
  tickets: {condition: "count(ticket where priority = high, 7d) >= 2", backlog: post}
start: 2026-03-01
timezone: Europe/Berlin
currency: eur
channel: "#care"
customers:
  ada: {name: Ada, segment: no, created_at: 2020-01-01}
  bob:
events:
  - {at: day 0, customer: ada, kind: purchase, amount: 10.50, id: o-1, arrives: day 2}
  - {at: day 1, customer: bob, kind: ticket, currency: CHF, properties: {priority: high, n: 3, code: "3", old: true}}
  - {at: day 1, customer: bob, set: {segment: vip}}
people:
  - {at: day 40, claim: ada, rule: lapsing, by: U0MAYA}
  - {at: day 41, snooze: ada, rule: lapsing, for: week}
  - {at: day 42, resolve: ada, rule: lapsing, as: lost}
sweeps: {every: 12h, from: day 0, to: day 1}
fitted: [day 9, day 3]
expect:
  - at: day 30
    open: [{customer: ada, rule: Lapsing}]
    opens: {customer: ada, rule: lapsing, reason: entered}
    messages: {digest: [ada, bob], rule: lapsing, channel: "#care", says: [none, 30 days]}
  - at: day 10
    resolves: {customer: ada, rule: overdue, as: recovered}
    suppressed: none
"""


def test_all_that_can_be_said() -> None:
    trial = read_trial(WHOLE)
    assert [rule.name for rule in trial.rules] == ["lapsing", "overdue", "tickets"]
    assert (trial.currency, trial.channel, str(trial.calendar.zone)) == ("EUR", "#care", "Europe/Berlin")
    assert iso(trial.begins) == "2026-02-28T23:00:00Z"
    assert [(one.customer, dict(one.profile)) for one in trial.said] == [
        ("ada", {"name": "Ada", "segment": "no", "created_at": "2019-12-31T23:00:00Z"}),
        ("bob", {}),
        ("bob", {"segment": "vip"}),
    ]
    first, second = trial.happenings
    assert (first.arrives - first.at, first.record["external_id"], first.record["amount"]) == (
        2 * DAY,
        "o-1",
        "10.50",
    )
    assert second.record["properties"] == {"priority": "high", "n": 3, "code": "3", "old": True}
    assert [(act.deed, act.choice, act.by) for act in trial.acts] == [
        (Deed.CLAIM, None, "U0MAYA"),
        (Deed.SNOOZE, "week", "somebody"),
        (Deed.RESOLVE, Resolution.LOST, "somebody"),
    ]
    assert [(at - trial.begins) / DAY for at in trial.sweeps] == [0, 0.5, 1, 10, pytest.approx(30, abs=0.1)]
    assert [(at - trial.begins) / DAY for at in trial.fitted] == [3, 9]
    early, late = (one.outcome for one in trial.expectations)
    assert early.suppressed == ()
    assert early.open is None
    assert late.opens == (Told("lapsing", "ada", Reason.ENTERED),)
    assert late.messages is not None
    assert late.messages[0].telling is Telling.DIGEST
    assert late.messages[0].says == ("none", "30 days")


ONE = "book: lapsing\nevents:\n  - {at: day 0, customer: ada, kind: purchase}\n"
EXPECT = "expect:\n  - {at: day 30, open: none}\n"


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", [(1, "nothing_tested")]),
        ("- a", [(1, "needs_fields"), (1, "nothing_tested")]),
        (ONE, [(1, "missing_key")]),
        (EXPECT, [(1, "nothing_tested")]),
        (f"{ONE}expect: none\n", [(4, "nothing_expected")]),
        (f"{ONE}expect:\n  - at: day 1\n", [(5, "nothing_expected")]),
        (f"{ONE}expcet: 1\n{EXPECT}", [(4, "unknown_key")]),
        (f"book: lapsin\n{EXPECT}", [(1, "not_shipped")]),
        (f"rules: {{a: {{condition: 'silent(x, 3)'}}}}\n{EXPECT}", [(1, "bad_condition")]),
        (f"{ONE}rules: {{lapsing: {{condition: never(x)}}}}\n{EXPECT}", [(4, "key_twice")]),
        (
            f"{ONE}start: soon\ntimezone: Mars/Base\ncurrency: XXQ\n{EXPECT}",
            [(4, "bad_date"), (5, "bad_zone"), (6, "bad_currency")],
        ),
        (f"{ONE}  - {{at: day x, customer: ada, kind: purchase}}\n{EXPECT}", [(4, "bad_when")]),
        (
            f"{ONE}  - {{customer: ada, kynd: purchase}}\n{EXPECT}",
            [(4, "kind_or_set"), (4, "missing_key"), (4, "unknown_key")],
        ),
        (f"{ONE}  - {{at: day 1, customer: ada}}\n{EXPECT}", [(4, "kind_or_set")]),
        (f"{ONE}  - {{at: day 1, customer: ada, kind: x, set: {{a: b}}}}\n{EXPECT}", [(4, "kind_or_set")]),
        (f"{ONE}  - {{at: day 2, arrives: day 1, customer: ada, kind: x}}\n{EXPECT}", [(4, "arrives_early")]),
        (f"{ONE}customers: {{bob: }}\n{EXPECT}", [(3, "unknown_customer")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, open: adda}}\n", [(6, "unknown_customer")]),
        (f"{ONE}{EXPECT}  - {{at: day 30, opens: ada}}\n", [(6, "expected_twice")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, open: {{customer: ada, rule: lapsng}}}}\n", [(6, "unknown_rule")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, opens: {{customer: ada, reason: entred}}}}\n", [(6, "bad_choice")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, resolves: {{customer: ada, as: gone}}}}\n", [(6, "bad_choice")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, messages: {{says: x}}}}\n", [(6, "one_of")]),
        (f"{ONE}{EXPECT}  - {{at: day 31, messages: {{alert: ada, channel: #x\n }}}}\n", [(6, "no_value")]),
        (f"{ONE}people: [{{at: day 1, claim: ada, for: week}}]\n{EXPECT}", [(4, "unknown_key")]),
        (f"{ONE}people: [{{at: day 1, snooze: ada}}]\n{EXPECT}", [(4, "missing_key")]),
        (f"{ONE}people: [{{at: day 1}}]\n{EXPECT}", [(4, "one_of")]),
        (
            f"book: [lapsing, overdue]\ncustomers: {{ada: }}\n{EXPECT}  - {{at: day 31, open: ada}}\n",
            [(5, "which_rule")],
        ),
        (f"{ONE}sweeps: {{every: 1h, from: day 0, to: day 900}}\n{EXPECT}", [(4, "too_many_sweeps")]),
        (f"{ONE}fitted: [day 1, whenever]\n{EXPECT}", [(4, "bad_when")]),
        (f"{ONE}fitted: [{', '.join(['day 1'] * (MOST_FITS + 1))}]\n{EXPECT}", [(4, "too_many_fitted")]),
        (f"{ONE}sweeps: {{every: often, from: day 0, to: day 9}}\n{EXPECT}", [(4, "bad_every")]),
        (f"{ONE}sweeps: {{every: 1d, from: day 9, to: day 0}}\n{EXPECT}", [(4, "backwards")]),
        (f"{ONE}sweeps: [{', '.join(['day 1'] * (MOST_SWEEPS + 1))}]\n{EXPECT}", [(4, "too_many_sweeps")]),
    ],
)
def test_every_mistake_is_told_at_its_line(text: str, mistakes: list[tuple[int, str]]) -> None:
    with pytest.raises(BadFileError) as refused:
        read_trial(text)
    assert sorted((one.line, one.code) for one in refused.value.mistakes) == mistakes


def test_a_kind_that_is_spelt_nearly_as_one_that_is_watched_is_hinted_at() -> None:
    trial = read_trial(ONE.replace("kind: purchase", "kind: purchse") + EXPECT)
    assert [(hint.line, dict(hint.params)) for hint in trial.hints] == [
        (3, {"kind": "purchse", "nearest": "purchase"})
    ]
    assert not read_trial(ONE.replace("kind: purchase", "kind: logout") + EXPECT).hints
