"""Counts how often each of very many things was seen, in bounded memory: what does not fit lies on disk.

A private, temporary SQLite file that goes when the tally is closed. It must not know what is counted.
"""

import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

_MEMORY_KIB: Final = 8_192


class Tally:
    """How often each key, a whole number of 64 bits, was seen; a context manager."""

    def __init__(self) -> None:
        # An empty name makes a temporary file, which is written to only when the cache is full.
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_MEMORY_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY, times INTEGER NOT NULL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def see(self, keys: Iterable[int]) -> list[int]:
        """Note that each of ``keys`` was seen, in that order; gives for each the how-manieth time it was."""
        execute = self._connection.execute
        execute("BEGIN")
        seen = [
            int(
                execute(
                    "INSERT INTO seen VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1 RETURNING times",
                    (key,),
                ).fetchone()[0]
            )
            for key in keys
        ]
        execute("COMMIT")
        return seen

    def different(self) -> int:
        """Give how many different keys were seen."""
        return int(self._connection.execute("SELECT count(*) FROM seen").fetchone()[0])
