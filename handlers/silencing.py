"""Silences, as managers make and end them: each is audited, and ends by itself.

It must not know Slack's requests, nor how an answer is laid out.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from handlers import holding, rule_changes
from handlers.context import Context
from handlers.rulebook import Request, named
from rules.access import Action, Alerting
from rules.alerts.until import read_reason, read_until
from rules.conditions.check import accept
from rules.conditions.problems import Problem
from rules.errors import WarmlineError
from rules.instants import DAY, iso
from storage import audit, rules, silences
from storage.audit import Entry
from storage.database import Transaction
from storage.silences import StoredSilence
from templates.views import SilencedView, SilenceView

LONGEST: Final = 366 * DAY


class EndlessError(WarmlineError):
    """A silence without an end; ``usage`` shows how it goes."""

    code: ClassVar[str] = "endless_silence"


class BadSilenceEndError(WarmlineError):
    """A silence that would end in the past, or later than ``days`` from now."""

    code: ClassVar[str] = "bad_silence_end"


class NoSilenceError(WarmlineError):
    """No silence of this number, ``id``, is running."""

    code: ClassVar[str] = "no_silence"


@dataclass(frozen=True, slots=True)
class Wish:
    """A silence as somebody wrote it; ``rule`` is the name of the one that it is about, if of one."""

    condition: str
    until: str
    reason: str = ""
    rule: str | None = None


def silence(ctx: Context, request: Request, wish: Wish) -> SilencedView | None:
    """Store a silence; None where the request was delivered before.

    Raises `NotAllowedError`, `BadSilenceEndError`, `rules.alerts.until.BadUntilError`, `rulebook.NoRuleError`, and
    `rules.conditions.problems.ConditionError`.
    """

    def work(tx: Transaction) -> tuple[StoredSilence, tuple[Problem, ...]]:
        now = ctx.now()
        until = read_until(wish.until, now, ctx.calendar)
        if not now < until <= now + LONGEST:
            raise BadSilenceEndError(days=LONGEST // DAY)
        rule = named(tx, wish.rule) if wish.rule else None
        accepted = accept(wish.condition, rule_changes.vocabulary(tx))
        rule_changes.within_horizon(tx, ctx, accepted.text)
        stored = silences.add(
            tx,
            condition=accepted.text,
            rule_id=rule.id if rule else None,
            reason=read_reason(wish.reason),
            author=request.actor.id,
            now=now,
            until=until,
        )
        diff = _said(stored, rule.name if rule else None)
        _audit(tx, ctx, request, stored, did="silence.add", diff=diff)
        return stored, accepted.warnings

    done = rule_changes.once(
        ctx,
        request.actor,
        did="silence.add",
        on="silence",
        change=work,
        key=request.key,
        action=Action.SILENCE,
        thing=Alerting(),
    )
    if done is None:
        return None
    stored, warnings = done
    with ctx.database.reading() as tx:
        counted = holding.count(tx, ctx, stored.condition)
        return SilencedView(_view(tx, stored), counted, warnings)


def listing(ctx: Context) -> list[SilenceView]:
    """Give the silences that are running, the one that ends first first."""
    with ctx.database.reading() as tx:
        return [_view(tx, one) for one in silences.running(tx, now=ctx.now())]


def unsilence(ctx: Context, request: Request, number: int) -> SilenceView | None:
    """End a silence early; None where the request was delivered before. Raises `NotAllowedError` or `NoSilenceError`."""

    def work(tx: Transaction) -> StoredSilence:
        found = silences.by_id(tx, number)
        if found is None or not silences.end(tx, number, by=request.actor.id, now=ctx.now()):
            raise NoSilenceError(id=str(number))
        _audit(tx, ctx, request, found, did="silence.end", diff="")
        return found

    ended = rule_changes.once(
        ctx,
        request.actor,
        did="silence.end",
        on=f"silence:{number}",
        change=work,
        key=request.key,
        action=Action.SILENCE,
        thing=Alerting(),
    )
    if ended is None:
        return None
    with ctx.database.reading() as tx:
        return _view(tx, ended)


def _view(tx: Transaction, one: StoredSilence) -> SilenceView:
    rule = rules.by_id(tx, one.rule_id) if one.rule_id is not None else None
    return SilenceView(
        one.id, one.condition, rule.name if rule else None, one.reason, one.author, one.at, one.until
    )


def _said(one: StoredSilence, rule: str | None) -> str:
    lines = [f"+ condition: {one.condition}", f"+ until: {iso(one.until)}"]
    lines += [f"+ rule: {rule}"] if rule else []
    return "\n".join([*lines, *([f"+ reason: {one.reason}"] if one.reason else [])])


def _audit(
    tx: Transaction, ctx: Context, request: Request, one: StoredSilence, *, did: str, diff: str
) -> None:
    entry = Entry(at=ctx.now(), actor=request.actor.id, action=did, object=f"silence:{one.id}", diff=diff)
    audit.note(tx, entry)
