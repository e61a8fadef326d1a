"""YAML as people write it, read strictly into texts, lists and fields that know their line.

Every value is the text that was written, never a date, a number or a truth that YAML would see in it: ``no`` may be a
name, a country or an answer, and only the reader of the field knows. What makes YAML dangerous or unclear (aliases,
tags, several documents, a key given twice, nesting without end) is refused. Time and memory are linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from rules.files.mistakes import BadFileError, Mistake

LONGEST_FILE: Final = 500_000
"""Characters: some 2,500 rules."""
MOST_DEPTH: Final = 8
_NOTHING: Final = frozenset({"", "~", "null"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as it was written; ``plain`` where it bore no quotes."""

    line: int
    text: str
    plain: bool = True

    @property
    def is_nothing(self) -> bool:
        """Whether there is no value at all: nothing behind the colon, or YAML's own words for it."""
        return self.plain and self.text.casefold() in _NOTHING


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """Keys with their values, in the order of the file; no key stands in it twice."""

    line: int
    entries: tuple[tuple[Scalar, "Node"], ...]


Node = Scalar | Items | Fields


def read_tree(text: str) -> tuple[Node, tuple[Mistake, ...]]:
    """Read a YAML text, and say what is refused in it; an empty text is a `Scalar` of nothing.

    Raises `BadFileError` where it cannot be read on.
    """
    if len(text) > LONGEST_FILE:
        raise BadFileError([Mistake(1, "too_long", {"length": len(text), "limit": LONGEST_FILE})])
    builder = _Builder()
    try:
        found = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"U+{error.character:04X}" if isinstance(error.character, int) else str(error.character)
        raise BadFileError([Mistake(line, "bad_character", {"character": character})]) from error
    except yaml.MarkedYAMLError as error:
        raise BadFileError([*builder.mistakes, _syntax(error)]) from error
    return found, tuple(builder.mistakes)


class _Builder:
    """Makes the tree of YAML's events, noting what is refused; whatever is too deep ends it at once."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise BadFileError([*self.mistakes, Mistake(_line(event), "several_documents")])
                root = self._node(next(events), events, 0)
        return root if root is not None else Scalar(1, "")

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        line = _line(event)
        if depth > MOST_DEPTH:
            raise BadFileError([*self.mistakes, Mistake(line, "too_deep", {"limit": MOST_DEPTH})])
        if isinstance(event, yaml.AliasEvent):
            self.mistakes.append(Mistake(line, "alias", {"name": f"*{event.anchor}"}))
            return Scalar(line, "", plain=False)
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._refuse_marks(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(line, events, depth)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, event.value, event.style is None)
        return self._fields(line, events, depth)

    def _refuse_marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.anchor is not None:
            self.mistakes.append(Mistake(line, "alias", {"name": f"&{event.anchor}"}))
        if event.tag is not None:
            self.mistakes.append(Mistake(line, "tag", {"tag": event.tag}))

    def _items(self, line: int, events: Iterator[yaml.Event], depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return Items(line, tuple(items))

    def _fields(self, line: int, events: Iterator[yaml.Event], depth: int) -> Fields:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self.mistakes.append(Mistake(key.line, "key_no_text"))
            elif key.text in entries:
                first = entries[key.text][0].line
                self.mistakes.append(Mistake(key.line, "key_twice", {"key": key.text, "first": first}))
            else:
                entries[key.text] = (key, value)
        return Fields(line, tuple(entries.values()))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


_TAB: Final = re.compile(r"'\\t'")
_SYNTAX: Final = (
    # What PyYAML says, and what people have usually done.
    (_TAB, "yaml_tab"),
    (re.compile("mapping values are not allowed"), "yaml_colon"),
    (re.compile("cannot start any token"), "yaml_sign"),
    (re.compile("unknown escape character"), "yaml_escape"),
    (re.compile("could not find expected ':'"), "yaml_no_colon"),
    (re.compile("expected <block end>"), "yaml_indent"),
)


def _syntax(error: yaml.MarkedYAMLError) -> Mistake:
    problem = error.problem or error.context or ""
    begun = (error.context_mark.line + 1) if error.context_mark else None
    line = (error.problem_mark.line + 1) if error.problem_mark else begun or 1
    if "unexpected end of stream" in problem and "quoted scalar" in (error.context or ""):
        return Mistake(begun or line, "yaml_quote")
    if "stream end" in problem or "expected ',' or" in problem:
        return Mistake(begun or line, "yaml_bracket")
    for pattern, code in _SYNTAX:
        if pattern.search(problem):
            return Mistake(line, code)
    return Mistake(line, "yaml_other", {"problem": problem})
