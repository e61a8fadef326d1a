"""What the documents say is so: commands, files, modules, packages, metrics."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from bot import main
from handlers.http.metrics import Metrics
from tests.house import tree

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def _said(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    lines = [line.strip() for _, block in _FENCE.findall(text) for line in block.splitlines()]
    return lines + _INLINE.findall(_FENCE.sub("", text))


def _commands() -> list[str]:
    found = set()
    for document in DOCUMENTS:
        for said in _said(document):
            named = re.match(r"(?:\S*python\S* )?bot\.py (\w.*)", said)
            if named:
                found.add(named[1])
    return sorted(found)


def test_there_are_commands_to_look_at() -> None:
    assert {"run", "doctor", "import"} <= {command.split()[0] for command in _commands()}


@pytest.mark.parametrize("command", _commands())
def test_every_command_that_is_shown_exists_and_takes_what_it_is_shown_with(command: str) -> None:
    words = [word for word in shlex.split(command.split(" | ", maxsplit=1)[0]) if word != "…"]
    found = main.get_command(None, words[0])  # type: ignore[arg-type]
    assert found is not None, words[0]
    rest = words[1:]
    while rest and hasattr(found, "get_command"):
        found = found.get_command(None, rest.pop(0))
        assert found is not None, command
    known = {option for param in found.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    for word in rest:
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"{command}: {word}"


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        named[1]
        for document in DOCUMENTS
        for said in _said(document)
        if (named := re.fullmatch(r"make ([a-z-]+)", said))
    }
    assert {"demo", "test", "setup"} <= shown <= targets


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in main.commands:
        assert f"`python bot.py {name}`" in text, name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target


def test_the_architecture_draws_the_tree_as_it_is() -> None:
    assert tree.written() == tree.drawn(), "draw it anew: python -m tests.house.tree"


def test_every_dependency_has_its_line_and_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", text, re.MULTILINE)) - {"package", "lifetimes"}
    wanted = {
        lock: {re.split(r"[\[>=<; ]", line, maxsplit=1)[0] for line in lines}
        for lock, lines in (
            ("requirements.lock", project["dependencies"]),
            ("requirements-dev.lock", project["optional-dependencies"]["dev"]),
        )
    }
    assert listed == set().union(*wanted.values())
    for lock, names in wanted.items():
        locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==", (ROOT / lock).read_text(), re.MULTILINE))
        assert names <= locked


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
    }
    stored = set(re.findall(r'"(warmline_[a-z_]+)"', (ROOT / "handlers" / "http" / "metrics.py").read_text()))
    explained = set(re.findall(r"warmline_[a-z_]+", text))
    assert counted | stored <= explained
    assert {name for name in explained if name != "warmline_"} <= counted | stored
