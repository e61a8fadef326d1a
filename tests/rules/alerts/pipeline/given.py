"""Untold alerts for tests, and surroundings."""

from hypothesis import strategies as st

from rules.alerts.pipeline.stage import Untold
from rules.alerts.rule import Severity
from rules.alerts.states import Reason

CHANNELS = ("#care", "#sales")
OPENINGS = (Reason.ENTERED, Reason.BACKLOG, Reason.BACKLOG_EACH, Reason.COOLDOWN_OVER)


def untold_alert(alert_id: int = 1, **changes: object) -> Untold:
    values: dict[str, object] = {
        "alert_id": alert_id,
        "customer_id": alert_id,
        "rule_id": 1,
        "rule": "lapsing",
        "severity": Severity.MEDIUM,
        "reason": Reason.ENTERED,
        "opened_at": 0,
        "channel": CHANNELS[0],
    }
    return Untold(**values | changes)  # type: ignore[arg-type]


def untold_alerts(*, most: int = 40) -> st.SearchStrategy[list[Untold]]:
    """One unresolved alert at most for a rule and a customer, as the database has it."""
    alert = st.builds(
        Untold,
        alert_id=st.just(0),
        customer_id=st.integers(1, 12),
        rule_id=st.integers(1, 4),
        rule=st.just("?"),
        severity=st.sampled_from(Severity),
        reason=st.sampled_from(OPENINGS),
        opened_at=st.integers(0, 3),
        channel=st.just(""),
        value=st.integers(-2, 5),
    )
    found = st.lists(alert, max_size=most, unique_by=lambda one: (one.rule_id, one.customer_id))
    return found.map(_numbered)


def _numbered(found: list[Untold]) -> list[Untold]:
    return [
        untold_alert(
            number,
            customer_id=one.customer_id,
            rule_id=one.rule_id,
            rule=f"rule_{one.rule_id}",
            severity=one.severity,
            reason=one.reason,
            opened_at=one.opened_at,
            channel=CHANNELS[one.rule_id % 2],
            value=one.value,
        )
        for number, one in enumerate(found, start=1)
    ]
