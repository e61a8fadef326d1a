"""The rules, as chat and the command line see and change them: every change is a version, audited with its difference.

It must not know Slack's requests, nor how an answer is laid out. Whether a rule holds is the sweep's business; it
evaluates a changed rule at its next instant.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from rapidfuzz import process

from handlers import rule_changes
from handlers.context import Context
from rules.access import Actor
from rules.alerts.rule import RuleBody, RuleState, difference
from rules.alerts.typed import LONGEST_NAME, BadRuleNameError, Options, rule_name, with_options
from rules.book import BookRule, book
from rules.conditions.check import Accepted, accept
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import Condition, terms
from rules.errors import WarmlineError
from storage import alerts, customers, rules
from storage import terms as answers
from storage.database import Transaction
from storage.rules import Rule, RuleExistsError
from templates.views import ChangeView, CheckView, RuleCard, VersionView

MOST_COUNTED: Final = 250_000
"""Customers up to whom it is counted at once for how many a condition holds."""
_BLOCK: Final = 50_000


class NoRuleError(WarmlineError):
    """There is no rule of this ``name``; ``nearest`` are names like it, perhaps none."""

    code: ClassVar[str] = "no_rule"


class NeedsConditionError(WarmlineError):
    """A rule that does not ship, ``name``, was added without a condition; ``nearest`` are names of those that do."""

    code: ClassVar[str] = "needs_condition"


class NothingChangedError(WarmlineError):
    """An edit of the rule ``name`` that leaves it as it is."""

    code: ClassVar[str] = "nothing_changed"


class RuleStateError(WarmlineError):
    """The rule ``name`` is in that ``state`` already."""

    code: ClassVar[str] = "rule_state"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a change; ``key`` is the same in every repetition of a request that may come twice."""

    actor: Actor
    key: str | None = None


def listing(ctx: Context) -> list[RuleCard]:
    """Give the rules that are watched or paused, by name."""
    with ctx.database.reading() as tx:
        return [_card(tx, rule) for rule in rules.listing(tx)]


def available(ctx: Context) -> list[BookRule]:
    """Give the rules that ship and are not in use."""
    with ctx.database.reading() as tx:
        used = {rule.name for rule in rules.listing(tx)}
    return [rule for name, rule in book().items() if name not in used]


def show(ctx: Context, name: str) -> RuleCard:
    """Give a rule; raises `NoRuleError` with the nearest names."""
    with ctx.database.reading() as tx:
        return _card(tx, _named(tx, name))


def history(ctx: Context, name: str) -> tuple[str, list[VersionView]]:
    """Give the versions of a rule, the newest first, under its name; raises `NoRuleError`."""
    with ctx.database.reading() as tx:
        rule = _named(tx, name)
        return rule.name, [
            VersionView(one.version, one.author, one.at, one.diff) for one in rules.history(tx, rule.id)
        ]


def check(ctx: Context, condition: str, *, entities: bool = False) -> CheckView:
    """Read a condition as a rule would; raises `rules.conditions.problems.ConditionError` or `PastHorizonError`."""
    with ctx.database.reading() as tx:
        accepted = accept(condition, rule_changes.vocabulary(tx), entities=entities)
        rule_changes.within_horizon(tx, ctx, accepted.tree)
        return CheckView(accepted.source, accepted.text, accepted.warnings, _holding(tx, ctx, accepted.tree))


def add(
    ctx: Context,
    request: Request,
    *,
    name: str,
    condition: str = "",
    options: Options | None = None,
    entities: bool = False,
) -> ChangeView | None:
    """Add a rule, or choose one that ships by its name alone; None where the request was delivered before.

    Raises `NotAllowedError`, `BadRuleNameError`, `RuleExistsError`, `NeedsConditionError`, `BadOptionError`,
    `rules.conditions.problems.ConditionError` or `rules.conditions.reach.PastHorizonError`.
    """

    def change(tx: Transaction) -> ChangeView:
        slug = rule_name(name)
        if rules.by_name(tx, slug, lock=True) is not None:
            raise RuleExistsError(name=slug)
        accepted, body = _new_body(tx, slug, condition, entities)
        body = with_options(body, options or Options())
        rule = rule_changes.add(tx, ctx, request.actor, name=slug, body=body)
        return ChangeView(
            did="add",
            card=_card(tx, rule),
            source=accepted.source,
            warnings=accepted.warnings,
            diff=difference(None, body),
        )

    return _counted(ctx, _change(ctx, request, "add", name, change))


