"""Tests of rules are run: in simulated time, through the real intake, sweep and messages, in a database of their own.

Nothing of it touches the database that the settings name, nor Slack. What a test says, and whether what came of it is
as expected, is the business of `rules.trials`.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from handlers.file_text import read_text
from handlers.rule_play import Play
from handlers.rule_props import prepared
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError, Mistake
from rules.trials.judge import Failure
from rules.trials.read import read_trial
from storage import schema
from storage.database import Database

_TEMPLATE: Final = "template.db"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file: how many things were looked at, and what was otherwise.

    ``error`` where it could not be run; ``hints`` are what is likely a mistake in it.
    """

    file: str
    checks: int = 0
    failures: tuple[Failure, ...] = ()
    error: WarmlineError | None = None
    hints: tuple[Mistake, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return self.error is None and not self.failures


def run(files: Sequence[tuple[str, Path]]) -> Iterator[FileResult]:
    """Run tests one after another; each of ``files`` is what it is called and where it lies."""
    with _workshop() as folder:
        for number, (name, path) in enumerate(files):
            try:
                yield _run(name, path, folder, number)
            except BadFileError as error:
                yield FileResult(name, error=error.named(name))
            except WarmlineError as error:
                yield FileResult(name, error=error)


@contextmanager
def _workshop() -> Iterator[Path]:
    """Give a folder with an empty database in it, set up once: setting up takes longer than many a test."""
    with TemporaryDirectory(prefix="warmline-tests-") as made:
        folder = Path(made)
        with closing(Database(f"sqlite:///{folder / _TEMPLATE}")) as database:
            schema.prepare(database)
        yield folder


def _run(name: str, path: Path, folder: Path, number: int) -> FileResult:
    trial = read_trial(read_text(path))
    props = prepared(trial)
    copy = folder / f"{number}.db"
    shutil.copy(folder / _TEMPLATE, copy)
    with closing(Database(f"sqlite:///{copy}")) as database:
        checks, failures = Play(trial, props, database).run()
    return FileResult(name, checks, failures, hints=trial.hints)
