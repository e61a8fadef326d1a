"""The rules, as chat and the command line see and change them: every change is a version, audited with its difference.

It must not know Slack's requests, nor how an answer is laid out. Whether a rule holds is the sweep's business; it
evaluates a changed rule at its next instant.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Literal, TypeVar

from rapidfuzz import process

from handlers import holding, meaning, rule_changes
from handlers.context import Context
from rules.access import Action, Actor, Rulebook, Thing
from rules.alerts.rule import RuleBody, RuleState, difference
from rules.alerts.typed import LONGEST_NAME, BadRuleNameError, Options, rule_name, with_options
from rules.book import BookRule, book
from rules.conditions.check import OF_NOBODY, Accepted, accept, unfitted
from rules.conditions.problems import Code, Problem, Severity
from rules.conditions.spans import NOWHERE
from rules.errors import WarmlineError
from storage import alerts, rules
from storage.database import Transaction
from storage.rules import Rule, RuleExistsError
from templates.views import ChangeView, CheckView, RuleCard, VersionView

_RULES: Final = Rulebook()
Done = TypeVar("Done")
_NAME: Final = re.compile(r"[\w\s.\-]+\Z")
"""What may be a rule's name and is no condition: words alone."""


class NoRuleError(WarmlineError):
    """There is no rule of this ``name``; ``nearest`` are names like it, perhaps none."""

    code: ClassVar[str] = "no_rule"


class NeedsConditionError(WarmlineError):
    """A rule that does not ship, ``name``, was added without a condition; ``nearest`` are names of those that do."""

    code: ClassVar[str] = "needs_condition"


class NeitherError(WarmlineError):
    """``text``, cut, is the name of no rule, and no condition either; ``nearest`` are names like it, perhaps none."""

    code: ClassVar[str] = "neither_rule_nor_condition"


class NothingChangedError(WarmlineError):
    """An edit of the rule ``name`` that leaves it as it is."""

    code: ClassVar[str] = "nothing_changed"


class HidesItselfError(WarmlineError):
    """The rule ``name`` would hide its own alerts."""

    code: ClassVar[str] = "hides_itself"


class RuleStateError(WarmlineError):
    """The rule ``name`` is in that ``state`` already."""

    code: ClassVar[str] = "rule_state"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a change; ``key`` is the same in every repetition of a request that may come twice."""

    actor: Actor
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule to ``add``, or to ``edit``, as somebody wrote it; without a condition, one that ships or the one it has."""

    did: Literal["add", "edit"]
    name: str
    condition: str = ""
    options: Options = field(default_factory=Options)
    entities: bool = False


@dataclass(frozen=True, slots=True)
class Considered:
    """What a wish comes to: the ``body`` to be stored under ``name``, and the rule as it stands, where it is an edit."""

    name: str
    body: RuleBody
    accepted: Accepted
    diff: str
    rule: Rule | None = None
    unheard: tuple[Problem, ...] = ()
    """Warnings of names of rules that it hides and that are nobody's."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What its author should know."""
        return (*self.unheard, *self.accepted.warnings)


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
        rule = named(tx, name)
        unknown = unfitted(meaning.of(tx, rule.body.condition), rule_changes.vocabulary(tx))
        return replace(_card(tx, rule), unknown=unknown)


def history(ctx: Context, name: str) -> tuple[str, list[VersionView]]:
    """Give the versions of a rule, the newest first, under its name; raises `NoRuleError`."""
    with ctx.database.reading() as tx:
        rule = named(tx, name)
        return rule.name, [
            VersionView(one.version, one.author, one.at, one.diff) for one in rules.history(tx, rule.id)
        ]


def check(ctx: Context, condition: str, *, entities: bool = False) -> CheckView:
    """Read a condition as a rule would; raises `rules.conditions.problems.ConditionError` or `PastHorizonError`."""
    with ctx.database.reading() as tx:
        accepted = _accepted(tx, condition, entities=entities)
        rule_changes.within_horizon(tx, ctx, accepted.text)
        return CheckView(accepted.source, accepted.text, accepted.warnings, _holding(tx, ctx, accepted.text))


