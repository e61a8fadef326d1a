"""The ticker: calls the sweep, the delivery and the housekeeping again and again.

What is due, and what was done, stands in the database; a tick that is missed is made up for by the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from handlers.audit import audit_if_due
from handlers.context import Context
from handlers.deliver import Deliverer
from handlers.drafts import KEPT
from handlers.health import compute_if_due
from handlers.http.metrics import Metrics
from handlers.judging import judge_if_due
from handlers.managers import tell_managers
from handlers.sweep import SweepInPastError, Swept, sweep
from handlers.value import fit_if_due
from rules.errors import WarmlineError
from rules.instants import DAY, MINUTE, SECOND
from rules.lifecycle.stretches import date_of
from storage import drafts, inbox, jobs, upkeep
from storage.errors import JudgingRunningError, SweepRunningError

SWEEP: Final = "sweep"
BEHIND: Final = MINUTE
"""By less than this the clocks of two machines may differ; nobody is told of it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often each thing is done; in milliseconds of elapsed time."""

    sweep: int = MINUTE
    value: int = 10 * MINUTE
    """How often it is asked whether the night's fit is due."""
    health: int = 10 * MINUTE
    """How often it is asked whether the night's health is due."""
    audit: int = 10 * MINUTE
    """How often it is asked whether the night's audit is due."""
    judge: int = 10 * MINUTE
    """How often it is asked whether days are to be judged for the life cycle's history."""
    deliver: int = SECOND // 2
    housekeeping: int = 60 * MINUTE
    inbox_kept: int = 2 * DAY


class Ticker:
    """Runs the jobs in threads of its own until it is stopped."""

    def __init__(
        self, ctx: Context, deliverer: Deliverer, metrics: Metrics, rhythm: Rhythm | None = None
    ) -> None:
        self._ctx = ctx
        self._metrics = metrics
        self._deliverer = deliverer
        self._rhythm = rhythm or Rhythm()
        self._last_tick = ctx.elapsed()
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for every, job in (
            (self._rhythm.sweep, self._sweep),
            (self._rhythm.value, self._value),
            (self._rhythm.health, self._health),
            (self._rhythm.audit, self._audit),
            (self._rhythm.judge, self._judge),
            (self._rhythm.deliver, self._deliver),
            (self._rhythm.housekeeping, self._keep_house),
        ):
            self._scheduler.add_job(
                _Guarded(job, metrics), "interval", name=job.__name__, seconds=every / SECOND
            )

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more, once the jobs under way are through."""
        self._scheduler.shutdown(wait=True)
        self._deliverer.close()

    def last_tick(self) -> int:
        """Give when it last ticked, in elapsed time."""
        return self._last_tick

    def _sweep(self) -> None:
        """Sweep, unless another process has just done so: of several one does it."""
        with self._ctx.database.writing() as tx:
            if not jobs.turn(tx, SWEEP, now=self._ctx.elapsed(), every=self._rhythm.sweep):
                return
        try:
            done = sweep(self._ctx)
        except SweepRunningError:
            self._metrics.sweep_ended("refused")
            log.info("sweep_running_elsewhere")
        except SweepInPastError as error:
            self._metrics.sweep_ended("refused")
            self._tell_behind(error)
        except Exception:
            self._metrics.sweep_ended("failed")
            raise
        else:
            self._count(done)

    def _tell_behind(self, error: SweepInPastError) -> None:
        """Tell the managers once that the rules rest until the clock has come to where it was."""
        if error.behind < BEHIND:
            log.info("sweep_in_past", behind_ms=error.behind)
            return
        with self._ctx.database.writing() as tx:
            slot = str(error.params["last"])
            if jobs.once(tx, job="clock_behind", slot=slot, now=self._ctx.elapsed()):
                log.warning("sweep_in_past", behind_ms=error.behind)
                tell_managers(tx, self._ctx, "clock_behind", error.params)

    def _value(self) -> None:
        fit_if_due(self._ctx)

    def _health(self) -> None:
        compute_if_due(self._ctx)

    def _audit(self) -> None:
        try:
            audited = audit_if_due(self._ctx)
        except SweepRunningError:
            # Asked again soon: what is due stands in the database.
            log.info("sweep_running_elsewhere")
        except SweepInPastError:
            log.warning("sweep_in_past")
        else:
            if audited is not None:
                self._count(audited.swept)
                self._metrics.audited(differences=len(audited.differences))

    def _judge(self) -> None:
        try:
            done = judge_if_due(self._ctx)
        except JudgingRunningError:
            # Asked again soon: what is due stands in the database.
            log.info("judging_running_elsewhere")
        else:
            if done is not None:
                through = date_of(done.last).isoformat()
                log.info("judged", through=through, late=done.late, changed=done.changed)

    def _count(self, done: Swept) -> None:
        self._metrics.swept(
            elapsed_ms=done.elapsed_ms,
            candidates=done.candidates,
            opened=sum(one.opened for one in done.rules),
            resolved=sum(one.resolved for one in done.rules),
        )

    def _deliver(self) -> None:
        for outcome, n in self._deliverer.tick().counts().items():
            self._metrics.delivered(outcome, n)
        self._last_tick = self._ctx.elapsed()

    def _keep_house(self) -> None:
        with self._ctx.database.writing() as tx:
            inbox.prune(tx, before=self._ctx.elapsed() - self._rhythm.inbox_kept)
            upkeep.tend(tx)
            drafts.prune(tx, before=self._ctx.elapsed() - KEPT)
            jobs.prune(tx, before=self._ctx.elapsed() - jobs.KEPT)


class _Guarded:
    """A job whose failures end with its tick: the next one tries again.

    A trouble that lasts is told when it begins and when it ends, not at each tick: the disk may be what is full.
    """

    def __init__(self, job: Callable[[], None], metrics: Metrics) -> None:
        self._job = job
        self._name = job.__name__.removeprefix("_")
        self._metrics = metrics
        self._trouble: str | None = None

    def __call__(self) -> None:
        try:
            self._job()
        except WarmlineError as error:
            self._metrics.tick_failed(self._name, error.code)
            if error.code != self._trouble:
                log.exception("tick_failed", job=self._name, code=error.code)
            self._trouble = error.code
        except Exception:
            self._metrics.tick_failed(self._name, "unexpected")
            log.exception("tick_failed", job=self._name, code="unexpected")
            self._trouble = "unexpected"
        else:
            if self._trouble is not None:
                log.info("tick_recovered", job=self._name, code=self._trouble)
            self._trouble = None
