"""Every text that a person reads can be translated: Babel finds each, and no template holds a bare one."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates" / "text"


def extracted() -> dict[str, set[str]]:
    """Every text that Babel finds, by file."""
    with (ROOT / "templates" / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    found: dict[str, set[str]] = {}
    for file, _, message, _, _ in extract_from_dir(str(ROOT), methods, options):
        texts = message if isinstance(message, tuple) else (message,)
        found.setdefault(Path(file).name, set()).update(text for text in texts if text)
    return found


def test_every_trans_of_every_page_is_found() -> None:
    found = extracted()
    assert set(found) == {path.name for path in FOLDER.glob("*.j2")}
    for path in FOLDER.glob("*.j2"):
        written = path.read_text(encoding="utf-8")
        blocks = re.findall(r"{% trans\b[^%]*%}(.*?){% endtrans %}", written, re.DOTALL)
        parts = {part for block in blocks for part in re.split(r"{% pluralize[^%]*%}", block)}
        meant = {
            re.sub(r"{{ *(\w+) *}}", r"%(\1)s", " ".join(part.replace("%", "%%").split())) for part in parts
        }
        found_here = {" ".join(text.split()) for text in found[path.name]}
        assert meant <= found_here, path.name


def test_no_words_stand_outside_a_trans() -> None:
    for path in FOLDER.glob("*.j2"):
        bare = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        bare = re.sub(r"{% trans\b.*?{% endtrans %}", "", bare, flags=re.DOTALL)
        bare = re.sub(r"{%.*?%}|{{.*?}}", "", bare, flags=re.DOTALL)
        assert not re.findall(r"[A-Za-zÀ-ÿ]{2,}", bare), path.name
