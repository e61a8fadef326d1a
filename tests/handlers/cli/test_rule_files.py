"""``rules export`` and ``import`` on the command line: the difference first, then what was done; and what was not."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from handlers.cli.base import Cli, Commands
from handlers.cli.rules import rules
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls


def run(url: str, folder: Path, *arguments: str, given: bytes = b"") -> Result:
    cli = Cli(
        Settings.given(database_url=url),
        make=lambda given: contexts.context(Database(given.database_url)),
        folder=folder,
    )
    try:
        return CliRunner().invoke(
            Commands(commands={"rules": rules}), ["rules", *arguments], obj=cli, input=given
        )
    finally:
        cli.close()


def test_the_way_there_and_back(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    here, there = new_database_url("sqlite"), new_database_url("sqlite")
    run(here, tmp_path, "add", "lapsing", "--channel", "#sales")
    run(here, tmp_path, "add", "yes", "segment = no", "--cooldown", "36h")
    run(here, tmp_path, "pause", "yes")
    shown = run(here, tmp_path, "export").stdout
    assert run(here, tmp_path, "export", "-").stdout == shown
    assert run(here, tmp_path, "export", "rules.yaml").stdout == "2 rules written to rules.yaml\n"
    assert (tmp_path / "rules.yaml").read_text(encoding="utf-8") == shown
    assert json.loads(run(here, tmp_path, "export", "--json").stdout) == {"rules": 2, "text": shown}
    done = run(there, tmp_path, "import", "rules.yaml")
    assert done.exit_code == 0, done.output
    assert "+ yes\n    + condition: segment = no\n" in done.stdout
    assert "    + cooldown: 36h\n" in done.stdout
    assert "    + state: paused\n" in done.stdout
    assert "2 added, 0 changed, 0 unchanged, 0 removed\n" in done.stdout
    assert "Imported." in done.stdout
    assert "purchase" in done.stderr
    assert run(there, tmp_path, "export").stdout == shown
    piped = run(there, tmp_path, "import", "-", given=shown.encode())
    assert piped.stdout == "0 added, 0 changed, 2 unchanged, 0 removed\n"
    again = run(there, tmp_path, "import", "rules.yaml")
    assert again.stdout == "0 added, 0 changed, 2 unchanged, 0 removed\n"
    assert again.stderr == ""


def test_a_dry_run_changes_nothing_and_says_so(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    url = new_database_url("sqlite")
    run(url, tmp_path, "add", "quiet", "silent(purchase, 3d)")
    (tmp_path / "r.yaml").write_text("lapsing:\n  condition: silent(purchase, 30d)\n", encoding="utf-8")
    before = run(url, tmp_path, "export").stdout
    shown = run(url, tmp_path, "import", "r.yaml", "--dry-run", "--remove-others")
    assert "- quiet\n    - condition: silent(purchase, 3d)\n" in shown.stdout
    assert shown.stdout.endswith("Nothing was changed: this was a dry run.\n")
    found = json.loads(run(url, tmp_path, "import", "r.yaml", "--dry-run", "--json").stdout)
    assert found.pop("diff").keys() == {"lapsing"}
    assert len(found.pop("warnings")) == 1
    assert found == {
        "added": ["lapsing"],
        "changed": [],
        "unchanged": [],
        "removed": [],
        "not_in_file": ["quiet"],
        "dry_run": True,
    }
    assert run(url, tmp_path, "export").stdout == before


def test_every_mistake_is_told_with_file_and_line_and_nothing_is_written(
    new_database_url: DatabaseUrls, tmp_path: Path
) -> None:
    url = new_database_url("sqlite")
    (tmp_path / "r.yaml").write_text(
        "Quiet:\n  condition: silent(purchase, 30)\nquiet:\n  condition: stage = develop\n  severty: high\n",
        encoding="utf-8",
    )
    refused = run(url, tmp_path, "import", "r.yaml", "--json")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    for said in (
        "There are 4 mistakes in r.yaml, so nothing was done:",
        "r.yaml:2: Quiet, condition:",
        "silent(purchase, 30)\n                 ^^\n",
        "Try: silent(purchase, 30d)",
        "r.yaml:3: “quiet” and “Quiet” in line 1 are one name to me: quiet.",
        "`stage` is what the definitions of the life cycle say, and none are in use yet.",
        "r.yaml:5: quiet: I do not know “severty”. Did you mean severity?",
    ):
        assert said in refused.stderr
    assert run(url, tmp_path, "export").stdout == "{}\n"


def test_files_that_cannot_be_read_or_written(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    url = new_database_url("sqlite")
    (tmp_path / "latin.yaml").write_bytes(b"a:\n  action: caf\xe9\n")
    (tmp_path / "empty.yaml").write_bytes(b"")
    (tmp_path / "long.yaml").write_bytes(b"#" * 600_000)
    (tmp_path / "vast.yaml").write_bytes(b"#" * 2_100_000)
    for arguments, said in (
        (("import", "gone.yaml"), "There is no file"),
        (("import", "."), "is no file that can be read"),
        (("import", "empty.yaml"), "There is nothing in the file"),
        (("import", "latin.yaml"), "latin.yaml:2: From here on the file is no UTF-8."),
        (("import", "long.yaml"), "The file has 600000 characters"),
        (("import", "vast.yaml"), "The file has 2100000 characters"),
        (("export", "no/such/folder.yaml"), "cannot be written: No such file or directory"),
    ):
        refused = run(url, tmp_path, *arguments)
        assert refused.exit_code == 1, arguments
        assert said in refused.stderr
    for given, said in (
        (b"", "There is nothing in the file -."),
        (b"a:\n  action: caf\xe9\n", "-:2: From here on the file is no UTF-8."),
        (b"#" * 2_100_000, "The file has 2000001 characters"),
        (b"a:\n  severty: high\n", "-:2: a: I do not know “severty”."),
    ):
        refused = run(url, tmp_path, "import", "-", given=given)
        assert refused.exit_code == 1, given
        assert said in refused.stderr
