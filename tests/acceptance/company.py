"""A small company whose days are the same whenever they are played: what happens in them, and what its people do."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from sqlalchemy import text

from playground.people import AIKO, TOM
from rules.instants import HOUR, MINUTE
from tests.acceptance.said import told
from tests.acceptance.story import Story

Script = Callable[[Story], None]

RULES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "storm": ("count(ticket, 1d) >= 2", {"cooldown": "12h"}),
    "big": ("sum(purchase, 2d) >= 300", {"kind": "opportunity", "channel": "#sales", "cooldown": "0"}),
    "quiet": ("silent(purchase, 1d)", {"cooldown": "1d"}),
    "waiting": ("missing(ticket, answer, 12h)", {"backlog": "post"}),
}
_ALERTS: Final = """
    SELECT c.external_id, r.name, a.opened_at, a.state, a.reason, a.resolution, a.resolved_at, a.claimed_by, a.held_by,
        t.seq, t.at, t.verb, t.reason, t.actor
    FROM alert a JOIN alert_transition t ON t.customer_id = a.customer_id AND t.alert_id = a.id
        JOIN customer c ON c.id = a.customer_id JOIN rule r ON r.id = a.rule_id
    ORDER BY c.external_id, r.name, a.opened_at, t.seq
"""


def small_company(seed: int, *, people: int = 30, days: int = 5) -> Script:
    """Give the days of a company: every other hour things happen or not, and somebody presses a button or not."""

    def script(story: Story) -> None:
        draw = Random(seed)
        begins = story.clock.at
        names = [f"Customer {n:02}" for n in range(people)]
        story.customers(*names[: people // 2])
        story.customers(*names[people // 2 :])
        for name, (condition, options) in RULES.items():
            if name != "waiting":
                story.rule(name, condition, **options)
        for hour in range(0, days * 24, 2):
            story.until(begins + hour * HOUR + 20 * MINUTE)
            for _ in range(draw.choice((0, 2, 3, 4, 8))):
                name, kind = draw.choice(names), draw.choice(("ticket", "ticket", "answer", "purchase"))
                amount = draw.randrange(50, 400) * 100 if kind == "purchase" else None
                story.event(name, kind, amount=amount)
            if hour == 18:
                story.rule("waiting", RULES["waiting"][0], **RULES["waiting"][1])
            if hour == 34:
                story.edit("storm", "count(ticket, 1d) >= 3")
            _somebody_presses(story, draw, names)
        story.until(begins + (days * 24 + 2) * HOUR)
        story.sound()

    return script


def _somebody_presses(story: Story, draw: Random, names: list[str]) -> None:
    """Have somebody press a button of a message about someone, where there is one."""
    name = draw.choice(names)
    button = draw.choice(
        ("claim", "unclaim", "snooze:hour", "snooze:morning", "resolve:lost", "resolve:recovered")
    )
    if story.can_press(button, name):
        story.press(button, name, by=draw.choice((TOM, AIKO)))
        story.passes(MINUTE)


def outcome(story: Story) -> dict[str, Any]:
    """Give all that a run came to, to be compared with another: what was said, and the lives of alerts."""
    with story.life.ctx.database.reading() as tx:
        lives = [tuple(row) for row in tx.execute(text(_ALERTS))]
    return {"said": told(story.log.messages()), "alerts": lives}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Give what is in the outcome of one run only, in words."""
    found = []
    for what, came in one.items():
        left, right = list(came), list(other[what])
        found += [f"{what}, only without deaths: {item}" for item in left if item not in right]
        found += [f"{what}, only with deaths: {item}" for item in right if item not in left]
        if not found and left != right:
            found.append(f"{what}: not as often, or in another order")
    return found
