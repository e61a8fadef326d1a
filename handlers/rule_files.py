"""The rule book as a file: written out whole, and read back with its difference shown before anything changes.

A file says what a rule is: what it leaves out is the default. Whether the rule is watched or paused stays as it is
where the file does not say, and rules of which the file does not speak stay altogether, unless they are to be removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from handlers import rule_changes
from handlers.context import Context
from handlers.rulebook import Request
from rules.alerts.rule import RuleBody, RuleState
from rules.book.written import Written, plain, read_book, write_book
from rules.conditions.problems import Problem
from rules.conditions.reach import PastHorizonError
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError, Mistake
from rules.lifecycle.resolve import MeaningTooLargeError
from storage import alerts, rules
from storage.database import Transaction
from storage.rules import Rule, RuleExistsError

_EVERY_RULE: Final = "rules"


class RulesChangedMeanwhileError(WarmlineError):
    """Somebody changed the rules between the difference that was shown and the import; nothing was imported."""

    code: ClassVar[str] = "rules_changed_meanwhile"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a rule says, and whether it is watched."""

    body: RuleBody
    state: RuleState

    def said(self) -> Mapping[str, str]:
        """Give it in the words of a file."""
        return plain(self.body) | {"state": str(self.state)}


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """A rule before and after an import; None where there is none."""

    name: str
    before: Standing | None
    after: Standing | None

    def lines(self) -> tuple[str, ...]:
        """Say the difference, ``- field: old`` and ``+ field: new`` for each field that changes."""
        old = self.before.said() if self.before else {}
        new = self.after.said() if self.after else {}
        lines: list[str] = []
        for field in dict.fromkeys((*old, *new)):
            if old.get(field) != new.get(field):
                lines += [f"- {field}: {old[field]}"] if field in old else []
                lines += [f"+ {field}: {new[field]}"] if field in new else []
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does, each by name: ``elsewhere`` are rules in use of which the file does not speak.

    ``warnings`` are (rule, what its author should know of the condition).
    """

    added: tuple[RuleDiff, ...] = ()
    changed: tuple[RuleDiff, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[RuleDiff, ...] = ()
    elsewhere: tuple[str, ...] = ()
    warnings: tuple[tuple[str, Problem], ...] = ()

    @property
    def diffs(self) -> tuple[RuleDiff, ...]:
        """Every rule that becomes another, by name."""
        return tuple(sorted((*self.added, *self.changed, *self.removed), key=lambda one: one.name))


def export(ctx: Context) -> tuple[str, int]:
    """Write the rules that are watched or paused as a file, by name; gives its text and how many they are."""
    with ctx.database.reading() as tx:
        found = [Written(rule.name, rule.body, rule.state) for rule in rules.listing(tx)]
    return write_book(sorted(found, key=lambda one: one.name)), len(found)


def plan(ctx: Context, text: str, *, remove_others: bool = False) -> Plan:
    """Say what importing ``text`` would do. Raises `rules.files.mistakes.BadFileError` with every mistake in it."""
    with ctx.database.reading() as tx:
        return _plan(tx, ctx, text, remove_others=remove_others)


def apply(
    ctx: Context, request: Request, text: str, shown: Plan, *, remove_others: bool = False
) -> Plan | None:
    """Import ``text``, all of it or nothing, if that still does what was ``shown``; None where it was done before.

    Each change is versioned and audited as if made alone. Raises `rules.access.NotAllowedError`, `BadFileError`,
    `RulesChangedMeanwhileError` and `storage.errors.DatabaseTroubleError`.
    """

    def change(tx: Transaction) -> Plan:
        found = _plan(tx, ctx, text, remove_others=remove_others)
        if found.diffs != shown.diffs:
            raise RulesChangedMeanwhileError
        _make(tx, ctx, request, found.diffs)
        return found

    return rule_changes.once(
        ctx, request.actor, did="rule.import", on=_EVERY_RULE, change=change, key=request.key
    )


def _plan(tx: Transaction, ctx: Context, text: str, *, remove_others: bool) -> Plan:
    written = read_book(text, rule_changes.vocabulary(tx))
    _refuse_past(tx, ctx, written)
    now = {rule.name: Standing(rule.body, rule.state) for rule in rules.listing(tx)}
    diffs = [_diff(rule, now.get(rule.name)) for rule in written]
    others = sorted(now.keys() - {rule.name for rule in written})
    return Plan(
        added=_by_name([one for one in diffs if one.before is None]),
        changed=_by_name([one for one in diffs if one.before not in (None, one.after)]),
        unchanged=tuple(sorted(one.name for one in diffs if one.before == one.after)),
        removed=tuple(RuleDiff(name, now[name], None) for name in others) if remove_others else (),
        elsewhere=() if remove_others else tuple(others),
        warnings=tuple(
            (rule.name, problem)
            for rule, diff in zip(written, diffs, strict=True)
            for problem in rule.warnings
            if diff.before != diff.after
        ),
    )


def _refuse_past(tx: Transaction, ctx: Context, written: Sequence[Written]) -> None:
    """Raise `BadFileError` with every rule that needs events that were pruned, or is too large with its definitions."""
    mistakes = []
    for rule in written:
        try:
            rule_changes.within_horizon(tx, ctx, rule.body.condition)
        except (PastHorizonError, MeaningTooLargeError) as error:
            mistakes.append(Mistake(rule.line, error.code, where=rule.name, cause=error))
    if mistakes:
        raise BadFileError(mistakes)


def _diff(written: Written, before: Standing | None) -> RuleDiff:
    stays = before.state if before is not None else RuleState.ACTIVE
    return RuleDiff(written.name, before, Standing(written.body, written.state or stays))


def _by_name(diffs: list[RuleDiff]) -> tuple[RuleDiff, ...]:
    return tuple(sorted(diffs, key=lambda one: one.name))


def _make(tx: Transaction, ctx: Context, request: Request, diffs: Sequence[RuleDiff]) -> None:
    """Take rules from what they were to what they are to be.

    Whatever is locked is locked before anything is written, in the order that all keep: rules, alerts, counters.
    """
    locked = {diff.name: _locked(tx, diff) for diff in diffs if diff.before is not None}
    for diff in diffs:
        if diff.after is None:
            alerts.unresolved(tx, rule_id=locked[diff.name].id, lock=True)
    for diff in diffs:
        if diff.after is None:
            rule_changes.remove(tx, ctx, request.actor, locked[diff.name])
        else:
            _change(tx, ctx, request, locked.get(diff.name), name=diff.name, after=diff.after)


def _locked(tx: Transaction, diff: RuleDiff) -> Rule:
    """Take hold of a rule; raises where it changed since the difference was taken."""
    rule = rules.by_name(tx, diff.name, lock=True)
    if rule is None or Standing(rule.body, rule.state) != diff.before:
        raise RulesChangedMeanwhileError
    return rule


def _change(
    tx: Transaction, ctx: Context, request: Request, rule: Rule | None, *, name: str, after: Standing
) -> None:
    if rule is None:
        try:
            rule = rule_changes.add(tx, ctx, request.actor, name=name, body=after.body)
        except RuleExistsError as error:
            raise RulesChangedMeanwhileError from error
    elif rule.body != after.body:
        rule = rule_changes.edit(tx, ctx, request.actor, rule, after.body)
    if rule.state is not after.state:
        rule_changes.set_state(tx, ctx, request.actor, rule, after.state)
