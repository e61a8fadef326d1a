"""Every statement that is asked of a database, and what its planner would do for it: whole readings of tables, found."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from storage.database import Database, Transaction

WATCHED = (
    *("event", "event_detail", "pruned", "attribute", "customer"),
    *("alert", "alert_transition", "match", "timer", "running", "carried"),
    *("outbox", "inbox", "recent_id", "quarantine", "audit", "arrival"),
)
"""Tables that grow with customers, events or time; those that are not there yet are looked for all the same."""

_EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_SQLITE_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@dataclass(frozen=True)
class Asked:
    """One statement with the values it was asked with; of many at once, the first."""

    statement: str
    values: Any


@dataclass(frozen=True)
class Scan:
    """A whole reading of a table, by which statement; ``index`` where it goes by an index, from end to end."""

    table: str
    index: str | None
    statement: str
    plan: str

    def __str__(self) -> str:
        by = f" by {self.index}" if self.index else ""
        return f"{self.table}{by} is read whole:\n  {self.statement}\n{self.plan}"


@contextlib.contextmanager
def listening() -> Iterator[list[Asked]]:
    """Note every statement that any engine of this process is asked, each text once."""
    asked: dict[str, Asked] = {}
    some: list[Asked] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: Any, _context: object, many: bool
    ) -> None:
        if _EXPLAINED.match(statement) and statement not in asked:
            asked[statement] = Asked(statement, values[0] if many else values)
            some.append(asked[statement])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield some
    finally:
        event.remove(Engine, "before_cursor_execute", note)


class _UndoneError(Exception):
    pass


def scans(database: Database, some: Sequence[Asked]) -> list[Scan]:
    """Give the whole readings of the watched tables among the plans of these statements."""
    found: list[Scan] = []
    with contextlib.suppress(_UndoneError), database.writing() as tx:
        look = _sqlite if tx.dialect == "sqlite" else _postgresql
        if tx.dialect == "postgresql":
            tx.connection.exec_driver_sql(_AS_IF_LARGE)
        partial = _partial_indexes(tx)
        found += [scan for one in some for scan in look(tx, one)]
        raise _UndoneError
    # An index of few rows (alerts that have not ended, messages that wait) is there to be read whole.
    return [scan for scan in found if scan.table in WATCHED and scan.index not in partial]


# A planner reads a small table whole, and rightly so: it is told that there are thousands of times as many rows.
_AS_IF_LARGE = (
    "UPDATE pg_class SET relpages = greatest(1, pg_relation_size(oid) / 8192), "
    "reltuples = greatest(reltuples, 20 * (pg_relation_size(oid) / 8192 + 1)) * 5000 "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def _sqlite(tx: Transaction, asked: Asked) -> list[Scan]:
    explain = f"EXPLAIN QUERY PLAN {asked.statement}"
    plan = [str(row[-1]) for row in tx.connection.exec_driver_sql(explain, asked.values)]
    shown = "\n".join(f"    {line}" for line in plan)
    matches = [match for line in plan if (match := _SQLITE_SCAN.match(line))]
    return [Scan(_named(match[1], asked.statement), match[2], asked.statement, shown) for match in matches]


def _named(alias: str, statement: str) -> str:
    """Give the table that a plan calls by the ``alias`` it has in the statement."""
    found = re.search(rf"(?:FROM|JOIN|,)\s+\"?(\w+)\"?\s+(?:AS\s+)?{alias}\b", statement)
    return found[1] if found and alias not in WATCHED else alias


def _postgresql(tx: Transaction, asked: Asked) -> list[Scan]:
    explained = tx.connection.exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) {asked.statement}", asked.values
    ).scalar_one()
    top = explained[0]["Plan"]
    return [
        Scan(node["Relation Name"], node.get("Index Name"), asked.statement, _outline(top))
        for node in _nodes(top)
        if node["Node Type"] == "Seq Scan"
        or (node["Node Type"] in ("Index Scan", "Index Only Scan") and "Index Cond" not in node)
    ]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _outline(node: dict[str, Any], depth: int = 2) -> str:
    where = node.get("Index Cond") or node.get("Filter") or ""
    line = f"{'  ' * depth}{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')} {where}"
    return "\n".join([line.rstrip(), *(_outline(inner, depth + 1) for inner in node.get("Plans", ()))])


def _partial_indexes(tx: Transaction) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'"
        if tx.dialect == "sqlite"
        else "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%% WHERE %%'"
    )
    return {row[0] for row in tx.connection.exec_driver_sql(sql)}
