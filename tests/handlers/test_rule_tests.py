"""Tests of rules are run for real: those of the rules that ship pass, and whatever comes otherwise is told."""

from pathlib import Path

import pytest

from handlers import rule_tests
from handlers.intake.errors import NoSuchFileError
from handlers.rule_tests import FileResult
from rules.book import FOLDER, book
from rules.files.mistakes import BadFileError

TESTS = FOLDER / "tests"


def _run(folder: Path, *texts: str) -> list[FileResult]:
    files = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        files.append((path.name, path))
    return list(rule_tests.run(files))


def _passes(folder: Path, text: str) -> None:
    (one,) = _run(folder, text)
    assert one.error is None, one.error
    assert one.failures == ()
    assert one.checks


@pytest.mark.parametrize("theme", sorted({rule.theme for rule in book().values()}))
def test_the_tests_of_the_rules_that_ship_pass(theme: str) -> None:
    files = [TESTS / f"{name}.yaml" for name, rule in book().items() if rule.theme == theme]
    tested = list(rule_tests.run([(path.name, path) for path in files]))
    assert [(one.file, one.failures, one.error) for one in tested if not one.passed] == []
    assert len(tested) == len(files) > 5


def test_a_name_that_ships_as_an_alias_means_the_same_in_a_rule_and_in_an_event(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
rules:
  bought: {condition: "count(order_completed) >= 2"}
events:
  - {at: day 0, customer: ada, kind: Order Completed}
  - {at: day 1, customer: ada, kind: purchase}
expect:
  - {at: day 2, open: [ada]}
""",
    )


def test_a_backlog_is_told_in_one_digest_and_its_steps_in_one_reply(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
rules:
  quiet: {condition: "silent(purchase, 10d)", channel: "#care", kind: problem}
events:
  - {at: day 0, customer: ada, kind: purchase, amount: 5}
  - {at: day 0, customer: bob, kind: purchase, amount: 9}
  - {at: day 21, customer: ada, kind: purchase}
  - {at: day 21, customer: bob, kind: purchase}
expect:
  - at: day 20
    opens: [{customer: ada, reason: backlog}, {customer: bob, reason: backlog}]
    messages: {digest: [bob, ada], channel: "#care", says: [2 customers, "$9.00"]}
  - at: day 21
    open: none
    resolves: [ada, bob]
    messages: {reply: [ada, bob], channel: "#care"}
""",
    )


def test_a_rule_waits_keeps_open_reminds_and_is_put_right_by_what_comes_late(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
rules:
  quiet: {condition: "silent(purchase, 10d)", for: 2d, keep: 1d, remind: 1d}
events:
  - {at: day 0, customer: ada, kind: purchase}
  - {at: day 0, customer: bob, kind: purchase}
  - {at: day 5, customer: bob, kind: purchase, arrives: day 13}
  - {at: day 14, customer: ada, kind: purchase}
expect:
  - at: day 1
    open: none
  - at: day 10
    opens: none
    suppressed: [{customer: ada, reason: pending}, {customer: bob, reason: pending}]
  - {at: just before day 12, opens: none}
  - at: day 12
    opens: [{customer: ada, reason: pending_over}, {customer: bob, reason: pending_over}]
    messages: [{alert: ada}, {alert: bob}]
  - at: day 13
    resolves: {customer: bob, as: not_an_issue, reason: late_event}
    messages: [{reply: bob, says: This alert was wrong}, {reply: ada, says: for 1 day}]
  - {at: day 14, open: ada, messages: none}
  - {at: just before day 15, open: ada, messages: none}
  - at: day 15
    resolves: {customer: ada, as: recovered, reason: left}
""",
    )


def test_people_claim_snooze_and_resolve(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
book: lapsing
events:
  - {at: day 0, customer: ada, kind: purchase}
  - {at: day 1, customer: ada, kind: purchase}
people:
  - {at: day 33, claim: ada, by: U0MAYA99}
  - {at: day 34, snooze: ada, for: week}
  - {at: day 42, resolve: ada, as: not_an_issue}
expect:
  - at: day 31
    open: none
  - at: day 32
    opens: ada
  - at: day 34
    open: ada
    messages: [{reply: ada, says: <@U0MAYA99>}, {reply: ada, says: snoozed}]
  - at: day 41
    open: ada
    messages: {reply: ada, says: snooze}
  - at: day 43
    open: none
    resolves: {customer: ada, as: not_an_issue, reason: by_person}
    suppressed: {customer: ada, reason: already_told, stage: decide}
    messages: {reply: ada, says: not an issue}
""",
    )


