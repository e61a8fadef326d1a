"""The numbers are those of what happened and of what stands in the database."""

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from handlers.context import Context
from handlers.http import metrics as module
from handlers.http.metrics import Metrics
from rules.instants import Calendar
from storage import outbox
from storage.database import Database
from storage.outbox import Call, New, Subject
from templates.words import Words
from tests.contexts import context
from tests.handlers.http.serving import serving

NOW = 1_700_000_000_000


def _scraped(metrics: Metrics) -> dict[str, float]:
    app = FastAPI()
    app.include_router(module.router(metrics))
    with serving(app) as url:
        answer = httpx.get(url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_counters_add_up() -> None:
    metrics = Metrics()
    metrics.swept(elapsed_ms=1500, candidates=10, opened=3, resolved=1)
    metrics.swept(elapsed_ms=500, candidates=5, opened=0, resolved=2)
    metrics.sweep_ended("refused")
    metrics.delivered("sent", 2)
    metrics.delivered("unknown", 1)
    metrics.taken_in(inserted=7, duplicate=2, quarantined=1)
    metrics.requested(route="/healthz", status=200, seconds=0.02)
    found = _scraped(metrics)
    assert found["warmline_sweeps_total|done"] == 2
    assert found["warmline_sweeps_total|refused"] == 1
    assert found["warmline_sweep_seconds_sum"] == 2.0
    assert found["warmline_sweep_candidates_total"] == 15
    assert found["warmline_alerts_opened_total"] == 3
    assert found["warmline_alerts_resolved_total"] == 3
    assert found["warmline_deliveries_total|sent"] == 2
    assert found["warmline_deliveries_total|unknown"] == 1
    assert found["warmline_events_total|inserted"] == 7
    assert found["warmline_events_total|quarantined"] == 1
    assert found["warmline_http_requests_total|/healthz|200"] == 1


def test_what_stands_in_the_database_is_asked_for_at_each_scrape(database: Database) -> None:
    metrics = Metrics(
        Context(
            database=database,
            now=lambda: 0,
            elapsed=lambda: NOW,
            calendar=Calendar.of("UTC"),
            currency="USD",
            words=Words(),
        )
    )
    found = _scraped(metrics)
    assert found["warmline_outbox_messages|pending"] == 0
    assert found["warmline_outbox_oldest_seconds"] == 0
    assert found["warmline_alerts_unresolved"] == 0
    with database.writing() as tx:
        outbox.add(tx, New(call=Call.POST, subject=Subject.NOTICE, channel="C1"), now=NOW - 90_000)
        outbox.add(
            tx, New(call=Call.POST, subject=Subject.GROUP, channel="C1", rule_id=1, forming=True), now=1
        )
    found = _scraped(metrics)
    assert found["warmline_outbox_messages|pending"] == 1
    assert found["warmline_outbox_messages|forming"] == 1
    assert found["warmline_outbox_oldest_seconds"] == 90


def test_two_registries_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.swept(elapsed_ms=1, candidates=1, opened=0, resolved=5)
    assert _scraped(other)["warmline_alerts_resolved_total"] == 0


def test_what_was_counted_is_told_while_the_database_does_not_answer() -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/nowhere")
    metrics = Metrics(context(nowhere))
    metrics.tick_failed("sweep", "database_unreachable")
    found = _scraped(metrics)
    assert found["warmline_ticks_failed_total|database_unreachable|sweep"] == 1
    assert "warmline_alerts_unresolved" not in found
    nowhere.close()
