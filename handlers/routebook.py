"""Routes, as managers make and remove them: each change is audited.

It must not know Slack's requests, nor how an answer is laid out.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from handlers import rule_changes
from handlers.context import Context
from handlers.rulebook import Request, named
from rules.access import Action, Alerting
from rules.alerts.pipeline.stage import Stage
from rules.alerts.route import Route, read_target
from rules.alerts.typed import BadRuleNameError, rule_name
from rules.conditions.check import accept
from rules.conditions.suggest import nearest
from rules.errors import WarmlineError
from storage import alerts, audit, routes, rules
from storage.audit import Entry
from storage.database import Transaction
from templates.views import RouteView

_OF_THE_CHANNEL: Final = (Stage.QUIET, Stage.BUDGET)
"""Stages that go by the channel: what they hold back may be for another one by a change of routes."""


class NoRouteError(WarmlineError):
    """There is no route of this ``name``; ``nearest`` are names like it, perhaps none."""

    code: ClassVar[str] = "no_route"


@dataclass(frozen=True, slots=True)
class Wish:
    """A route as somebody wrote it; ``rule`` is the name of the one that it is about, if of one."""

    name: str
    condition: str
    target: str
    rule: str | None = None


def add(ctx: Context, request: Request, wish: Wish) -> RouteView | None:
    """Store a route behind the others; None where the request was delivered before.

    Raises `NotAllowedError`, `RouteExistsError`, `BadTargetError`, `BadRuleNameError`, `rulebook.NoRuleError` and
    `rules.conditions.problems.ConditionError`.
    """

    def work(tx: Transaction) -> RouteView:
        name = rule_name(wish.name)
        target, channel = read_target(wish.target)
        rule = named(tx, wish.rule) if wish.rule else None
        accepted = accept(wish.condition, rule_changes.vocabulary(tx))
        rule_changes.within_horizon(tx, ctx, accepted.text)
        stored = routes.add(
            tx,
            name=name,
            condition=accepted.text,
            rule_id=rule.id if rule else None,
            target=target,
            channel=channel,
            author=request.actor.id,
            now=ctx.now(),
        )
        alerts.look_again(tx, _OF_THE_CHANNEL, now=ctx.now())
        view = _view(tx, stored)
        _audit(tx, ctx, request, stored, did="route.add", diff=_said(view, "+"))
        return view

    return rule_changes.once(
        ctx,
        request.actor,
        did="route.add",
        on=f"route:{wish.name[:60]}",
        change=work,
        key=request.key,
        action=Action.CHANGE_ROUTES,
        thing=Alerting(),
    )


def remove(ctx: Context, request: Request, name: str) -> RouteView | None:
    """Remove a route; None where the request was delivered before. Raises `NotAllowedError` or `NoRouteError`."""

    def work(tx: Transaction) -> RouteView:
        found = _named(tx, name)
        if not routes.remove(tx, found.id, by=request.actor.id, now=ctx.now()):
            raise NoRouteError(name=name[:80], nearest=[])
        alerts.look_again(tx, _OF_THE_CHANNEL, now=ctx.now())
        view = _view(tx, found)
        _audit(tx, ctx, request, found, did="route.remove", diff=_said(view, "-"))
        return view

    return rule_changes.once(
        ctx,
        request.actor,
        did="route.remove",
        on=f"route:{name[:60]}",
        change=work,
        key=request.key,
        action=Action.CHANGE_ROUTES,
        thing=Alerting(),
    )


def listing(ctx: Context) -> list[RouteView]:
    """Give the routes in their order."""
    with ctx.database.reading() as tx:
        return [_view(tx, one) for one in routes.listing(tx)]


def _named(tx: Transaction, name: str) -> Route:
    known = {one.name: one for one in routes.listing(tx)}
    try:
        found = known.get(rule_name(name))
    except BadRuleNameError:
        found = None
    if found is None:
        near = nearest(name, known)
        raise NoRouteError(name=name[:80], nearest=[near] if near else [])
    return found


def _view(tx: Transaction, one: Route) -> RouteView:
    rule = rules.by_id(tx, one.rule_id) if one.rule_id is not None else None
    return RouteView(
        one.name,
        one.condition,
        rule.name if rule else None,
        str(one.target),
        one.channel,
        one.author,
        one.at,
    )


def _said(view: RouteView, sign: str) -> str:
    lines = [("condition", view.condition), ("to", view.target), ("channel", view.channel)]
    lines += [("rule", view.rule)] if view.rule else []
    return "\n".join(f"{sign} {name}: {value}" for name, value in lines if value)


def _audit(tx: Transaction, ctx: Context, request: Request, one: Route, *, did: str, diff: str) -> None:
    entry = Entry(at=ctx.now(), actor=request.actor.id, action=did, object=f"route:{one.name}", diff=diff)
    audit.note(tx, entry)
