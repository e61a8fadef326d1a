"""Alerts to send through the pipeline, and strategies that make many."""

from hypothesis import strategies as st

from rules.alerts.pipeline.stage import Untold
from rules.alerts.rule import Severity
from rules.alerts.states import Reason
from rules.instants import DAY

NOW = 20_000 * DAY
CHANNELS = ["#care", "C0CARE", "#sales"]
"""The first two are one."""
PLACES = {"#care": "C0CARE", "C0CARE": "C0CARE", "#sales": "sales"}


def untold(alert_id: int, **says: object) -> Untold:
    usual: dict[str, object] = {
        "alert_id": alert_id,
        "customer_id": alert_id,
        "rule_id": 1,
        "rule": "lapsing",
        "severity": Severity.MEDIUM,
        "reason": Reason.ENTERED,
        "opened_at": NOW,
        "channel": "#care",
    }
    return Untold(**{**usual, **says})  # type: ignore[arg-type]


@st.composite
def crowds(draw: st.DrawFn) -> list[Untold]:
    """At most one alert for each rule and customer, as it is in life."""
    pairs = draw(st.sets(st.tuples(st.integers(1, 3), st.integers(1, 9)), max_size=24))
    reasons = st.sampled_from([Reason.ENTERED, Reason.BACKLOG, Reason.BACKLOG_EACH])
    return [
        untold(
            number,
            rule_id=rule_id,
            customer_id=customer_id,
            channel=draw(st.sampled_from(CHANNELS)),
            reason=draw(reasons),
            value=draw(st.integers(0, 5)),
        )
        for number, (rule_id, customer_id) in enumerate(sorted(pairs), start=1)
    ]
