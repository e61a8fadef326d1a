"""``status`` on the command line: the whole as JSON; on a terminal nothing that could disturb it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from handlers.cli.base import Cli, Commands
from handlers.cli.import_ import import_command
from handlers.cli.status import status
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls

TURNED = "\u202eevil"
LONG = "x" * 900


def _run(url: str, folder: Path, *arguments: str) -> Result:
    group = Commands(commands={"import": import_command, "status": status})
    cli = Cli(
        Settings.given(database_url=url),
        make=lambda given: contexts.context(Database(given.database_url)),
        folder=folder,
    )
    try:
        return CliRunner().invoke(group, arguments, obj=cli)
    finally:
        cli.close()


def test_somebody_else_s_text_is_cut_and_cleaned_on_a_terminal(
    new_database_url: DatabaseUrls, tmp_path: Path
) -> None:
    url = new_database_url("sqlite")
    (tmp_path / "c.csv").write_text(
        f"external id,name,segment\nC-1,Ann{TURNED}{LONG},vip{TURNED}\nC-2,Bob{TURNED},\nC-3,Bob{TURNED},\n"
    )
    taken_in = _run(url, tmp_path, "import", "c.csv", "--format", "customers-csv", "--json")
    assert json.loads(taken_in.stdout)["inserted"] == 3, taken_in.output
    shown = _run(url, tmp_path, "status", "C-1")
    assert shown.exit_code == 0, shown.output
    assert "Annevil" in shown.stdout
    assert "…" in shown.stdout
    assert "\u202e" not in shown.output
    assert shown.stdout.count("x") < 400
    whole = json.loads(_run(url, tmp_path, "status", "C-1", "--json").stdout)["customer"]
    assert whole["name"].endswith(LONG)
    several = _run(url, tmp_path, "status", f"Bob{TURNED}")
    assert several.exit_code == 1
    assert "  C-2  Bobevil" in several.stderr
    assert "\u202e" not in several.output