def test_what_happens_between_two_looks_is_in_the_second(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
rules:
  busy: {condition: "count(ticket, 2d) >= 1", kind: opportunity, cooldown: 0}
  idle: {condition: "silent(ticket, 2d)", cooldown: 0}
sweeps: {every: 12h, from: day 0, to: day 9}
events:
  - {at: day 1, customer: ada, kind: ticket}
  - {at: day 5, customer: ada, kind: ticket}
expect:
  - at: day 0
    opens: none
  - at: day 9
    opens:
      - {customer: ada, rule: busy}
      - {customer: ada, rule: busy}
      - {customer: ada, rule: idle}
      - {customer: ada, rule: idle}
    resolves:
      - {customer: ada, rule: busy, as: expired}
      - {customer: ada, rule: busy, as: expired}
      - {customer: ada, rule: idle, as: recovered}
    open: {customer: ada, rule: idle}
""",
    )


def test_profiles_late_events_properties_currencies_and_pauses(tmp_path: Path) -> None:
    _passes(
        tmp_path,
        """
rules:
  vip_trouble:
    condition: segment = vip and count(ticket where priority = high and open = true and n > 2, 30d) >= 2
  rested: {condition: never(login), state: paused}
  spender: {condition: "sum(purchase) >= 100 and tenure >= 3650", severity: high}
currency: EUR
customers:
  ada: {Segment: basic, created_at: 2016-01-01}
  bob:
events:
  - {at: day 0, customer: ada, kind: ticket, properties: {priority: high, open: true, n: 3}}
  - {at: day 0, customer: ada, kind: ticket, properties: {priority: high, open: true, n: 3}}
  - {at: day 2, customer: ada, set: {segment: VIP}}
  - {at: day 1, customer: bob, set: {segment: vip}}
  - {at: day 1, customer: ada, kind: purchase, amount: 100, arrives: day 3}
  - {at: day 1, customer: bob, kind: purchase, amount: 1000, currency: USD}
  - {at: day 4, customer: ada, set: {segment: }}
expect:
  - {at: day 1, open: none}
  - {at: just before day 2, open: none}
  - {at: day 2, opens: {customer: ada, rule: vip_trouble}}
  - {at: just before day 3, opens: none}
  - at: day 3
    opens: {customer: ada, rule: spender}
    messages: {alert: ada, rule: spender, says: €100.00}
  - {at: day 4, resolves: {customer: ada, rule: vip_trouble}, suppressed: none}
""",
    )


def test_what_comes_otherwise_is_told(tmp_path: Path) -> None:
    (one,) = _run(
        tmp_path,
        """
book: lapsing
events:
  - {at: day 0, customer: ada, kind: purchase}
  - {at: day 0 12:00, customer: ada, kind: purchase}
people:
  - {at: day 1, claim: ada}
expect:
  - {at: day 31, opens: ada, messages: {alert: ada}}
  - {at: day 32, open: ada, suppressed: none}
""",
    )
    assert not one.passed
    assert one.checks == 5
    assert [(failure.at, failure.what, failure.expected, failure.found) for failure in one.failures] == [
        ("2026-01-02T00:00:00Z", "people", "claim: ada", "no alert is open"),
        ("day 31", "opens", "ada", "none"),
        ("day 31", "messages", "alert: ada", "none"),
    ]


def test_who_acts_twice_is_told_what_the_bot_would_answer(tmp_path: Path) -> None:
    (one,) = _run(
        tmp_path,
        """
book: lapsing
events: [{at: day 0, customer: ada, kind: purchase}, {at: day 0, customer: ada, kind: purchase}]
people: [{at: day 32, claim: ada, by: maya}, {at: day 33, claim: ada, by: tom}]
expect: [{at: day 31, open: ada}, {at: day 34, open: ada}]
""",
    )
    assert [(failure.what, failure.found.split(" and")[0]) for failure in one.failures] == [
        ("people", "maya was faster")
    ]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("- {at: day 1, customer: ada, kind: purchase, amount: ten}", 3, "bad_amount"),
        ("- {at: day 1, customer: ada, kind: '!'}", 3, "bad_kind"),
        ("- {at: day 1, customer: ada, set: {a b: 1, a-b: 2}}", 3, "key_twice"),
        ("- {at: day 1, customer: ada, set: {'!': 1}}", 3, "bad_name"),
        (f"- {{at: day 1, customer: {'x' * 300}, set: {{a: 1}}}}", 3, "too_long"),
        (
            "- {at: day 1, customer: ada, kind: login, id: 1, amount: 1}\n  - {at: day 1, customer: ada, kind: login, id: 1, amount: 2}",
            4,
            "other_body",
        ),
    ],
)
def test_what_intake_refuses_is_a_mistake_at_its_line(
    tmp_path: Path, text: str, line: int, code: str
) -> None:
    (one,) = _run(tmp_path, f"book: lapsing\nevents:\n  {text}\nexpect: [{{at: day 2, open: none}}]\n")
    assert isinstance(one.error, BadFileError)
    assert [(mistake.line, mistake.code) for mistake in one.error.mistakes] == [(line, code)]
    assert one.error.path == "0.yaml"
    assert not one.passed


def test_one_file_with_a_mistake_does_not_keep_the_others_from_being_run(tmp_path: Path) -> None:
    fine = "book: lapsing\ncustomers: {ada: }\nexpect: [{at: day 1, open: none}]\n"
    tested = _run(tmp_path, fine, fine.replace("book", "bok"), fine)
    assert [one.passed for one in tested] == [True, False, True]
    (missing,) = rule_tests.run([("gone.yaml", tmp_path / "gone.yaml")])
    assert isinstance(missing.error, NoSuchFileError)


LIFE = """
rules:
  lapsed: {condition: "status = at_risk and type = loyal", kind: problem}
events:
  - {at: day 0, customer: ada, kind: purchase, amount: 5}
  - {at: day 1, customer: ada, kind: purchase, amount: 5}
  - {at: day 2, customer: ada, kind: purchase, amount: 5}
  - {at: day 3, customer: ada, kind: purchase, amount: 5}
expect:
  - at: just before day 34
    open: none
  - at: day 34
    opens: ada
"""


def test_rules_ask_for_the_definitions_of_the_preset_that_a_test_names(tmp_path: Path) -> None:
    _passes(tmp_path, f"lifecycle: retail\n{LIFE}")
    (without, misspelt) = _run(tmp_path, LIFE, f"lifecycle: retial\n{LIFE}")
    for one, code in ((without, "bad_condition"), (misspelt, "bad_choice")):
        assert isinstance(one.error, BadFileError)
        assert code in [mistake.code for mistake in one.error.mistakes]
