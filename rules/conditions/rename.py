"""The same condition with kinds of events under other names: what aliases do to a tree.

It must not know where aliases come from.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from rules.conditions.terms import Call, Events, Subject
from rules.conditions.tree import And, Condition, Not, Or

_Subject = TypeVar("_Subject", bound=Subject)


def renamed(tree: Condition, aliases: Mapping[str, str]) -> Condition:
    """Give ``tree`` with every kind that ``aliases`` names under the name it stands for; all else stays, spans too."""
    if not aliases:
        return tree
    match tree:
        case And(parts) | Or(parts):
            return replace(tree, parts=tuple(renamed(part, aliases) for part in parts))
        case Not(part):
            return replace(tree, part=renamed(part, aliases))
        case _:
            return replace(tree, subject=_subject(tree.subject, aliases))


def _subject(subject: _Subject, aliases: Mapping[str, str]) -> _Subject:
    if not isinstance(subject, Call):
        return subject
    arguments: dict[str, Any] = {name: _argument(value, aliases) for name, value in subject.arguments.items()}
    return replace(subject, **arguments)


def _argument(value: object, aliases: Mapping[str, str]) -> object:
    if isinstance(value, Events):
        # Nothing inside a filter names a kind.
        return replace(value, kind=aliases.get(value.kind, value.kind))
    return _subject(value, aliases) if isinstance(value, Call) else value
