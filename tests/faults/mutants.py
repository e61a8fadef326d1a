"""Take out what keeps messages from being lost or doubled, one thing at a time, and see that the tests notice.

``python -m tests.faults.mutants`` copies the tree for each of them, breaks it there, runs the tests that are to notice,
and prints by which it was noticed. It exits with 1 where something can be taken out and nobody notices.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests import postgres

ROOT = Path(__file__).parents[2]
_SOURCES = ("rules", "storage", "handlers")


@dataclass(frozen=True)
class Edit:
    """Text that is in the tree, and what takes its place, wherever it stands; ``old`` is a regular expression."""

    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """What is taken out, by which edits, and the tests that are to notice."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


_CARRYING = (
    "tests/storage/test_outbox.py",
    "tests/storage/test_carriage.py",
    "tests/handlers/test_deliver.py",
    "tests/handlers/test_reconcile.py",
)
_DELIVERING = ("tests/handlers/test_reconcile.py", "tests/handlers/test_deliver.py")
_INDEX = r"(create_index\(.{name}., \[[^\]]*\], )unique=True"
_DECLARED = r'("{name}",\s+(?:"\w+",\s+)+)unique=True'

MUTANTS: Sequence[Mutant] = (
    Mutant(
        "the fence of a finish: owner and generation",
        (
            Edit(
                r"            col\(OutboxRow\.generation\) == message\.generation,\n"
                r"            col\(OutboxRow\.owner\) == message\.owner if message\.owner else col\(OutboxRow\.owner\)\.is_\(None\),\n",
                "",
            ),
        ),
        _CARRYING,
    ),
    Mutant(
        "the generation in the fence",
        (Edit(r"            col\(OutboxRow\.generation\) == message\.generation,\n", ""),),
        _CARRYING,
    ),
    Mutant(
        "looking before sending again, after silence",
        (Edit(r"Outcome\(Delivery\.UNKNOWN, silence\.what", "Outcome(Delivery.PENDING, silence.what"),),
        _DELIVERING,
    ),
    Mutant(
        "looking before sending again, after a lease",
        (Edit(r"state=str\(Delivery\.UNKNOWN\),(\s+owner=None)", r"state=str(Delivery.PENDING),\1"),),
        _CARRYING,
    ),
    Mutant(
        "the end of a lease",
        (
            Edit(
                r"or_\(col\(OutboxRow\.lease_until\) < now, col\(OutboxRow\.lease_until\) > now \+ 2 \* lease\)",
                "text('1 = 0')",
            ),
        ),
        _CARRYING,
    ),
    Mutant(
        "the time to settle after silence",
        (Edit(r"retry_at=now \+ policy\.settle", "retry_at=now"),),
        _DELIVERING,
    ),
    Mutant(
        "the time to settle after a lease",
        (Edit(r"next_at=now \+ settle", "next_at=now"),),
        _CARRYING,
    ),
    Mutant(
        "not sending what the lease may not outlast",
        (Edit(r"if self\._ctx\.elapsed\(\) > latest:", "if False:"),),
        _DELIVERING,
    ),
    Mutant(
        "looking for second copies",
        (Edit(r"verify_at=settled_at if message\.\w+(?: > 1)? else None", "verify_at=None"),),
        _DELIVERING,
    ),
    Mutant(
        "one post at a time and channel",
        (Edit(r"if not pace\.take\(", "if False and not pace.take("),),
        _CARRYING,
    ),
    Mutant(
        "the second look, for a history that lags",
        (Edit(r"if looks < policy\.looks:", "if False:"),),
        ("tests/handlers/test_reconcile.py",),
    ),
    Mutant(
        "how often a deleted message is posted anew",
        (Edit(r"if replaced < policy\.replacements else Deletion\.AGAIN", ""),),
        ("tests/handlers/test_finish.py",),
    ),
    Mutant(
        "what goes first in a queue",
        (Edit(r"ORDER BY o\.priority, o\.id", "ORDER BY o.id"),),
        ("tests/storage/test_carriage.py",),
    ),
    Mutant(
        "the deadline of a call",
        (Edit(r"connection\.shutdown\(socket\.SHUT_RDWR\)", "pass"),),
        ("tests/handlers/slack/test_punctual.py",),
    ),
    Mutant(
        "word to a rule's owner in the same tick",
        (Edit(r"\(self\._send_ready\(\) if first\.again or first\.dead else Round\(\)\)", "Round()"),),
        ("tests/handlers/test_trouble.py",),
    ),
    Mutant(
        "one unresolved alert for a rule and a customer: the unique index",
        (
            Edit(_INDEX.format(name="alert_unresolved"), r"\1unique=False"),
            Edit(_DECLARED.format(name="alert_unresolved"), r"\1unique=False"),
        ),
        ("tests/storage/test_promises.py",),
    ),
    Mutant(
        "one waiting edit of a message: the unique index",
        (
            Edit(_INDEX.format(name="outbox_one_update"), r"\1unique=False"),
            Edit(_DECLARED.format(name="outbox_one_update"), r"\1unique=False"),
        ),
        ("tests/storage/test_promises.py",),
    ),
    Mutant(
        "forgetting what came in last of all",
        (
            Edit(
                r"        touched = dirty\.batches\(snapshot\)\n",
                "        touched = dirty.batches(snapshot)\n        _forget(ctx, touched)\n",
            ),
        ),
        ("tests/handlers/test_sweep.py",),
    ),
    Mutant(
        "the turn that a sweep was overtaken in",
        (Edit(r"\.scalar_one\(\) != number:", ".scalar_one() is None:"),),
        ("tests/storage/test_turns.py",),
    ),
    Mutant(
        "the one claim of a slot",
        (
            Edit(
                r"ON CONFLICT \(job, slot\) DO NOTHING",
                "ON CONFLICT (job, slot) DO UPDATE SET done_at = excluded.done_at",
            ),
        ),
        ("tests/storage/test_jobs.py",),
    ),
    Mutant(
        "asking what became of a commit that was cut off",
        (Edit(r"fate is Fate\.COMMITTED", "fate is None"),),
        ("tests/storage/test_retry.py",),
    ),
    Mutant(
        "the press that Slack delivers twice",
        (Edit(r"if not inbox\.first_time\(tx, key, now=ctx\.elapsed\(\)\):", "if False:"),),
        ("tests/handlers/test_act.py",),
    ),
    Mutant(
        "Slack's clock where ours is ahead",
        (Edit(r"since -= max\(0, now - self\._slacks_now\(\)\)", "since -= 0"),),
        ("tests/journeys/test_clock_jumps.py",),
    ),
    Mutant(
        "leases of a clock that was set back",
        (
            Edit(r", col\(OutboxRow\.lease_until\) > now \+ 2 \* lease\)", ")"),
            Edit(r"( OR pace\.next_at > :far)", ""),
        ),
        ("tests/journeys/test_clock_jumps.py",),
    ),
    Mutant(
        "a full disk told to whoever sends events",
        (Edit(r"_UNAVAILABLE: Final = \(DatabaseTroubleError, ", "_UNAVAILABLE: Final = ("),),
        ("tests/journeys/test_full_disk.py",),
    ),
)