def edit(
    ctx: Context,
    request: Request,
    *,
    name: str,
    condition: str = "",
    options: Options | None = None,
    entities: bool = False,
) -> ChangeView | None:
    """Store a new version of a rule; what is not said stays. None where the request was delivered before.

    Raises `NotAllowedError`, `NoRuleError`, `NothingChangedError`, `BadOptionError`,
    `rules.conditions.problems.ConditionError` or `rules.conditions.reach.PastHorizonError`.
    """

    def change(tx: Transaction) -> ChangeView:
        rule = _named(tx, name, lock=True)
        accepted = accept(
            condition or rule.body.condition,
            rule_changes.vocabulary(tx),
            entities=entities and bool(condition),
        )
        body = with_options(replace(rule.body, condition=accepted.text), options or Options())
        diff = difference(rule.body, body)
        if not diff:
            raise NothingChangedError(name=rule.name)
        edited = rule_changes.edit(tx, ctx, request.actor, rule, body)
        return ChangeView(
            did="edit",
            card=_card(tx, edited),
            source=accepted.source,
            warnings=accepted.warnings if condition else (),
            diff=diff,
        )

    changed = _change(ctx, request, "edit", name, change)
    return _counted(ctx, changed) if condition else changed


def pause(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Watch a rule no more for a while; its alerts stay as they are. Raises `NotAllowedError` or `NoRuleError`."""
    return _set_state(ctx, request, name, RuleState.PAUSED, "pause")


def resume(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Watch a paused rule again. Raises `NotAllowedError`, `NoRuleError`, `RuleStateError` or `PastHorizonError`."""
    return _set_state(ctx, request, name, RuleState.ACTIVE, "resume")


def remove(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Remove a rule; its alerts end, and each message says so. Raises `NotAllowedError` or `NoRuleError`."""

    def change(tx: Transaction) -> ChangeView:
        rule = _named(tx, name, lock=True)
        card = _card(tx, rule)
        closed = rule_changes.remove(tx, ctx, request.actor, rule)
        return ChangeView(did="remove", card=replace(card, state=RuleState.REMOVED), closed=closed)

    return _change(ctx, request, "remove", name, change)


def _set_state(ctx: Context, request: Request, name: str, state: RuleState, did: str) -> ChangeView | None:
    def change(tx: Transaction) -> ChangeView:
        rule = _named(tx, name, lock=True)
        if rule.state is state:
            raise RuleStateError(name=rule.name, state=str(state))
        rule_changes.set_state(tx, ctx, request.actor, rule, state)
        return ChangeView(did=did, card=replace(_card(tx, rule), state=state))

    return _change(ctx, request, did, name, change)


def _change(
    ctx: Context, request: Request, did: str, name: str, change: Callable[[Transaction], ChangeView]
) -> ChangeView | None:
    return rule_changes.once(
        ctx,
        request.actor,
        did=f"rule.{did}",
        on=f"rule:{name[:LONGEST_NAME]}",
        change=change,
        key=request.key,
    )


def _counted(ctx: Context, changed: ChangeView | None) -> ChangeView | None:
    """Count for how many customers the rule holds now: after the change, so that nobody who writes waits for it."""
    if changed is None:
        return None
    with ctx.database.reading() as tx:
        return replace(changed, holding=_holding(tx, ctx, parse(changed.card.body.condition)))


def _new_body(tx: Transaction, slug: str, condition: str, entities: bool) -> tuple[Accepted, RuleBody]:
    if condition:
        accepted = accept(condition, rule_changes.vocabulary(tx), entities=entities)
        return accepted, RuleBody(condition=accepted.text)
    shipped = book().get(slug)
    if shipped is None:
        raise NeedsConditionError(name=slug, nearest=_nearest(slug, book()))
    accepted = accept(shipped.body.condition, rule_changes.vocabulary(tx))
    return accepted, replace(shipped.body, condition=accepted.text)


def _holding(tx: Transaction, ctx: Context, tree: Condition) -> int | None:
    """Count for how many customers a condition holds now, where they are few enough to be asked at once."""
    if customers.count(tx) > MOST_COUNTED:
        return None
    now, holding = ctx.now(), 0
    known = customers.ids(tx, known_at=now)
    for start in range(0, len(known), _BLOCK):
        _, columns = answers.answer(
            tx,
            terms(tree),
            now=now,
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=known[start : start + _BLOCK],
        )
        holding += int(evaluate(tree, columns).sum())
    return holding


def _named(tx: Transaction, name: str, *, lock: bool = False) -> Rule:
    try:
        rule = rules.by_name(tx, rule_name(name), lock=lock)
    except BadRuleNameError:
        rule = None
    if rule is None:
        used = [one.name for one in rules.listing(tx)]
        raise NoRuleError(name=name[:80], nearest=_nearest(name, used))
    return rule


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    return [found[0] for found in process.extract(name.casefold(), list(names), limit=3, score_cutoff=60)]


def _card(tx: Transaction, rule: Rule) -> RuleCard:
    return RuleCard(
        name=rule.name,
        state=rule.state,
        body=rule.body,
        version=rule.version,
        author=rule.author,
        at=rule.at,
        matched=rule.matched,
        open_alerts=alerts.unresolved_count(tx, rule_id=rule.id),
        swept_at=rule.swept_at,
        degraded=rule.degraded,
    )
