"""A small company's months: its events come in, a life cycle is chosen, and rules of the book tell of what happens."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot import invoke
from handlers.cli.base import Cli
from handlers.receive import Receiver
from rules.alerts.states import Resolution
from rules.instants import DAY, HOUR, iso
from settings import Settings
from storage import alerts, customers, rules
from storage.database import Database
from tests.contexts import StillClock, context

BEGIN = 20_513 * DAY
"""2026-03-01."""
RULES = ("loyal_at_risk", "prospect_not_buying", "subscription_ending", "support_trouble", "reactivated")
CUSTOMERS = """external id,name,subscription end
ada,Ada Lovelace,
bob,,
cleo,,2026-04-10
dan,,
eva,,
"""
HAPPENED: list[tuple[int, str, str, dict[str, Any]]] = [
    (-200, "eva", "purchase", {"amount": "30"}),
    (-190, "eva", "purchase", {"amount": "30"}),
    *((day, "ada", "purchase", {"amount": "40"}) for day in (0, 10, 20, 30)),
    (0, "bob", "sign_up", {}),
    (0, "cleo", "subscription_started", {"amount": "49"}),
    (0, "dan", "purchase", {"amount": "25"}),
    (3, "bob", "login", {}),
    (4, "ada", "survey", {"properties": {"score": 9}}),
    (5, "dan", "support_ticket", {"properties": {"priority": "high"}}),
    (5, "dan", "support_ticket", {"properties": {"priority": "low"}}),
    (6, "dan", "support_ticket", {}),
    (20, "eva", "email_opened", {}),
    (35, "cleo", "subscription_cancelled", {"properties": {"reason": "price"}}),
    (38, "bob", "contact", {"properties": {"channel": "phone"}}),
    (40, "bob", "purchase", {"amount": "60"}),
    (50, "eva", "purchase", {"amount": "30"}),
    (70, "ada", "purchase", {"amount": "40"}),
]
"""What happened on which day, at noon."""
LATE = {70: 72}
"""What happened on that day comes in on this one."""
SWEEPS = (1, 6, 7, 12, 13, 29, 30, 35, 36, 40, 41, 50, 51, 61, 62, 71, 72, 73, 81, 82)
"""Midnights at which the rules are evaluated, on both sides of whatever is to come."""
STORY = {
    ("support_trouble", "dan"): (7, 13, Resolution.RECOVERED),
    ("prospect_not_buying", "bob"): (30, 41, Resolution.RECOVERED),
    ("subscription_ending", "cleo"): (36, 41, Resolution.RECOVERED),
    ("reactivated", "eva"): (51, 82, Resolution.EXPIRED),
    ("loyal_at_risk", "ada"): (62, 73, Resolution.RECOVERED),
}
"""Alerts: opened at which midnight, ended at which, and how."""


class Company:
    def __init__(self, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = database
        self.clock = StillClock(BEGIN)
        self.ctx = context(database, now=self.clock)
        self._cli = Cli(Settings.given(database_url="sqlite:///x.db"), make=lambda _: self.ctx, folder=folder)
        self._receiver = Receiver(self.ctx)
        self._capsys = capsys
        self._came = 0

    def runs(self, *argv: str) -> Any:
        assert invoke([*argv, "--json"], self._cli) == 0
        # Above it the log may stand, which the program itself writes elsewhere.
        return json.loads(self._capsys.readouterr().out.splitlines()[-1])

    def goes_on_to(self, day: int) -> None:
        """Take in what has come by the midnight of ``day``."""
        self.clock.at = BEGIN + day * DAY
        came = sorted(HAPPENED, key=lambda one: LATE.get(one[0], one[0]))
        new = [one for one in came if LATE.get(one[0], one[0]) < day][self._came :]
        body = [
            {
                "customer": customer,
                "kind": kind,
                "occurred_at": iso(BEGIN + happened * DAY + 12 * HOUR),
                "external_id": f"e-{self._came + place}",
                **said,
            }
            for place, (happened, customer, kind, said) in enumerate(new)
        ]
        received = self._receiver.receive(json.dumps(body).encode())
        assert (received.counts.inserted, received.problems) == (len(new), ())
        self._came += len(new)

    def story(self) -> dict[tuple[str, str], tuple[int, int | None, Resolution | None]]:
        with self.database.reading() as tx:
            names = {rule.id: rule.name for rule in rules.listing(tx)}
            people = customers.by_ids(tx, customers.ids(tx, self.clock.at).tolist())
            return {
                (names[one.rule_id], people[customer].external_id): (
                    (one.opened_at - BEGIN) // DAY,
                    None if one.resolved_at is None else (one.resolved_at - BEGIN) // DAY,
                    one.resolution,
                )
                for customer in people
                for one in alerts.of_customer(tx, customer)
            }


def test_the_book_tells_of_a_small_company(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company = Company(database, tmp_path, capsys)
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    company.runs("import", "customers.csv")
    assert company.runs("lifecycle", "use", "retail")["version"] == 1
    for name in RULES:
        assert company.runs("rules", "add", name)["state"] == "active"
    for day in SWEEPS:
        company.goes_on_to(day)
        assert {one["rule"] for one in company.runs("sweep")["rules"]} == set(RULES)
    assert company.story() == STORY
    cards = {who: company.runs("status", who) for who in ("ada", "bob", "cleo", "dan", "eva")}
    assert {who: (card["status"], card["stage"]) for who, card in cards.items()} == {
        "ada": ("active", "retain"),
        "bob": ("at_risk", "develop"),
        "cleo": ("prospect", "reach"),
        "dan": ("at_risk", "develop"),
        "eva": ("at_risk", "retain"),
    }
    assert cards["ada"]["types"] == ["recent_purchase", "loyal"]