def rule_or_condition(
    ctx: Context, text: str, *, entities: bool = False
) -> tuple[str | None, RuleBody, Accepted]:
    """Give what ``text`` names: a rule in use, or one that ships, under its name; or a condition, with all defaults.

    Raises `NeitherError` for what looks like a name and is none's, or `rules.conditions.problems.ConditionError`.
    """
    with ctx.database.reading() as tx:
        named = _in_use_or_shipped(tx, text)
        if named is not None:
            name, body = named
            return name, body, _accepted(tx, body.condition)
        if _NAME.match(text):
            names = [*(one.name for one in rules.listing(tx)), *book()]
            raise NeitherError(text=text.strip()[:80], nearest=_nearest(text, dict.fromkeys(names)))
        accepted = _accepted(tx, text, entities=entities)
        return None, RuleBody(condition=accepted.text), accepted


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
    wish = Wish("add", name, condition, options or Options(), entities=entities)
    return counted(ctx, change(ctx, request, "add", name, lambda tx: store(tx, ctx, request, wish)))


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
    wish = Wish("edit", name, condition, options or Options(), entities=entities)
    changed = change(ctx, request, "edit", name, lambda tx: store(tx, ctx, request, wish))
    return counted(ctx, changed) if condition else changed


def reroute(ctx: Context, request: Request, rule_id: int, channel: str) -> ChangeView | None:
    """Let a rule tell in another channel, given by Slack's id. None where the request was delivered before.

    Raises `NotAllowedError`, `NoRuleError` or `NothingChangedError`.
    """
    with ctx.database.reading() as tx:
        rule = rules.by_id(tx, rule_id)
        if rule is None or rule.state is RuleState.REMOVED:
            used = [one.name for one in rules.listing(tx)]
            raise NoRuleError(
                name=rule.name if rule else f"#{rule_id}", nearest=_nearest(rule.name if rule else "", used)
            )
    return edit(ctx, request, name=rule.name, options=Options(channel=f"<#{channel}>"))


def consider(tx: Transaction, wish: Wish) -> Considered:
    """Read a wish and check all that would keep it from being stored; its name stays locked for the transaction.

    Raises what `add` and `edit` raise, but for `NotAllowedError`.
    """
    if wish.did == "add":
        slug = rule_name(wish.name)
        if rules.by_name(tx, slug, lock=True) is not None:
            raise RuleExistsError(name=slug)
        accepted, body = _new_body(tx, slug, wish.condition, wish.entities)
        body = with_options(body, wish.options)
        return Considered(slug, body, accepted, difference(None, body), unheard=_unheard(tx, slug, body))
    rule = named(tx, wish.name, lock=True)
    accepted = _accepted(
        tx, wish.condition or rule.body.condition, entities=wish.entities and bool(wish.condition)
    )
    body = with_options(replace(rule.body, condition=accepted.text), wish.options)
    diff = difference(rule.body, body)
    if not diff:
        raise NothingChangedError(name=rule.name)
    unheard = _unheard(tx, rule.name, body) if wish.options.hides is not None else ()
    return Considered(rule.name, body, accepted, diff, rule, unheard)


def store(tx: Transaction, ctx: Context, request: Request, wish: Wish) -> ChangeView:
    """Do what is wished, in the caller's transaction, and audit it; whether it is allowed was asked before."""
    found = consider(tx, wish)
    if found.rule is None:
        stored = rule_changes.add(tx, ctx, request.actor, name=found.name, body=found.body)
    else:
        stored = rule_changes.edit(tx, ctx, request.actor, found.rule, found.body)
    return ChangeView(
        did=wish.did,
        card=_card(tx, stored),
        source=found.accepted.source,
        warnings=found.warnings if found.rule is None or wish.condition else found.unheard,
        diff=found.diff,
    )


