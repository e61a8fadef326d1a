"""Rule books as files: what stands in one, read with every mistake at its line, and written so that it reads back.

The rules that ship are written like this, and so are those that people keep in files of their own. It must not know
which rules are in use.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from rules.alerts.rule import RuleBody, RuleState
from rules.alerts.typed import (
    LENGTHS,
    OPTIONS,
    BadOptionError,
    BadRuleNameError,
    Options,
    options_of,
    rule_name,
    with_options,
)
from rules.conditions.check import Vocabulary, accept
from rules.conditions.names import BadNameError
from rules.conditions.problems import ConditionError, Problem
from rules.files.gather import Gather
from rules.files.tree import Node, Scalar
from rules.lifecycle.definitions import FIXED, Name, UnknownDefinitionError

NOTHING_KNOWN: Final = Vocabulary(frozenset(), frozenset(), FIXED)
"""The vocabulary of a reader who has seen no data: it warns of every name, and refuses as any other does."""
FIELDS: Final = ("about", "suits", "condition", *OPTIONS, "state")
MOST_RULES: Final = 1_000
"""Rules of one file: some milliseconds each to read, and as many queries to every sweep."""
STATES: Final = (RuleState.ACTIVE, RuleState.PAUSED)


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as a file says it. ``state`` is None where the file leaves it open; ``warnings`` are about the condition.

    ``about`` is a note for whoever reads the file, and ``suits`` says of which statuses, stages and the like its
    customers mostly are.
    """

    name: str
    body: RuleBody
    state: RuleState | None = None
    about: str = ""
    line: int = 0
    warnings: tuple[Problem, ...] = ()
    suits: tuple[Name, ...] = ()


def read_book(text: str, vocabulary: Vocabulary = NOTHING_KNOWN) -> tuple[Written, ...]:
    """Read a rule book, in the order of the file. Raises `rules.files.mistakes.BadFileError` with every mistake."""
    gather = Gather()
    found = rules_of(gather, gather.tree(text), vocabulary)
    gather.finish()
    return found


def rules_of(gather: Gather, node: Node, vocabulary: Vocabulary) -> tuple[Written, ...]:
    """Read rules by their names; those with a mistake lack, and ``gather`` has the mistake."""
    found: dict[str, Written] = {}
    lines: dict[str, tuple[int, str]] = {}
    if isinstance(node, Scalar) and node.is_nothing:
        gather.add(node, "no_rules")
        return ()
    entries = gather.entries(node, "")
    if len(entries) > MOST_RULES:
        gather.add(node, "too_many_rules", found=len(entries), limit=MOST_RULES)
        return ()
    for key, value in entries:
        try:
            name = rule_name(key.text)
        except BadRuleNameError as error:
            gather.caused(key, error)
            continue
        if name in lines:
            # Not the same key, which the tree refuses: two that are one name to Warmline.
            line, first = lines[name]
            gather.add(key, "rule_twice", name=name, written=key.text, first=first, line=line)
        lines.setdefault(name, (key.line, key.text))
        written = _rule(gather, key, name, value, vocabulary)
        if written is not None:
            found[name] = written
    return tuple(found.values())


def write_book(rules: Iterable[Written], heading: str = "") -> str:
    """Write a rule book; ``heading`` becomes comments above it. `read_book` gives the same rules again."""
    lines = "".join(f"# {line}\n" for line in heading.splitlines())
    entries = [_yaml({rule.name: _said(rule)}) for rule in rules]
    # A file of no rules says so, instead of looking like one that was lost.
    return "\n".join([lines, *entries] if lines else entries) if entries else f"{lines}{{}}\n"


def plain(body: RuleBody) -> dict[str, str]:
    """Give what a rule says by the names and in the words of a file; what it leaves unsaid lacks."""
    return {"condition": body.condition} | options_of(body).written()


def _said(rule: Written) -> dict[str, str]:
    notes = {"about": rule.about, "suits": ", ".join(str(name) for name in rule.suits)}
    said = {name: note for name, note in notes.items() if note} | plain(rule.body)
    return said | ({"state": str(rule.state)} if rule.state is not None else {})


def _rule(gather: Gather, key: Scalar, name: str, node: Node, vocabulary: Vocabulary) -> Written | None:
    before = len(gather.mistakes)
    fields = gather.fields(node, FIELDS, key.text, required=("condition",))
    if isinstance(node, Scalar) and node.is_nothing:
        gather.add(key, "missing_key", key.text, key="condition")
    body = RuleBody(condition="")
    for option in OPTIONS:
        if option in fields:
            body = _with(gather, body, option, fields[option], key.text)
    state = gather.choice(fields["state"], STATES, _place(key, "state")) if "state" in fields else None
    about = gather.text(fields["about"], _place(key, "about")) if "about" in fields else ""
    suits = _suits(gather, fields["suits"], _place(key, "suits")) if "suits" in fields else ()
    condition = fields.get("condition")
    text = gather.text(condition, _place(key, "condition")) if condition is not None else None
    if condition is None or text is None:
        return None
    try:
        accepted = accept(text, vocabulary)
    except ConditionError as error:
        gather.caused(condition, error, _place(key, "condition"))
        return None
    if len(gather.mistakes) > before:
        return None
    body = replace(body, condition=accepted.text)
    return Written(name, body, state, about or "", key.line, accepted.warnings, suits)


def _suits(gather: Gather, node: Node, where: str) -> tuple[Name, ...]:
    """Read names of definitions: a list, or a text with commas between."""
    found: dict[Name, None] = {}
    for item in gather.items(node):
        text = gather.text(item, where)
        for said in text.split(",") if text is not None else ():
            try:
                found[Name.read(said)] = None
            except (UnknownDefinitionError, BadNameError) as error:
                gather.caused(item, error, where)
    return tuple(found)


def _with(gather: Gather, body: RuleBody, option: str, node: Node, name: str) -> RuleBody:
    said = gather.text(node, f"{name}, {option}")
    if said is None:
        return body
    try:
        return with_options(body, Options.said({option: said}))
    except BadOptionError as error:
        listed = error.params["choices"]
        choices = [str(choice) for choice in listed] if isinstance(listed, list) else []
        near = gather.nearest(said, choices) if option not in LENGTHS else None
        gather.add(node, "bad_choice", f"{name}, {option}", found=said, nearest=near, choices=choices)
        return body


def _place(key: Scalar, field: str) -> str:
    return f"{key.text}, {field}"


class _Dumper(yaml.SafeDumper):
    """Writes texts bare only where no reader of YAML, of whatever version, could take them for anything else."""


_BARE: Final = re.compile(r"[^\W\d_][\w .,()<>=/%+;-]*\Z|[1-9][0-9]*(?:d|h|ms)\Z")
_NO_TEXT: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    bare = _BARE.match(text) and text.casefold() not in _NO_TEXT
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if bare else '"')


_Dumper.add_representer(str, _text)


def _yaml(entry: Mapping[str, Any]) -> str:
    return yaml.dump(
        entry,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=False,
        width=1_000_000,
    )
