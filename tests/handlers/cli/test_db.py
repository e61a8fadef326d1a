"""``db upgrade`` sets up and moves on; ``db check`` says how things stand."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from handlers.cli.base import Cli
from handlers.cli.db import db
from handlers.context import Context
from settings import Settings
from storage.database import Database
from tests import contexts


def _run(database_url: str, *arguments: str) -> Result:
    def make(settings: Settings) -> Context:
        return contexts.context(Database(settings.database_url))

    settings = Settings(_env_file=None, database_url=database_url)  # type: ignore[call-arg]
    cli = Cli(settings=settings, make=make)
    result = CliRunner().invoke(db, arguments, obj=cli)
    cli.close()
    return result


def test_an_up_to_date_database(database_url: str) -> None:
    checked = _run(database_url, "check", "--json")
    assert checked.exit_code == 0
    said = json.loads(checked.stdout)
    assert said["ok"] is True
    assert said["found"] == said["wanted"]
    assert "up to date" in _run(database_url, "check").stdout
    assert "up to date" in _run(database_url, "upgrade").stdout


def test_an_empty_database_is_told_and_set_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    checked = _run(url, "check")
    assert checked.exit_code == 1
    assert "empty" in checked.stdout
    upgraded = json.loads(_run(url, "upgrade", "--json").stdout)
    assert upgraded["before"] is None
    assert json.loads(_run(url, "check", "--json").stdout)["found"] == upgraded["after"]


def test_a_database_of_another_version_is_told(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'another'")
    database.close()
    checked = _run(database_url, "check")
    assert checked.exit_code == 1
    assert "another" in checked.stdout