def pause(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Watch a rule no more for a while; its alerts stay as they are. Raises `NotAllowedError` or `NoRuleError`."""
    return _set_state(ctx, request, name, RuleState.PAUSED, "pause")


def resume(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Watch a paused rule again. Raises `NotAllowedError`, `NoRuleError`, `RuleStateError` or `PastHorizonError`."""
    return _set_state(ctx, request, name, RuleState.ACTIVE, "resume")


def remove(ctx: Context, request: Request, name: str) -> ChangeView | None:
    """Remove a rule; its alerts end, and each message says so. Raises `NotAllowedError` or `NoRuleError`."""

    def work(tx: Transaction) -> ChangeView:
        rule = named(tx, name, lock=True)
        card = _card(tx, rule)
        closed = rule_changes.remove(tx, ctx, request.actor, rule)
        return ChangeView(did="remove", card=replace(card, state=RuleState.REMOVED), closed=closed)

    return change(ctx, request, "remove", name, work)


def _set_state(ctx: Context, request: Request, name: str, state: RuleState, did: str) -> ChangeView | None:
    def work(tx: Transaction) -> ChangeView:
        rule = named(tx, name, lock=True)
        if rule.state is state:
            raise RuleStateError(name=rule.name, state=str(state))
        rule_changes.set_state(tx, ctx, request.actor, rule, state)
        return ChangeView(did=did, card=replace(_card(tx, rule), state=state))

    return change(ctx, request, did, name, work)


def change(
    ctx: Context,
    request: Request,
    did: str,
    name: str,
    work: Callable[[Transaction], Done],
    *,
    action: Action = Action.CHANGE_RULES,
    thing: Thing = _RULES,
) -> Done | None:
    """Do a change once, if allowed; who is not allowed is told, and that is audited.

    None where the request was delivered before. Raises `NotAllowedError`, and `storage.errors.DatabaseTroubleError`,
    besides what ``work`` raises; nothing is changed then.
    """

    return rule_changes.once(
        ctx,
        request.actor,
        did=f"rule.{did}",
        on=f"rule:{name[:LONGEST_NAME]}",
        change=work,
        key=request.key,
        action=action,
        thing=thing,
    )


def counted(ctx: Context, changed: ChangeView | None) -> ChangeView | None:
    """Count for how many customers the rule holds now: after the change, so that nobody who writes waits for it."""
    if changed is None:
        return None
    with ctx.database.reading() as tx:
        return replace(changed, holding=_holding(tx, ctx, changed.card.body.condition))


def _unheard(tx: Transaction, name: str, body: RuleBody) -> tuple[Problem, ...]:
    """Warn of rules that are to be hidden and that there are not; they may be added later. Raises `HidesItselfError`."""
    if name in body.hidden:
        raise HidesItselfError(name=name)
    known = {rule.name for rule in rules.listing(tx)} if body.hidden else set()

    def meant(other: str) -> str | None:
        # The name of a rule that ships is no slip.
        return None if other in book() else next(iter(_nearest(other, known - {name})), None)

    return tuple(
        Problem(
            Code.NO_SUCH_RULE, NOWHERE, {"name": other, "nearest": meant(other)}, severity=Severity.WARNING
        )
        for other in body.hidden
        if other not in known
    )


def _new_body(tx: Transaction, slug: str, condition: str, entities: bool) -> tuple[Accepted, RuleBody]:
    if condition:
        accepted = _accepted(tx, condition, entities=entities)
        return accepted, RuleBody(condition=accepted.text)
    shipped = book().get(slug)
    if shipped is None:
        raise NeedsConditionError(name=slug, nearest=_nearest(slug, book()))
    accepted = _accepted(tx, shipped.body.condition)
    return accepted, replace(shipped.body, condition=accepted.text)


def _accepted(tx: Transaction, text: str, *, entities: bool = False) -> Accepted:
    """Read what somebody typed; it is said too what is known of nobody yet in the definitions that it asks for."""
    known = rule_changes.vocabulary(tx)
    accepted = accept(text, known, entities=entities)
    said = {one.params.get("name") for one in accepted.warnings if one.code in OF_NOBODY}
    hidden = unfitted(meaning.resolved(tx, accepted.tree), known)
    more = (one for one in hidden if one.params["name"] not in said)
    return replace(accepted, warnings=(*accepted.warnings, *more))


def _holding(tx: Transaction, ctx: Context, condition: str) -> int | None:
    """Count for how many customers a condition holds now, where they are few enough to be asked at once."""
    counted = holding.count(tx, ctx, condition)
    return None if counted is None else counted[0]


def _in_use_or_shipped(tx: Transaction, text: str) -> tuple[str, RuleBody] | None:
    if not _NAME.match(text):
        return None
    try:
        slug = rule_name(text)
    except BadRuleNameError:
        return None
    rule, shipped = rules.by_name(tx, slug), book().get(slug)
    if rule is not None:
        return slug, rule.body
    return (slug, shipped.body) if shipped is not None else None


def named(tx: Transaction, name: str, *, lock: bool = False) -> Rule:
    """Give the rule in use that ``name`` means, as people write it; raises `NoRuleError` with the nearest names."""
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
