"""The life cycle's history in messages: moves as a table and a chart, cohorts, and the active against the inactive.

It must not know where any of it came from.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from babel.dates import format_skeleton
from slack_sdk.models.blocks import Block

from templates import blocks, limits
from templates.blocks import Rendered
from templates.history_views import ActivityView, CohortsView, FlowView, GroupView
from templates.preview import bar_lines
from templates.voice import Voice, spoken
from templates.words import Mrkdwn, cut

_MOST_MOVES = 20
_MOST_COLUMNS = 7
"""Months across in a table of characters; more do not fit a narrow window."""
_MOST_TABLE = 2_800
_NOTHING = "·"


def flow(view: FlowView, voice: Voice) -> Rendered:
    """Show who moved from where to where: a table of all months together and the last ones, and a chart by month."""
    family = voice.plain("history", f"family_{view.family}")
    until = voice.figures.short_day(view.until, year=True)
    n = sum(one.times for one in view.moves)
    if not n:
        text = voice.say("history", "flow_none", family=family, n=len(view.months), until=until)
        return blocks.rendered(text, [blocks.section(text)])
    shown = voice.figures.number(n)
    text = voice.say(
        "history", "flow_title", family=family, n=n, shown=shown, until=until, months=len(view.months)
    )
    layout: list[Block] = [blocks.section(text), _table(_flow_rows(view, voice), voice)]
    if len(view.moves) > _MOST_MOVES:
        layout.append(blocks.context(voice.say("history", "more_moves", n=len(view.moves) - _MOST_MOVES)))
    layout.append(_flow_chart(view, voice))
    layout.append(blocks.context(voice.say("history", "flow_note")))
    return blocks.rendered(text, layout)


def cohorts(view: CohortsView, voice: Voice) -> Rendered:
    """Show who came when, and how many of them were active month by month."""
    kinds = ", ".join(spoken(kind) for kind in view.kinds)
    text = voice.say("history", "cohorts_title", kinds=kinds)
    if not any(one.customers for one in view.cohorts):
        none = voice.say("history", "cohorts_none", kinds=kinds, n=len(view.cohorts))
        return blocks.rendered(none, [blocks.section(none)])
    columns = range(min(_MOST_COLUMNS, max(len(one.active) for one in view.cohorts)))
    heads = [
        voice.plain("history", "head_first"),
        voice.plain("history", "head_customers"),
        *(f"+{k}" for k in columns),
    ]
    rows = [heads]
    for one in view.cohorts:
        shares = [
            _NOTHING
            if k >= len(one.active) or not one.customers or (n := one.active[k]) is None
            else voice.figures.share(n, one.customers)
            for k in columns
        ]
        rows.append([_month(one.first, voice), voice.figures.number(one.customers), *shares])
    layout: list[Block] = [blocks.section(text), _table(rows, voice), *_retention(view, voice)]
    layout.append(blocks.context(voice.say("history", "cohorts_note")))
    return blocks.rendered(text, layout)


def activity(view: ActivityView, voice: Voice) -> Rendered:
    """Show how many were active month by month, and what the active and the inactive came to."""
    if not view.months:
        none = voice.say("history", "activity_none")
        return blocks.rendered(none, [blocks.section(none)])
    last = view.months[-1]
    known = last.active.customers + last.inactive.customers
    text = voice.say(
        "history",
        "activity_title",
        month=_month(last.first, voice),
        active=voice.figures.number(last.active.customers),
        n=known,
        shown=voice.figures.number(known),
    )
    heads = [
        voice.plain("history", f"head_{name}")
        for name in ("month", "group", "customers", "events", "spent", "value", "contacts")
    ]
    rows = [heads]
    for one in view.months[-_MOST_COLUMNS:]:
        for name, group in (("active", one.active), ("inactive", one.inactive)):
            month = _month(one.first, voice) if name == "active" else ""
            rows.append([month, voice.plain("history", name), *_each(group, view.currency, voice)])
    layout: list[Block] = [blocks.section(text), _active_chart(view, voice), _table(rows, voice)]
    notes = [voice.say("history", "activity_note"), voice.say("history", "clipped") if view.clipped else None]
    layout.append(blocks.context(*(note for note in notes if note)))
    return blocks.rendered(text, layout)


def _flow_rows(view: FlowView, voice: Voice) -> list[list[str]]:
    months = view.months[-(_MOST_COLUMNS - 2) :]
    each = [Counter({(one.before, one.after): one.times for one in month.moves}) for month in months]
    rows = [
        [
            voice.plain("history", "head_from"),
            voice.plain("history", "head_to"),
            *(_month(one.first, voice) for one in months),
            voice.plain("history", "head_all"),
        ]
    ]
    for move in view.moves[:_MOST_MOVES]:
        times = [month[move.before, move.after] for month in each]
        rows.append(
            [
                _label(move.before),
                _label(move.after),
                *(voice.figures.number(n) if n else _NOTHING for n in times),
                voice.figures.number(move.times),
            ]
        )
    return rows


def _flow_chart(view: FlowView, voice: Voice) -> Block:
    """Draw how many came to each label, month by month."""
    months = view.months[-limits.CHART_CATEGORIES :]
    came = [Counter[str | None]() for _ in months]
    for month, counts in zip(months, came, strict=True):
        for one in month.moves:
            counts[one.after] += one.times
    names = [_month(one.first, voice) for one in months]
    series = [
        (_label(label), [counts[label] for counts in came])
        for label in (*view.labels, None)
        if any(counts[label] for counts in came)
    ]
    title = voice.plain("history", "flow_chart", family=voice.plain("history", f"family_{view.family}"))
    totals = [(name, sum(counts.values())) for name, counts in zip(names, came, strict=True)]
    return _chart(title, names, series, totals, voice)


def _retention(view: CohortsView, voice: Voice) -> list[Block]:
    """Draw the share of all cohorts together that was active in the k-th month after, in percent."""
    shares = []
    for k in range(min(limits.CHART_CATEGORIES, len(view.cohorts))):
        there = [
            (n, one.customers)
            for one in view.cohorts
            if k < len(one.active) and one.customers and (n := one.active[k]) is not None
        ]
        if there:
            active, whole = (sum(counts) for counts in zip(*there, strict=True))
            shares.append((f"+{k}", round(Fraction(100 * active, whole))))
    if not shares:
        return []
    names = [name for name, _ in shares]
    series = [(voice.plain("history", "active"), [n for _, n in shares])]
    return [_chart(voice.plain("history", "cohorts_chart"), names, series, shares, voice)]


def _active_chart(view: ActivityView, voice: Voice) -> Block:
    months = view.months[-limits.CHART_CATEGORIES :]
    names = [_month(one.first, voice) for one in months]
    active = [one.active.customers for one in months]
    series = [
        (voice.plain("history", "active"), active),
        (voice.plain("history", "inactive"), [one.inactive.customers for one in months]),
    ]
    title = voice.plain("history", "activity_chart")
    return _chart(title, names, series, list(zip(names, active, strict=True)), voice)


def _chart(
    title: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[int]]],
    instead: Sequence[tuple[str, int]],
    voice: Voice,
) -> Block:
    """Give Slack's own chart; where it is not taken, bars of characters of ``instead``."""
    drawn = Mrkdwn("\n".join(bar_lines(instead, voice)))
    first, *more = [(cut(name, limits.CHART_LABEL), values) for name, values in series]
    heading = cut(title, limits.CHART_TITLE)
    return blocks.Bars(
        title=heading,
        name=first[0],
        bars=list(zip(names, first[1], strict=True)),
        more=more,
        instead=blocks.section(voice.say("history", "chart_text", title=heading, bars=drawn)),
    )


def _table(rows: Sequence[Sequence[str]], voice: Voice) -> Block:
    """Lay out rows in columns of characters, the first columns to the left and figures to the right; the first is the head."""
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines: list[str] = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < _left(rows) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, wide, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        if sum(len(one) + 1 for one in lines) + len(line) > _MOST_TABLE:
            lines.append("…")
            break
        lines.append(line)
    return blocks.section(voice.say("history", "table", rows="\n".join(lines)))


def _left(rows: Sequence[Sequence[str]]) -> int:
    """How many columns are words: those that are no figure in the second row."""
    return sum(1 for cell in rows[1][:2] if not cell[:1].isdigit())


def _each(group: GroupView, currency: str, voice: Voice) -> list[str]:
    if not group.customers:
        return [voice.figures.number(0), *[_NOTHING] * 4]
    number, money = voice.figures.number, voice.figures.money
    spent, value = (
        money(round(Fraction(one, group.customers)), currency) for one in (group.spent, group.value)
    )
    return [
        number(group.customers),
        number(Fraction(group.events, group.customers)),
        spent,
        value,
        number(Fraction(group.contacts, group.customers), 2),
    ]


def _label(label: str | None) -> str:
    return "–" if label is None else spoken(label)


def _month(first: date, voice: Voice) -> str:
    return format_skeleton("yMMM", first, locale=voice.figures.locale)
