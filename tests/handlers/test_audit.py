"""The audit: a full evaluation against what the sweeps have left; differences are put right, and told."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from handlers import audit as audit_module
from handlers import sweep as sweep_module
from handlers.audit import audit, audit_if_due
from handlers.context import Context
from handlers.sweep import Difference, sweep
from rules.instants import DAY, HOUR
from storage import outbox, rules
from storage.database import Database
from storage.outbox import Subject
from tests.contexts import StillClock, context
from tests.handlers import stored
from tests.handlers.logged import logged
from tests.histories import customer, purchases, rule

D = 20_000 * DAY


@pytest.fixture
def clock() -> StillClock:
    return StillClock(D)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    made = context(database, now=clock)
    for number in range(1, 5):
        customer(database, number, known_since=D - 60 * DAY)
    purchases(database, 4, [D - days * DAY for days in (40, 30, 20, 10)])
    rule(database, "lapsing", "silent(purchase, 30d)")
    rule(database, "overdue", "overdue(purchase) >= 2")
    sweep(made)
    return made


def test_where_nothing_differs_nothing_is_told(ctx: Context) -> None:
    audited = audit(ctx)
    assert audited.differences == ()
    assert audited.swept.candidates == 4
    assert audited.as_json()["differences"] == []
    assert not [one for one in messages(ctx) if one.subject is Subject.NOTICE]


def messages(ctx: Context) -> list[outbox.Message]:
    with ctx.database.reading() as tx:
        return list(outbox.by_numbers(tx, range(1, 1_000)).values())


def test_what_came_in_since_the_last_sweep_is_no_difference(ctx: Context, clock: StillClock) -> None:
    purchases(ctx.database, 1, [D + HOUR])
    clock.at = D + DAY
    audited = audit(ctx)
    assert audited.differences == ()
    [lapsing, _] = audited.swept.rules
    assert (lapsing.left, lapsing.matched) == (1, 2)


def test_differences_are_put_right_logged_and_told(ctx: Context) -> None:
    with ctx.database.writing() as tx:
        tx.execute(text('DELETE FROM "match" WHERE customer_id = 2'))
        tx.execute(text('INSERT INTO "match" (customer_id, rule_id, since) VALUES (4, 1, 0)'))
        tx.execute(text("UPDATE timer SET at = at + 1"))
        tx.execute(text("UPDATE rule SET matched = 77"))
    with logged() as lines:
        audited = audit(ctx)
    assert audited.differences == (
        Difference("lapsing", entered=1, left=1, timers=0),
        Difference("overdue", entered=0, left=0, timers=1),
    )
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["rule"] for line in found if line["event"] == "audit_difference"] == ["lapsing", "overdue"]
    assert [one.matched for one in audited.swept.rules] == [3, 0]
    [notice] = [one for one in messages(ctx) if one.subject is Subject.NOTICE]
    assert (notice.channel, notice.payload["params"]) == ("UMANAGER", {"rules": "lapsing, overdue"})
    assert stored.rows(ctx.database, 'SELECT customer_id FROM "match" ORDER BY 1') == [(1,), (2,), (3,)]
    assert stored.rows(ctx.database, "SELECT at FROM timer") == [(D + 10 * DAY,)]
    with ctx.database.reading() as tx:
        assert [one.matched for one in rules.listing(tx)] == [3, 0]
    assert audit(ctx).differences == ()


def test_a_rule_that_is_edited_between_the_two_halves_of_an_audit_is_no_difference(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sweep_module._sweep

    def with_an_edit_before_the_second(*args: Any, **named: Any) -> Any:
        if named["full"]:
            with ctx.database.writing() as tx:
                found = rules.by_name(tx, "lapsing")
                assert found is not None
                body = replace(found.body, condition="silent(purchase, 300d)")
                rules.edit(tx, found, body=body, author="U1", now=0, diff="")
        return real(*args, **named)

    monkeypatch.setattr(sweep_module, "_sweep", with_an_edit_before_the_second)
    audited = audit(ctx)
    assert audited.differences == ()
    assert audited.swept.rules[0].left == 3


def test_it_is_due_once_a_night(ctx: Context, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    real = audit_module.audit

    def noted(asked: Context) -> object:
        done.append(asked.now() - D)
        return real(asked)

    monkeypatch.setattr(audit_module, "audit", noted)
    for hour in (0, 1, 2.9, 3, 4, 26.9, 27, 27.1, 120):
        clock.at = D + int(hour * HOUR)
        audit_if_due(ctx)
    assert done == [3 * HOUR, 27 * HOUR, 120 * HOUR]
