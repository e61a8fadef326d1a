"""The tree of docs/architecture.md, drawn from the first sentences of the modules.

``python -m tests.house.tree`` draws it anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
MODULES = ("bot.py", "settings.py")
PACKAGES = ("rules", "storage", "templates", "handlers", "playground")
_BLOCK = re.compile(r"(?<=## The tree\n\n```\n).*?(?=^```)", re.MULTILINE | re.DOTALL)


def drawn() -> str:
    """Draw the tree: two spaces a level, packages end with a slash, then what each is about."""
    lines = [f"{name}  {_about(ROOT / name)}" for name in MODULES]
    for package in PACKAGES:
        lines += _package(ROOT / package, "")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def written() -> str:
    """Give the tree that the page has."""
    found = _BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found, "docs/architecture.md has no tree"
    return found[0]


def _package(folder: Path, indent: str) -> Iterator[str]:
    yield f"{indent}{folder.name}/  {_about(folder / '__init__.py')}"
    deeper = indent + "  "
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"{deeper}{path.name}  {_about(path)}"
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").is_file():
            yield from _package(path, deeper)


def _about(path: Path) -> str:
    """Give a module's first sentence."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = text.split("\n\n", maxsplit=1)[0].replace("\n", " ")
    return re.split(r"(?<=\.)\s", paragraph)[0].rstrip(".").replace("``", "`")


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: drawn(), text), encoding="utf-8")
