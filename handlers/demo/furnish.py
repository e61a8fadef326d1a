"""The demo's database, filled: customers and what they did, rules, the sweeps of the last days; then day by day more.

It must not know the playground, nor where customers come from.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console
from rich.progress import Progress

from handlers import lifecycle, rulebook, value
from handlers.context import Context
from handlers.demo.cdnow import Cdnow
from handlers.demo.simulated import Simulated
from handlers.import_file import import_file
from handlers.lifecycle_plans import editing, using
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.typed import options_of
from rules.book.written import Written, read_book
from rules.instants import DAY, Calendar

HISTORY_DAYS: Final = 5
"""So many days before today the rules begin, so that the channel has a past when the page opens."""


class Data(StrEnum):
    """Whose customers the demo shows."""

    COMPANY = "company"
    CDNOW = "cdnow"


class People(Protocol):
    """Where customers come from."""

    @property
    def rules(self) -> Path:
        """The book of rules: what the demo watches of them."""
        ...

    @property
    def lifecycle(self) -> tuple[str, Mapping[str, str]]:
        """The life cycle that the demo puts in use: a preset, and what is edited of it."""
        ...

    def write(self, folder: Path, until: int) -> list[Path]:
        """Write what is new up to the instant ``until`` as files that can be imported, in their order."""
        ...


_MADE: Final[dict[Data, Callable[[Calendar, int, Sequence[str]], People]]] = {
    Data.COMPANY: Simulated,
    Data.CDNOW: Cdnow,
}


def people_of(data: Data, ctx: Context, owners: Sequence[str]) -> People:
    """Give the customers of ``data``, whose today is the business's; ``owners`` are e-mail addresses of colleagues."""
    return _MADE[data](ctx.calendar, ctx.now(), owners)


def clear(folder: Path) -> None:
    """Forget an earlier demo: its messages went with its workspace. To be called by who holds the writer's lock.

    The lock's own file stays: who removes one that is held lets a second process write.
    """
    for name in ("warmline.db", "warmline.db-wal", "warmline.db-shm"):
        (folder / name).unlink(missing_ok=True)
    for pattern in ("*.jsonl", "*.csv"):
        for path in folder.glob(pattern):
            path.unlink()


class Demo:
    """The demo's customers, and how far their days have come in."""

    def __init__(self, ctx: Context, folder: Path, people: People) -> None:
        self._ctx = ctx
        self._folder = folder
        self._people = people

    def furnish(self, *, manager: str, console: Console) -> None:
        """Fill an empty database: what happened so far, the rules, and the sweeps of the last days."""
        now = self._ctx.now()
        with Progress(console=console, transient=True) as progress:
            self._bring(now - HISTORY_DAYS * DAY, progress)
            request = Request(Actor(manager, manager=True))
            preset, edits = self._people.lifecycle
            lifecycle.make(self._ctx, request, using(preset), did="use")
            for name, condition in edits.items():
                lifecycle.make(self._ctx, request, editing(name, condition), did="edit")
            for rule in read_book(self._people.rules.read_text(encoding="utf-8")):
                self._add(rule, request)
            task = progress.add_task("sweeping the last days", total=HISTORY_DAYS + 1)
            for days in range(HISTORY_DAYS, -1, -1):
                self._bring(now - days * DAY)
                sweep(self._ctx, as_of=now - days * DAY)
                progress.advance(task)
        # So that the first card says what a customer is worth, before the night's job does.
        value.fit_if_due(self._ctx)

    def catch_up(self) -> None:
        """Take in what has happened up to now."""
        self._bring(self._ctx.now())

    def _bring(self, until: int, progress: Progress | None = None) -> None:
        for path in self._people.write(self._folder, until):
            if progress is None:
                import_file(self._ctx, path)
                continue
            task = progress.add_task(f"taking in {path.stem.split('-')[0]}", total=None)
            import_file(
                self._ctx,
                path,
                progress=lambda read, whole, task=task: progress.update(task, completed=read, total=whole),  # type: ignore[misc]
            )

    def _add(self, rule: Written, request: Request) -> None:
        rulebook.add(
            self._ctx,
            request,
            name=rule.name,
            condition=rule.body.condition,
            options=options_of(rule.body),
        )
