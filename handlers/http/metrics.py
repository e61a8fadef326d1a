"""Numbers for Prometheus: ``/metrics``.

`Metrics` holds a registry of its own and the counters that use cases raise; what stands in the database (messages
that wait, alerts that are open) is asked for when somebody scrapes, and only where an index answers.
"""

from collections.abc import Iterable
from typing import Final, Literal

import structlog
from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from handlers.context import Context
from rules.errors import WarmlineError
from storage import alerts, outbox

_SWEEP_BUCKETS: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

_log = structlog.get_logger(__name__)

SweepOutcome = Literal["done", "refused", "failed"]


class Metrics:
    """What happened since the process started; with ``ctx``, also what stands in its database."""

    def __init__(self, ctx: Context | None = None) -> None:
        self.registry = CollectorRegistry()
        if ctx is not None:
            self.registry.register(_Stored(ctx))
        self._sweeps = self._counter("sweeps", "Sweeps, by how they ended.", "outcome")
        self._sweep_seconds = Histogram(
            "warmline_sweep_seconds",
            "How long a sweep took.",
            buckets=_SWEEP_BUCKETS,
            registry=self.registry,
        )
        self._failed = self._counter(
            "ticks_failed", "Ticks that failed, by job and by what stood in the way.", "job", "code"
        )
        self._candidates = self._counter("sweep_candidates", "Customers whom sweeps looked at.")
        self._audits = self._counter("audits", "Audits that were done.")
        self._audit_differences = self._counter(
            "audit_differences", "Rules of which an audit found that a sweep had missed somebody."
        )
        self._opened = self._counter("alerts_opened", "Alerts opened.")
        self._resolved = self._counter("alerts_resolved", "Alerts that sweeps resolved.")
        self._deliveries = self._counter(
            "deliveries", "Messages carried to Slack, by what came of it.", "outcome"
        )
        self._events = self._counter("events", "Events taken in, by what became of them.", "outcome")
        self._requests = self._counter(
            "http_requests", "HTTP requests, by route and status.", "route", "status"
        )
        self._request_seconds = Histogram(
            "warmline_http_request_seconds",
            "How long an HTTP request took.",
            ["route"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )

    def swept(self, *, elapsed_ms: int, candidates: int, opened: int, resolved: int) -> None:
        """Count a sweep that was done."""
        self._sweeps.labels("done").inc()
        self._sweep_seconds.observe(elapsed_ms / 1000)
        self._candidates.inc(candidates)
        self._opened.inc(opened)
        self._resolved.inc(resolved)

    def sweep_ended(self, outcome: SweepOutcome) -> None:
        """Count a sweep that came to nothing: ``refused`` (somebody else sweeps) or ``failed``."""
        self._sweeps.labels(outcome).inc()

    def tick_failed(self, job: str, code: str) -> None:
        """Count a tick of ``job`` that failed with the error of that code."""
        self._failed.labels(job, code).inc()

    def audited(self, *, differences: int) -> None:
        """Count an audit that was done, and the rules of which it found a difference."""
        self._audits.inc()
        self._audit_differences.inc(differences)

    def delivered(self, outcome: str, n: int) -> None:
        """Count messages that delivery carried, by what came of it: ``sent``, ``again``, ``unknown``, ``dead`` …"""
        self._deliveries.labels(outcome).inc(n)

    def taken_in(self, *, inserted: int, duplicate: int, quarantined: int) -> None:
        """Count events by what became of them."""
        for outcome, n in (("inserted", inserted), ("duplicate", duplicate), ("quarantined", quarantined)):
            self._events.labels(outcome).inc(n)

    def requested(self, *, route: str, status: int, seconds: float) -> None:
        """Count an HTTP request; ``route`` is the route's pattern, never the path somebody sent."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"warmline_{name}", words, labels, registry=self.registry)


class _Stored(Collector):
    """What stands in the database, asked for at each scrape."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand, so that registering asks nothing of the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Give the gauges, from one snapshot; none where the database does not answer: the counters are wanted then."""
        try:
            with self._ctx.database.reading() as tx:
                waiting = outbox.waiting(tx)
                unresolved = alerts.unresolved_count(tx)
        except WarmlineError as error:
            _log.warning("gauges_not_known", code=error.code)
            return
        messages = GaugeMetricFamily(
            "warmline_outbox_messages", "Messages that are not through yet, by state.", labels=["state"]
        )
        for state in ("forming", "pending", "sending", "unknown"):
            messages.add_metric([state], waiting.counts.get(state, 0))
        yield messages
        age = 0 if waiting.oldest is None else max(0, self._ctx.elapsed() - waiting.oldest)
        yield GaugeMetricFamily(
            "warmline_outbox_oldest_seconds",
            "Age of the oldest message that waits to be sent; 0 where none does.",
            age / 1000,
        )
        yield GaugeMetricFamily("warmline_alerts_unresolved", "Alerts that have not ended.", unresolved)


def router(metrics: Metrics) -> APIRouter:
    """Serve ``/metrics``."""
    routes = APIRouter()

    @routes.get("/metrics")
    def scrape() -> Response:
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes
