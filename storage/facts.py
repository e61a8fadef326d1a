"""What is known of a set of customers at an instant: the queries behind the terms, each set-based and asked once.

A selection of events without a filter is answered by SQL alone: seeks and ranges of the clustered key, one
correlated subquery for each customer, so that no planner can choose to read more. With a filter the rows are read
(`selected`). Accounts with very many events are answered by their running values (`heavy`), and whole lives from what
is carried forward (`lives`). It must not know what a term makes of a fact.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import TextClause, text

from rules.conditions.columns import Bools, Ints, Mixed, Words
from rules.conditions.days import business_days, midnights
from rules.conditions.terms import Events, Own, Rating
from rules.instants import Calendar
from rules.lifecycle.fit import Fit
from rules.lifecycle.purchases import Summary, summary
from rules.lifecycle.score import Scores, scores
from storage import fits, health, pruned, purchases, sets
from storage.data import read_value
from storage.database import Dialect, Transaction
from storage.heavy import HeavyAccounts
from storage.kept import Kept, More
from storage.lives import Lives
from storage.rungs import Values
from storage.selected import COUNTED, IDS, NOTHING, NULL, Reader, Rows, Span, at, numbers

NEWEST: Final = 32
"""Instants of each customer that are read at once where the last few days are asked for."""

T = TypeVar("T")


class Known(NamedTuple):
    """One whole number for each customer, where it is ``known``."""

    values: Ints
    known: Bools


class IdRange(NamedTuple):
    """All customers with numbers from ``first`` to below ``after``."""

    first: int
    after: int


class Facts:
    """Answers for the customers ``ids`` (ascending), all of them known at ``now``; each question is put once.

    ``stretch`` is given where they are all customers of a stretch of numbers.
    """

    def __init__(
        self,
        tx: Transaction,
        *,
        now: int,
        calendar: Calendar,
        currency: str,
        ids: Ints,
        known_since: Ints,
        kept: Kept | None = None,
        stretch: IdRange | None = None,
    ) -> None:
        self._tx = tx
        self.now = now
        self.calendar = calendar
        self.currency = currency
        self.ids = ids
        self.known_since = known_since
        self._reader = Reader(tx, ids=ids, currency=currency)
        self._heavy = HeavyAccounts(self._reader, now=now, ladders=None if kept is None else kept.ladders)
        # Of a stretch everything is read: in the order of the table that costs less than seeking.
        forward = None if kept is None or stretch is not None else kept.forward
        self._lives = Lives(self._reader, now=now, forward=forward)
        self.decimals = self._reader.decimals
        self._stretch = stretch
        self._life = Span(None, now)
        self._asked: dict[tuple[object, ...], Any] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def know(self, kinds: Collection[str]) -> None:
        """Find out at once which kinds of event there are, of those that will be asked for."""
        self._reader.know(kinds)

    # Facts of events

    def last(self, events: Events) -> Known:
        """Give the instant of the last of ``events`` up to now."""
        return self._once(("last", events), lambda: self._extreme(events, newest=True))

    def first(self, events: Events) -> Known:
        """Give the instant of the first of ``events``, if it is not after now."""
        return self._once(("first", events), lambda: self._extreme(events, newest=False))

    def first_after(self, events: Events, edge: int) -> Known:
        """Give the instant of the first of ``events`` after ``edge``, if it is not after now."""
        return self._once(("first after", events, edge), lambda: self._first_after(events, edge))

    def last_up_to(self, events: Events, edge: int) -> Known:
        """Give the instant of the last of ``events``, without a filter, at ``edge`` or before; of those that are stored."""
        return self._once(
            ("last up to", events, edge), lambda: self._seek(events, Span(None, edge), newest=True)
        )

    def happened_since(self, events: Events, edge: int) -> Bools:
        """Tell who had any of ``events`` after ``edge``: by one seek, or with a filter from the window's rows alone."""
        if events.where is not None:
            return self.count(events, Span(edge, self.now)) > 0
        last = self.last(events)
        since: Bools = last.known & (last.values > edge)
        return since

    def count(self, events: Events, span: Span) -> Ints:
        """Count ``events`` in ``span``."""
        return self._once(("count", events, span), lambda: self._count(events, span))

    def total(self, events: Events, span: Span) -> Ints:
        """Add the amounts of ``events`` in ``span`` that are in the account's currency, in minor units."""
        return self._once(("total", events, span), lambda: self._total(events, span))

    def amounts(self, events: Events, span: Span) -> Ints:
        """Count the amounts of ``events`` in ``span`` that are in the account's currency."""
        return self._once(("amounts", events, span), lambda: self._amounts(events, span))

    def latest_days(self, events: Events, most: int) -> Ints:
        """Give the last ``most`` business days with ``events``, one row a customer, latest first.

        Days are counted since 1970-01-01; `NO_DAY` fills the row of those with fewer.
        """
        return self._once(("days", events, most), lambda: self._latest_days(events, most))

    def between(self, events: Events, froms: Ints, untils: Ints, wanted: Bools) -> Rows:
        """Give ``events`` in [``froms``, ``untils``], one range for each of the ``wanted`` customers."""
        return self._reader.between(events, froms, untils, wanted)

    def more(self) -> More:
        """Give what is to be kept of what was asked: rungs that ladders lack, and lives carried further."""
        return More(self._heavy.new_rungs(), self._lives.new_rungs(self._heavy.among))

    # Facts of the customer

    def scores(self, *, ahead: bool) -> Scores | None:
        """Give what the fit in force says of each customer; None without one. With ``ahead``, of the months to come too."""
        fit = self.fit()
        if fit is None:
            return None
        return self._once(("scores", ahead), lambda: self._scores(fit, ahead=ahead))

    def fit(self) -> Fit | None:
        """Give the fit in force at now."""
        return self._once(("fit",), lambda: fits.in_force(self._tx, self.now))

    def purchases(self, kind: str) -> Summary:
        """Give what each customer's events of ``kind`` up to now come to, as the value models see them."""
        return self._once(("purchases", kind), lambda: self._purchases(kind))

    def rating(self, name: Rating) -> tuple[Known, Ints]:
        """Give the number ``name`` that is stored of each customer, and the instant since when it is known."""
        return self._once(("rating", name), self._rating)

    def own(self, name: Own) -> Words:
        """Give the customer's own text ``name``: segment, owner, country or language."""
        return self._once(("own", name), lambda: self._own(name))

    def attribute(self, name: str) -> Mixed:
        """Give the attribute ``name``: a text or a number."""
        return self._once(("attribute", name), lambda: self._attribute(name))

    # Queries

    def _once(self, question: tuple[object, ...], ask: Callable[[], T]) -> T:
        if question not in self._asked:
            self._asked[question] = ask()
        answer: T = self._asked[question]
        return answer

    def _count(self, events: Events, span: Span) -> Ints:
        if events.where is None:
            floors = self._floors(events, span)
            counts = self._aggregate("count(*)", events, span, floors=floors).values
            self._heavy.notice(events, counts)
            if span == self._life:
                self._lives.notice(events, counts.copy())
            counts += self._pruned(events, span).events
        else:
            counts = np.bincount(self._rows(events, span).places, minlength=len(self)).astype(np.int64)
        counts = self._with_floors(events, span, counts, lambda values: values.events)
        return self._with_heavy(events, span, counts, lambda values: values.events)

    def _total(self, events: Events, span: Span) -> Ints:
        if events.where is None:
            self._weigh(events, span)
            totals = self._aggregate(_TOTAL, events, span, floors=self._floors(events, span)).values
            totals += self._pruned(events, span).total
        else:
            rows, totals = self._rows(events, span), np.zeros(len(self), dtype=np.int64)
            np.add.at(totals, rows.places[rows.counted], rows.amounts[rows.counted])
        totals = self._with_floors(events, span, totals, lambda values: values.total)
        return self._with_heavy(events, span, totals, lambda values: values.total)

    def _amounts(self, events: Events, span: Span) -> Ints:
        if events.where is None:
            self._weigh(events, span)
            amounts = self._aggregate(_AMOUNTS, events, span, floors=self._floors(events, span)).values
            amounts += self._pruned(events, span).amounts
        else:
            rows = self._rows(events, span)
            amounts = np.bincount(rows.places[rows.counted], minlength=len(self)).astype(np.int64)
        amounts = self._with_floors(events, span, amounts, lambda values: values.amounts)
        return self._with_heavy(events, span, amounts, lambda values: values.amounts)

    def _weigh(self, events: Events, span: Span) -> None:
        """Find out who is heavy before amounts are added: the number of events says it."""
        if self._heavy.looked_for:
            self.count(events, span)

    def _with_heavy(self, events: Events, span: Span, light: Ints, part: Callable[[Values], Ints]) -> Ints:
        """Put the values of heavy accounts in: what stood at the end of the span, less what stood at its beginning."""
        heavy = self._heavy.among(events)
        if heavy.any():
            light[heavy] += part(self._heavy.up_to(events, span.until))
            if span.after is not None:
                light[heavy] -= part(self._heavy.up_to(events, span.after))
        return light

    def _floors(self, events: Events, span: Span) -> Values | None:
        """Give what is carried forward of a whole life; None where that is nothing, and for windows."""
        return self._lives.floors(events, self._heavy.among(events)) if span == self._life else None

    def _with_floors(self, events: Events, span: Span, above: Ints, part: Callable[[Values], Ints]) -> Ints:
        floors = self._floors(events, span)
        return above if floors is None else above + part(floors)

    def _extreme(self, events: Events, *, newest: bool) -> Known:
        if events.where is None:
            stored = self._seek(events, Span(None, self.now), newest=newest)
            return self._with_pruned(events, stored, newest=newest)
        rows = self._rows(events, Span(None, self.now))
        found = np.full(len(self), _NEVER if newest else _FAR, dtype=np.int64)
        (np.maximum if newest else np.minimum).at(found, rows.places, rows.instants)
        known = np.bincount(rows.places, minlength=len(self)) > 0
        floors = self._floors(events, self._life)
        if floors is not None:
            below = floors.events > 0
            ends = floors.last if newest else floors.first
            found[below] = (np.maximum if newest else np.minimum)(found[below], ends[below])
            known |= below
        heavy = self._heavy.among(events)
        if heavy.any():
            values = self._heavy.up_to(events, self.now)
            found[heavy] = values.last if newest else values.first
            known[heavy] = values.events > 0
        return Known(found, known)

    def _first_after(self, events: Events, edge: int) -> Known:
        span = Span(edge, self.now)
        if events.where is None:
            return self._seek(events, span, newest=False)
        heavy = self._heavy.among(events)
        froms, untils = (np.full(len(self), at, dtype=np.int64) for at in (edge + 1, self.now))
        found = np.full(len(self), _FAR, dtype=np.int64)
        for rows in (self._rows(events, span), self.between(events, froms, untils, heavy)):
            np.minimum.at(found, rows.places, rows.instants)
        known = found != _FAR
        return Known(np.where(known, found, 0), known)

    def _seek(self, events: Events, span: Span, *, newest: bool) -> Known:
        """Give the newest or the oldest of ``events`` without a filter: one seek, however heavy the account is."""
        order = f"ORDER BY occurred_at {'DESC' if newest else 'ASC'} LIMIT 1"
        nobody = np.zeros(len(self), dtype=np.bool_)
        return self._aggregate("event.occurred_at", events, span, order=order, without=nobody)

    # What was pruned

    def _with_pruned(self, events: Events, stored: Known, *, newest: bool) -> Known:
        """Give the last or the first of all, of those too that were pruned."""
        left = self._pruned(events, Span(None, self.now))
        ends = np.where(stored.known, stored.values, _NEVER if newest else _FAR)
        values = np.maximum(ends, left.last_at) if newest else np.minimum(ends, left.first_at)
        known = stored.known | (left.events > 0)
        return Known(np.where(known, values, 0), known)

    def _pruned(self, events: Events, span: Span) -> pruned.Left:
        """Give what pruning left of ``events`` without a filter, for a lifetime: windows do not reach past the horizon."""
        kind = self._reader.kind(events.kind)
        if span.after is not None or kind is None or self._horizon() is None:
            return pruned.Left.none(len(self))
        return self._once(
            ("pruned", kind), lambda: pruned.left(self._tx, self.ids, kind=kind, currency=self.currency)
        )

    def _horizon(self) -> int | None:
        return self._once(("horizon",), lambda: pruned.horizon(self._tx))

    # Rows, and numbers asked of SQL

    def _rows(self, events: Events, span: Span) -> Rows:
        """Give the events of all but the heavy accounts; of a life, those above what is carried forward."""
        return self._once(("rows", events, span), lambda: self._light(events, span))

    def _light(self, events: Events, span: Span) -> Rows:
        read, heavy = np.zeros(len(self), dtype=np.int64), self._heavy.among(events)
        floors = self._floors(events, span)
        if floors is None:
            rows = self._reader.during(events, span, without=heavy, read=read)
        else:
            untils = np.full(len(self), span.until, dtype=np.int64)
            rows = self._reader.between(events, floors.at + 1, untils, ~heavy, read=read)
        self._heavy.notice(events, read)
        if span == self._life:
            self._lives.notice(events, read, rows)
        return rows

    def _aggregate(
        self,
        what: str,
        events: Events,
        span: Span,
        *,
        order: str = "",
        without: Bools | None = None,
        floors: Values | None = None,
    ) -> Known:
        """Ask for one number of each customer's ``events`` in ``span``, by a subquery that is a range of the key.

        Heavy accounts are left out, or those ``without``; of a life, what lies below ``floors`` is not read.
        """
        found = Known(np.zeros(len(self), dtype=np.int64), np.zeros(len(self), dtype=np.bool_))
        kind = self._reader.kind(events.kind)
        if kind is None or not len(self):
            return found
        binds: dict[str, object] = {"kind": kind, "until": span.until}
        if span.after is not None:
            binds["after"] = span.after
        if ":currency" in what:
            binds["currency"] = self.currency
        without = self._heavy.among(events) if without is None else without
        if floors is not None:
            statement = self._above(what, binds, floors, without)
        elif self._stretch is not None and self._tx.dialect == "postgresql" and not without.any():
            statement = self._grouped(what, span, binds, order, self._stretch)
        else:
            statement = self._each(what, span, binds, order, without)
        table = numbers(self._tx.execute(statement).all(), 2)
        places = np.searchsorted(self.ids, table[:, 0])
        # A stretch holds customers too who are not known yet.
        ours = places < len(self.ids)
        ours[ours] = self.ids[places[ours]] == table[ours, 0]
        known = table[ours, 1] != NOTHING
        found.values[places[ours]] = np.where(known, table[ours, 1], 0)
        found.known[places[ours]] = known
        return found

    def _each(
        self, what: str, span: Span, binds: Mapping[str, object], order: str, without: Bools
    ) -> TextClause:
        """Ask customer by customer: a range of the clustered key for each."""
        dialect = self._tx.dialect
        after = "" if span.after is None else f"AND {at(dialect, '>', ':after')}"
        sql = (
            f"SELECT given.id, coalesce((SELECT {what} FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {at(dialect, '<=', ':until')} {after} {order}), {NULL}) "
            f"FROM {sets.table(dialect, IDS)}"
        )
        return self._reader.given(sql, binds, without)

    def _above(self, what: str, binds: Mapping[str, object], floors: Values, without: Bools) -> TextClause:
        """Ask customer by customer for what came after what is carried forward."""
        dialect = self._tx.dialect
        sql = (
            f"SELECT given.id, coalesce((SELECT {what} FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {at(dialect, '<=', ':until')} AND {at(dialect, '>', 'given.since')}), {NULL}) "
            f"FROM {sets.table(dialect, _ABOVE)}"
        )
        given = list(zip(self.ids[~without].tolist(), floors.at[~without].tolist(), strict=True))
        return sets.given(dialect, sql, _ABOVE, given).bindparams(**binds)

    def _grouped(
        self, what: str, span: Span, binds: Mapping[str, object], order: str, stretch: "IdRange"
    ) -> TextClause:
        """Ask for everybody at once, as somebody would by hand: PostgreSQL reads a table faster than it seeks in it."""
        if order:
            what = f"{'max' if 'DESC' in order else 'min'}({what})"
        after = "" if span.after is None else "AND event.occurred_at > :after"
        sql = (
            f"SELECT event.customer_id, coalesce({what}, {NULL}) FROM event WHERE event.kind = :kind "  # noqa: S608
            f"AND event.occurred_at <= :until {after} AND event.customer_id >= :first_id "
            "AND event.customer_id < :after_id GROUP BY event.customer_id"
        )
        return text(sql).bindparams(**binds, first_id=stretch.first, after_id=stretch.after)

    # Purchases

    def _purchases(self, kind: str) -> Summary:
        ask = purchases.of_customers if self._stretch is None else purchases.of_stretch
        found = ask(self._tx, self.ids, kind=kind, currency=self.currency, until=self.now)
        return summary(found, self.calendar, len(self))

    def _scores(self, fit: Fit, *, ahead: bool) -> Scores:
        segments = self.own(Own.SEGMENT)
        # Code -1, of those without a segment, finds the last: the models of all customers.
        places = np.append(fit.places(segments.words), 0)[segments.codes]
        return scores(fit, self.purchases(fit.terms.kind), places, self.currency, ahead=ahead)

    # Days

    def _latest_days(self, events: Events, most: int) -> Ints:
        days = np.full((len(self), most), NO_DAY, dtype=np.int64)
        if events.where is not None:
            # Every event, of heavy accounts too: a rung does not say on which days.
            read = np.zeros(len(self), dtype=np.int64)
            rows = self._reader.during(events, Span(None, self.now), without=None, read=read)
            _put_days(days, rows.places, business_days(rows.instants, self.calendar))
            return days
        places, instants, whole = self._newest(events)
        _put_days(days, places, business_days(instants, self.calendar))
        self._go_on(events, days, np.flatnonzero(~whole))
        return days

    def _newest(self, events: Events) -> tuple[Ints, Ints, Bools]:
        """Give the newest instants of each customer's events: whose they are, when, and for whom they are all there are."""
        nothing, kind = np.zeros(0, dtype=np.int64), self._reader.kind(events.kind)
        whole = np.ones(len(self), dtype=np.bool_)
        if kind is None:
            return nothing, nothing, whole
        sql = _NEWEST[self._tx.dialect].format(
            given=sets.table(self._tx.dialect, IDS), until=at(self._tx.dialect, "<=", ":until")
        )
        binds = {"kind": kind, "until": self.now, "newest": NEWEST}
        rows = [row for row in self._tx.execute(self._reader.given(sql, binds)).all() if row[1]]
        if not rows:
            return nothing, nothing, whole
        places = np.searchsorted(self.ids, np.fromiter((row[0] for row in rows), dtype=np.int64))
        many = np.fromiter((row[1].count(",") + 1 for row in rows), dtype=np.int64)
        instants = np.fromstring(",".join(row[1] for row in rows), dtype=np.int64, sep=",")
        whole[places] = many < NEWEST
        return np.repeat(places, many).astype(np.int64), instants, whole

    def _go_on(self, events: Events, days: Ints, places: Ints) -> None:
        """Fill what is missing of the days of ``places`` by a seek a day: their newest events lay on too few days."""
        for nth in range(1, days.shape[1]):
            missing = places[days[places, nth] == NO_DAY]
            if not len(missing):
                continue
            bounds = midnights(days[missing, nth - 1], self.calendar)
            found, instants = self._last_before(events, missing, bounds)
            days[found, nth] = business_days(instants, self.calendar)
            # Whoever has no earlier day has no more of them.
            places = np.setdiff1d(places, np.setdiff1d(missing, found))

    def _last_before(self, events: Events, places: Ints, bounds: Ints) -> tuple[Ints, Ints]:
        """Seek each customer's last event before a bound: a step of one day, however many events the day has."""
        columns: sets.Columns = (("id", "int"), ("bound", "int"))
        sql = (
            "SELECT given.id, (SELECT event.occurred_at FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {at(self._tx.dialect, '<', 'given.bound')} "
            f"ORDER BY occurred_at DESC LIMIT 1) FROM {sets.table(self._tx.dialect, columns)}"
        )
        given = list(zip(self.ids[places].tolist(), bounds.tolist(), strict=True))
        kind = self._reader.kind(events.kind)
        statement = sets.given(self._tx.dialect, sql, columns, given).bindparams(kind=kind)
        table = numbers([tuple(row) for row in self._tx.execute(statement) if row[1] is not None], 2)
        return np.searchsorted(self.ids, table[:, 0]).astype(np.int64), table[:, 1]

    # The customer's own

    def _rating(self) -> tuple[Known, Ints]:
        values, since, known = health.scores_of(self._tx, self.ids, whole=self._stretch is not None)
        return Known(values, known), since

    def _own(self, name: Own) -> Words:
        sql = (
            f"SELECT customer.id, customer.{name.value} FROM {sets.table(self._tx.dialect, IDS)} "  # noqa: S608
            "CROSS JOIN customer WHERE customer.id = given.id"
        )
        return Words.of(self._texts(sql, {}))

    def _attribute(self, name: str) -> Mixed:
        sql = (
            f"SELECT attribute.customer_id, attribute.value FROM {sets.table(self._tx.dialect, IDS)} "  # noqa: S608
            "CROSS JOIN attribute WHERE attribute.customer_id = given.id AND attribute.name = :name"
        )
        written = list(self._texts(sql, {"name": name}))
        read = {value: None if value is None else read_value(value) for value in set(written)}
        return Mixed.of(read[value] for value in written)

    def _texts(self, sql: str, binds: Mapping[str, object]) -> Iterable[str | None]:
        found = {row[0]: row[1] for row in self._tx.execute(self._reader.given(sql, binds))}
        return (found.get(customer) for customer in self.ids.tolist())


_ABOVE: Final[sets.Columns] = (("id", "int"), ("since", "int"))
NO_DAY: Final = np.iinfo(np.int64).min
_NEVER: Final = np.iinfo(np.int64).min
_FAR: Final = np.iinfo(np.int64).max
_TOTAL: Final = f"CAST(sum({COUNTED}) AS BIGINT)"
_AMOUNTS: Final = f"count({COUNTED})"
_NEWEST: Final[Mapping[Dialect, str]] = {
    "sqlite": (
        "SELECT given.id, (SELECT group_concat(occurred_at) FROM (SELECT event.occurred_at FROM event "
        "WHERE event.customer_id = given.id AND event.kind = :kind AND {until} "
        "ORDER BY event.occurred_at DESC LIMIT :newest)) FROM {given}"
    ),
    "postgresql": (
        "SELECT given.id, (SELECT string_agg(occurred_at::text, ',') FROM (SELECT event.occurred_at FROM event "
        "WHERE event.customer_id = given.id AND event.kind = :kind AND {until} "
        "ORDER BY event.occurred_at DESC LIMIT :newest) AS newest) FROM {given}"
    ),
}


def known_customers(
    tx: Transaction, *, now: int, customers: Sequence[int] | Ints | IdRange
) -> tuple[Ints, Ints]:
    """Give the ids, ascending, of those of ``customers`` who are known at ``now``, and since when."""
    if isinstance(customers, IdRange):
        statement = text(
            "SELECT id, known_since FROM customer WHERE known_since <= :now AND id >= :first AND id < :after"
        ).bindparams(first=customers.first, after=customers.after)
    else:
        sql = (
            f"SELECT customer.id, customer.known_since FROM {sets.table(tx.dialect, IDS)} CROSS JOIN customer "  # noqa: S608
            "WHERE customer.id = given.id AND customer.known_since <= :now"
        )
        wanted = np.unique(np.asarray(customers, dtype=np.int64)).tolist()
        statement = sets.given(tx.dialect, sql, IDS, [(customer,) for customer in wanted])
    table = numbers(tx.execute(statement.bindparams(now=now)).all(), 2)
    table = table[np.argsort(table[:, 0])]
    return table[:, 0].copy(), table[:, 1].copy()


def _put_days(days: Ints, places: Ints, found: Ints) -> None:
    """Put the latest distinct days of each customer into their rows, latest first."""
    pairs = np.unique(np.stack([places, -found]), axis=1)
    nth = np.arange(pairs.shape[1]) - np.searchsorted(pairs[0], pairs[0])
    taken = nth < days.shape[1]
    days[pairs[0][taken], nth[taken]] = -pairs[1][taken]