def sources(root: Path) -> Iterator[Path]:
    """Give the files that a mutant may be made in."""
    for folder in _SOURCES:
        yield from sorted((root / folder).rglob("*.py"))


def apply(mutant: Mutant, root: Path) -> None:
    """Break the tree at ``root``; raises `LookupError` where something that is to be taken out is not there."""
    for edit in mutant.edits:
        made = 0
        for path in sources(root):
            before = path.read_text(encoding="utf-8")
            after, n = re.subn(edit.old, edit.new, before)
            if n:
                path.write_text(after, encoding="utf-8")
                made += n
        if not made:
            raise LookupError(f"{mutant.name}: nothing in the tree is like {edit.old}")


def noticed(mutant: Mutant | None, tests: Sequence[str], url: str) -> str | None:
    """Run tests on a copy of the tree that is broken so, or not at all; gives the first that fails, None if none does."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".*", "__pycache__", "docs", "bench")
        shutil.copytree(ROOT, tree, ignore=ignored)
        if mutant is not None:
            apply(mutant, tree)
        there = [one for one in tests if (tree / one).exists()]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *there],
            cwd=tree,
            env={**os.environ, "TEST_POSTGRES_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if failed is None:
        raise RuntimeError(f"the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed.group(1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="mutants whose name has these words in it"
    )
    given = parser.parse_args()
    console, chosen = Console(), [one for one in MUTANTS if given.only in one.name]
    drawn = Table("taken out", "noticed by", "seconds", title="Checks of the checks")
    survived = 0
    with postgres.server() as url:
        whole = sorted({test for one in chosen for test in one.tests})
        failing = noticed(None, whole, url)
        if failing is not None:
            console.print(f"{failing} fails with nothing taken out", markup=False)
            return 1
        for one in chosen:
            started = time.monotonic()
            by = noticed(one, one.tests, url)
            survived += by is None
            seconds = f"{time.monotonic() - started:.0f}"
            console.print(f"{one.name}: {by or 'NOT NOTICED'} ({seconds} s)", markup=False, highlight=False)
            drawn.add_row(one.name, by or "NOT NOTICED", seconds)
    console.print(drawn)
    return 1 if survived else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
