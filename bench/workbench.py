"""Where is measured: one engine, databases on it with companies in them, and a clock that moves when it is told to."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import psycopg

from bench import rulebook
from bench.company import load
from bench.company.shape import END, Shape
from bench.sizes import Sizes
from handlers.context import Context
from handlers.sweep import sweep
from rules.instants import MINUTE, Calendar
from storage import schema
from storage.database import Database, Dialect
from templates.words import Words

CURRENCY: Final = "USD"
_PAGE: Final = 4_096


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved on."""

    at: int = END

    def __call__(self) -> int:
        """Give the instant."""
        return self.at

    def tick(self, milliseconds: int = MINUTE) -> int:
        """Move on, and give the instant."""
        self.at += milliseconds
        return self.at


@dataclass(frozen=True, slots=True)
class Place:
    """A database with a company in it, as use cases see it."""

    ctx: Context
    clock: Clock
    shape: Shape

    @property
    def database(self) -> Database:
        """The database."""
        return self.ctx.database


class Say:
    """Tells whoever waits what is being done; this one tells nobody."""

    def __call__(self, _what: str, _total: int) -> Callable[[int], None]:
        """Begin something of so many steps; gives what is to be told of each part done."""
        return lambda _: None


class Workbench:
    """One engine. ``server`` is the URL of a PostgreSQL server; without one it is SQLite, in files in ``folder``.

    ``kept`` is where a loaded SQLite database is kept from run to run; each run works on a copy.
    """

    def __init__(
        self,
        sizes: Sizes,
        folder: Path,
        *,
        server: str | None = None,
        kept: Path | None = None,
        say: Say | None = None,
    ) -> None:
        self.sizes = sizes
        self.server = server
        self.say = say or Say()
        self._folder = folder
        self._kept = kept
        self._opened: list[Place] = []

    @property
    def dialect(self) -> Dialect:
        """Which engine this is."""
        return "postgresql" if self.server else "sqlite"

    @cached_property
    def main(self) -> Place:
        """The company that most is measured on."""
        shape = Shape(self.sizes.customers, self.sizes.events, seed=self.sizes.seed)
        if self._kept is None or self.server:
            return self.company(shape)
        if not _is_kept(self._kept, shape):
            with self.brief(self.company(shape)) as place:
                place.database.close()
                _copy(_path(place), self._kept)
            _note_of(self._kept).write_text(json.dumps(asdict(shape)))
        path = self._folder / "main.db"
        _copy(self._kept, path)
        return self._place(f"sqlite:///{path}", shape)

    @cached_property
    def swept(self) -> Place:
        """The same company, with fifty rules that were swept once."""
        rulebook.install(self.main.database)
        self.say("the first sweep", 1)
        sweep(self.main.ctx, as_of=self.main.clock.tick())
        return self.main

    def company(self, shape: Shape) -> Place:
        """Make a company in a database of its own."""
        place = self.empty(shape)
        self._load(place)
        return place

    def empty(self, shape: Shape) -> Place:
        """Make a database of its own with nothing in it."""
        name = f"bench_{secrets.token_hex(4)}"
        if self.server is None:
            return self._place(f"sqlite:///{self._folder / name}.db", shape)
        self._ask_server(f'CREATE DATABASE "{name}"')
        return self._place(self.server.rsplit("/", 1)[0] + f"/{name}", shape)

    @contextmanager
    def brief(self, place: Place) -> Iterator[Place]:
        """Use a place and be rid of it, so that large ones do not lie about all at once."""
        try:
            yield place
        finally:
            self._remove(place)

    def close(self) -> None:
        """Remove every database that was made."""
        for place in list(self._opened):
            self._remove(place)

    def _remove(self, place: Place) -> None:
        self._opened.remove(place)
        place.database.close()
        if place.database.path is None:
            self._ask_server(f'DROP DATABASE "{place.database.url.database}" WITH (FORCE)')
            return
        for suffix in ("", "-wal", "-shm", ".lock"):
            Path(f"{place.database.path}{suffix}").unlink(missing_ok=True)

    def _ask_server(self, statement: str) -> None:
        assert self.server is not None
        url = self.server.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _place(self, url: str, shape: Shape) -> Place:
        database = Database(url)
        schema.prepare(database)
        clock = Clock()
        ctx = Context(
            database=database,
            now=clock,
            elapsed=clock,
            calendar=Calendar.of("UTC"),
            currency=CURRENCY,
            words=Words(),
            default_channel="#customer-care",
        )
        place = Place(ctx, clock, shape)
        self._opened.append(place)
        return place

    def _load(self, place: Place) -> None:
        shape = place.shape
        advance = self.say(f"a company of {shape.customers:,}", shape.customers + shape.events)
        load.load(place.database, shape, advance)


def _copy(source: Path, target: Path) -> None:
    """Copy a database in pieces as small as the pages that SQLite writes.

    Of a file written in large pieces the system's cache keeps large pieces, and writes each of them out whole for one
    page that changed: measured, 48 kB an event instead of 9.
    """
    with source.open("rb", buffering=0) as read, target.open("wb", buffering=0) as written:
        shutil.copyfileobj(read, written, _PAGE)


def _path(place: Place) -> Path:
    assert place.database.path is not None
    return place.database.path


def _note_of(kept: Path) -> Path:
    return kept.with_name(kept.name + ".json")


def _is_kept(kept: Path, shape: Shape) -> bool:
    """Tell whether the file holds this very company; one of another size is made anew."""
    note = _note_of(kept)
    return kept.exists() and note.exists() and json.loads(note.read_text()) == asdict(shape)
