"""A syntax tree as text again, in one canonical form: ``parse(to_text(tree)) == tree`` for every tree."""

import re
import unicodedata
from typing import Final, assert_never

from rules.conditions.numbers import decimal_text
from rules.conditions.terms import Attribute, Call, Derived, Events, Field, Fitted, Property, Stored, Subject
from rules.conditions.tree import (
    Among,
    And,
    Compare,
    Condition,
    Contains,
    Day,
    Duration,
    Holds,
    Not,
    Number,
    Or,
    Percent,
    Text,
    Value,
)

# With re.IGNORECASE, as in the grammar: it takes "ſ" for "s", and so must this.
_RESERVED: Final = re.compile("and|or|not|in|contains|where", re.IGNORECASE)


def to_text(tree: Condition) -> str:
    """Write ``tree`` as the text of a condition, with no more brackets than its shape needs."""
    match tree:
        case And(parts):
            return " and ".join(_bracketed(part, And, Or) for part in parts)
        case Or(parts):
            return " or ".join(_bracketed(part, Or) for part in parts)
        case Not(part):
            return f"not {_bracketed(part, And, Or)}"
        case Compare(subject, operator, value):
            return f"{subject_text(subject)} {operator} {value_text(value)}"
        case Among(subject, values):
            return f"{subject_text(subject)} in ({', '.join(map(value_text, values))})"
        case Contains(subject, value):
            return f"{subject_text(subject)} contains {value_text(value)}"
        case Holds(subject):
            return subject_text(subject)
        case _:
            assert_never(tree)


def subject_text(subject: Subject) -> str:
    """Write a term or a property as it stands in a condition."""
    match subject:
        case Call():
            return (
                f"{subject.function}({', '.join(map(_argument, filter(None, subject.arguments.values())))})"
            )
        case Field(name) | Fitted(name) | Stored(name):
            return name.value
        case Derived(family):
            return family.value
        case Attribute(name):
            return f"attr.{_word(name)}"
        case Property(name):
            return _word(name)
        case _:
            raise TypeError(f"no text for {type(subject).__name__}")


def value_text(value: Value) -> str:
    """Write a constant."""
    match value:
        case Number(number):
            return decimal_text(number)
        case Percent(ratio):
            return f"{decimal_text(ratio * 100)}%"
        case Text(text):
            return _word(text)
        case Day(day):
            return day.isoformat()
        case Duration(window):
            return str(window)
        case _:
            assert_never(value)


def quoted(text: str) -> str:
    """Write ``text`` between quotes; a backslash guards quotes and backslashes in it."""
    guarded = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{guarded}"'


def _argument(argument: object) -> str:
    match argument:
        case Events(kind, where):
            return _word(kind) if where is None else f"{_word(kind)} where {to_text(where)}"
        case Call() | Attribute():
            return subject_text(argument)
        case window:
            return str(window)


def _bracketed(part: Condition, *weaker: type[And | Or]) -> str:
    text = to_text(part)
    return f"({text})" if isinstance(part, weaker) else text


def _word(text: str) -> str:
    """Write ``text`` bare where it reads back as one word, quoted elsewhere."""
    letters = all(char == "_" or unicodedata.category(char)[0] in "LMN" for char in text)
    starts = text[:1] == "_" or unicodedata.category(text[:1] or " ")[0] == "L"
    return text if letters and starts and not _RESERVED.fullmatch(text) else quoted(text)
