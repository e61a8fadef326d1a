"""The same conditions in polars, over the same events as columns in memory."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

import polars as pl

from bench.company.shape import END
from bench.tables import Frames, with_priority
from rules.instants import DAY

Answer = Callable[[Frames, Mapping[str, int]], pl.LazyFrame]
"""Gives a frame whose first column has the ids of the customers for whom a condition holds."""

_WHO: Final = "customer_id"
_at = pl.col("occurred_at")
_amount = pl.col("amount")
_usd = pl.col("currency") == "USD"


def _ago(days: int) -> int:
    return END - days * DAY


def _events(given: Frames, kind: int, days: int | None = None) -> pl.LazyFrame:
    chosen = (pl.col("kind") == kind) & (_at <= END)
    return given["event"].lazy().filter(chosen if days is None else chosen & (_at > _ago(days)))


def _known(given: Frames, days: int = 0) -> pl.LazyFrame:
    known = given["customer"].lazy().filter(pl.col("known_since") <= _ago(days))
    return known.rename({"id": _WHO})


def _counted(events: pl.LazyFrame, at_least: int) -> pl.LazyFrame:
    return events.group_by(_WHO).agg(n=pl.len()).filter(pl.col("n") >= at_least)


def _without(known: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    return known.join(events, on=_WHO, how="anti")


def _average(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    spent = _events(given, kinds["purchase"], 365).filter(_usd & _amount.is_not_null())
    means = spent.group_by(_WHO).agg(spent=_amount.sum(), n=pl.len())
    return means.filter(pl.col("spent") > 6_000 * pl.col("n"))


def _gaps(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    days = _events(given, kinds["purchase"]).select(_WHO, day=_at // DAY).unique().sort(_WHO, "day")
    gaps = days.with_columns(gap=pl.col("day").diff().over(_WHO)).filter(pl.col("gap").is_not_null())
    medians = gaps.group_by(_WHO).agg(gap=pl.col("gap").tail(12).median(), n=pl.len())
    return medians.filter(pl.col("n") >= 3)


def _overdue(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    last = _events(given, kinds["purchase"]).group_by(_WHO).agg(days=(END - _at.max()) // DAY)
    return _gaps(given, kinds).join(last, on=_WHO).filter(pl.col("days") >= 2 * pl.col("gap"))


def _change(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    spent = _events(given, kinds["purchase"], 180).filter(_usd)
    now, before = (
        pl.when(part).then(_amount).otherwise(0).sum() for part in (_at > _ago(90), _at <= _ago(90))
    )
    return (
        spent.group_by(_WHO)
        .agg(now=now, before=before)
        .filter((pl.col("before") > 0) & (2 * pl.col("now") <= pl.col("before")))
    )


def _missing(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    last = _events(given, kinds["ticket"]).group_by(_WHO).agg(last=_at.max())
    waited = last.filter(pl.col("last") <= _ago(30))
    answers = _events(given, kinds["login"]).join(waited, on=_WHO)
    answered = answers.filter((_at >= pl.col("last")) & (_at <= pl.col("last") + 30 * DAY))
    return _without(waited, answered)


def _returned(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    back, before = (_at.filter(part) for part in (_at > _ago(90), _at <= _ago(90)))
    ends = _events(given, kinds["purchase"]).group_by(_WHO).agg(back=back.min(), before=before.max())
    return ends.filter(pl.col("before") + 90 * DAY <= pl.col("back"))


def _renewal(given: Frames, _: Mapping[str, int]) -> pl.LazyFrame:
    today = date(1970, 1, 1) + timedelta(days=END // DAY)
    dates = given["attribute"].lazy().filter(pl.col("name") == "renewal_date")
    day = pl.col("value").str.strip_chars('"').str.to_date()
    return dates.filter(day.is_between(today, today + timedelta(days=30))).select(_WHO)


def _tickets(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    chosen = (pl.col("kind") == kinds["ticket"]) & (_at > _ago(90)) & (_at <= END)
    detail = {"event": given["event"].filter(chosen), "event_detail": given["event_detail"].filter(chosen)}
    return with_priority(detail).lazy().filter(pl.col("priority") == "high")


def _silent_vip(given: Frames, kinds: Mapping[str, int]) -> pl.LazyFrame:
    vip = _known(given, 30).filter(pl.col("segment") == "vip")
    silent = _without(vip, _events(given, kinds["purchase"], 30))
    return silent.join(_counted(_events(given, kinds["purchase"]), 3), on=_WHO, how="semi")


ANSWERS: Final[Mapping[str, Answer]] = {
    "count(purchase, 90d) >= 3": lambda given, kinds: _counted(_events(given, kinds["purchase"], 90), 3),
    "count(login) >= 20": lambda given, kinds: _counted(_events(given, kinds["login"]), 20),
    "sum(purchase) > 500": lambda given, kinds: (
        _events(given, kinds["purchase"]).filter(_usd).group_by(_WHO).agg(spent=_amount.sum())
    ).filter(pl.col("spent") > 50_000),
    "avg(purchase, 365d) > 60": _average,
    "days_since(purchase) >= 60": lambda given, kinds: (
        _events(given, kinds["purchase"])
        .group_by(_WHO)
        .agg(last=_at.max())
        .filter(pl.col("last") <= _ago(60))
    ),
    "days_since_first(purchase) < 90": lambda given, kinds: (
        _events(given, kinds["purchase"])
        .group_by(_WHO)
        .agg(first=_at.min())
        .filter(pl.col("first") > _ago(90))
    ),
    "median_gap(purchase) <= 14": lambda given, kinds: _gaps(given, kinds).filter(pl.col("gap") <= 14),
    "overdue(purchase) >= 2": _overdue,
    "change(sum(purchase), 90d) <= -50%": _change,
    "never(ticket)": lambda given, kinds: _without(_known(given), _events(given, kinds["ticket"])),
    "silent(login, 30d)": lambda given, kinds: _without(
        _known(given, 30), _events(given, kinds["login"], 30)
    ),
    "missing(ticket, login, 30d)": _missing,
    "days_until(attr.renewal_date) >= 0 and days_until(attr.renewal_date) <= 30": _renewal,
    "segment = enterprise and tenure >= 365": lambda given, _: _known(given, 365).filter(
        pl.col("segment") == "enterprise"
    ),
    "count(ticket where priority = high, 90d) >= 1": _tickets,
    "sum(purchase where amount > 100, 90d) > 200": lambda given, kinds: (
        (_events(given, kinds["purchase"], 90).filter(_usd & (_amount > 10_000)))
        .group_by(_WHO)
        .agg(spent=_amount.sum())
        .filter(pl.col("spent") > 20_000)
    ),
    "silent(purchase, 30d) and count(purchase) >= 3 and segment = vip": _silent_vip,
    "returned(purchase, 90d)": _returned,
}
"""By the condition's text."""


def answer(condition: str, given: Frames, kinds: Mapping[str, int]) -> set[int]:
    """Give the ids of the customers for whom ``condition`` holds."""
    found = ANSWERS[condition](given, kinds).select(_WHO).unique().collect()
    return set(found[_WHO].to_list())
