"""The demo's database, filled: customers and what they did, rules, the sweeps of the last days; then day by day more.

It must not know the playground, nor where customers come from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console
from rich.progress import Progress

from handlers import channels, lifecycle, rulebook, value
from handlers.context import Context
from handlers.demo import colleagues
from handlers.demo.cdnow import Cdnow
from handlers.demo.simulated import Simulated
from handlers.import_file import import_file
from handlers.lifecycle_plans import editing, using
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.typed import options_of
from rules.book.written import read_book
from rules.instants import DAY, HOUR, Calendar
from storage import outbox

HISTORY_DAYS: Final = 5
"""So many days before today the rules begin, so that the channel has a past when the page opens."""
OPENS_AT: Final = 10 * HOUR
"""The demo's first hour, after midnight: whenever it is opened, its company is at work, and its channels are awake."""
_SOURCE: Final = "shop"
"""Who sends what the demo takes in, as ``/alerts sources`` names it."""
_SWEPT_AT: Final = (9 * HOUR, 16 * HOUR)
"""When those days are swept, after midnight: what the night brought; and what the day did, with the digest."""


def ahead_of(calendar: Calendar, now: int) -> int:
    """Give by how much the demo's clock is set forward (or back, below 0) so that it opens at its hour of today."""
    return calendar.midnight(calendar.date_of(now)) + OPENS_AT - now


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

    @property
    def channels(self) -> Mapping[str, Mapping[str, str]]:
        """What channels say of themselves: settings and values as managers type them, by channel."""
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

    def furnish(self, *, manager: str, agents: Sequence[str] = (), console: Console) -> None:
        """Fill an empty database: what happened so far, the rules, the sweeps of the last days, what people did on them.

        ``manager`` and ``agents`` are Slack ids.
        """
        instants = self._past()
        with Progress(console=console, transient=True) as progress:
            self._bring(instants[0], progress)
            self._set_up(Request(Actor(manager, manager=True)), at=instants[0])
            task = progress.add_task("sweeping the last days", total=len(instants))
            for instant in instants:
                self._bring(instant)
                sweep(self._ctx, as_of=instant)
                if agents and self._ctx.now() - instant >= DAY // 2:
                    colleagues.work(self._ctx, agents, swept_at=instant)
                progress.advance(task)
        # The days before are told as they were, from the first to the last.
        with self._ctx.database.writing() as tx:
            outbox.in_order(tx)
        # So that the first card says what a customer is worth, before the night's job does.
        value.fit_if_due(self._ctx)

    def _set_up(self, request: Request, *, at: int) -> None:
        """Put the life cycle in use, say how channels are told, and add the rules, as of the instant ``at``."""
        then = replace(self._ctx, now=lambda: at)
        preset, edits = self._people.lifecycle
        lifecycle.make(then, request, using(preset), did="use")
        for name, condition in edits.items():
            lifecycle.make(then, request, editing(name, condition), did="edit")
        for channel, settings in self._people.channels.items():
            for setting, typed in settings.items():
                channels.change(then, request, channel, setting, typed)
        for rule in read_book(self._people.rules.read_text(encoding="utf-8")):
            options = options_of(rule.body)
            rulebook.add(then, request, name=rule.name, condition=rule.body.condition, options=options)

    def _past(self) -> list[int]:
        """Give the instants of the last days' sweeps, the last of them now."""
        now = self._ctx.now()
        begin = now - HISTORY_DAYS * DAY
        midnights = [
            self._ctx.calendar.midnight(self._ctx.calendar.date_of(begin + days * DAY))
            for days in range(HISTORY_DAYS + 1)
        ]
        swept = [midnight + after for midnight in midnights for after in _SWEPT_AT]
        return [begin, *(instant for instant in swept if begin < instant < now), now]

    def catch_up(self) -> None:
        """Take in what has happened up to now."""
        self._bring(self._ctx.now())

    def _bring(self, until: int, progress: Progress | None = None) -> None:
        for path in self._people.write(self._folder, until):
            if progress is None:
                import_file(self._ctx, path, source=_SOURCE)
                continue
            task = progress.add_task(f"taking in {path.stem.split('-')[0]}", total=None)
            import_file(
                self._ctx,
                path,
                source=_SOURCE,
                progress=lambda read, whole, task=task: progress.update(task, completed=read, total=whole),  # type: ignore[misc]
            )
