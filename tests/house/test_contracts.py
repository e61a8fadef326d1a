"""The layers hold because a tool sees to it: each contract fails when somebody breaks it."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("handlers", "playground", "rules", "storage", "templates")

# For each contract, modules that break it and what they import.
PLANTED = {
    "down": {
        "rules/planted_down.py": "import storage.database",
        "storage/planted_down.py": "import templates.words",
    },
    "bot-on-top": {"storage/planted_bot_on_top.py": "import bot"},
    "bot-alone": {"handlers/planted_bot_alone.py": "from bot import main"},
    "playground-alone": {"playground/planted_playground_alone.py": "import rules.errors"},
    "playground-unknown": {"handlers/planted_playground_unknown.py": "import playground.server"},
    "rules-pure": {"rules/planted_rules_pure.py": "import time"},
    "sql-in-storage": {"handlers/planted_sql_in_storage.py": "from sqlalchemy import text"},
    "slack-in-handlers": {"storage/planted_slack_in_handlers.py": "import slack_sdk"},
    "bolt-in-handlers": {"templates/planted_bolt_in_handlers.py": "import slack_bolt"},
    "no-cycles": {
        "rules/planted_no_cycles.py": "import rules.planted_no_cycles_back",
        "rules/planted_no_cycles_back.py": "import rules.planted_no_cycles",
    },
}


def _contracts() -> dict[str, str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {one["id"]: one["name"] for one in config["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def said_of_the_broken_copy(tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("bot.py", "settings.py", "pyproject.toml"):
        shutil.copy(ROOT / module, copy / module)
    for planted in PLANTED.values():
        for path, line in planted.items():
            (copy / path).write_text(f'"""Planted."""\n\n{line}\n')
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(copy), "COLUMNS": "1000", "PATH": ""},
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", sorted(PLANTED))
def test_each_contract_fails_where_it_is_broken(said_of_the_broken_copy: str, contract: str) -> None:
    said = re.sub(r"\s+", " ", said_of_the_broken_copy)
    assert f"{_contracts()[contract]} BROKEN" in said
    # Not because of what was planted for another.
    for path in PLANTED[contract]:
        assert f"planted_{contract.replace('-', '_')}" in said, path


def test_every_contract_has_its_test() -> None:
    assert set(PLANTED) == set(_contracts())


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def test_templates_know_of_slack_only_the_models_and_what_they_raise() -> None:
    found = {
        name for path in _modules("templates") for name in _imports(path) if name.split(".")[0] == "slack_sdk"
    }
    assert found
    assert {name for name in found if not name.startswith(("slack_sdk.models", "slack_sdk.errors"))} == set()


@pytest.mark.parametrize("module", ["bot.py", "settings.py"])
def test_the_single_modules_keep_to_the_layers_too(module: str) -> None:
    tops = {name.split(".")[0] for name in _imports(ROOT / module)}
    assert tops.isdisjoint({"alembic", "psycopg", "sqlalchemy", "sqlite3", "sqlmodel"})
    if module == "settings.py":
        assert tops.isdisjoint({*PACKAGES, "bot"})
    else:
        assert "playground" in tops


def test_every_package_is_one() -> None:
    for package in PACKAGES:
        for folder in {path.parent for path in _modules(package)} - {ROOT / "storage" / "migrations"}:
            if "migrations" not in folder.parts:
                assert (folder / "__init__.py").is_file(), folder


@pytest.mark.parametrize(
    "line",
    [
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "from datetime import datetime\nx = datetime.utcnow()",
        "from datetime import date\nx = date.today()",
        "import time\nx = time.time()",
        "from time import time_ns\nx = time_ns()",
        "import os\nx = os.environ",
        "from os import getenv\nx = getenv('A')",
    ],
)
@pytest.mark.parametrize(
    "path", ["handlers/sweep.py", "storage/rules.py", "templates/alert.py", "rules/errors.py"]
)
def test_clocks_and_the_environment_are_banned_where_they_do_not_belong(path: str, line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", path, "-"],
        input=line,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "TID251" in done.stdout
