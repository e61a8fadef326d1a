"""How good rules are: what came of their alerts over a stretch, what people say, and what the preview had promised."""

from collections import defaultdict
from statistics import median
from typing import Final

from handlers import rulebook
from handlers.context import Context
from rules.instants import DAY
from storage import promises, results, rules, votes
from templates.views import QualityView

STRETCH: Final = 90 * DAY


def quality(ctx: Context, name: str | None = None) -> list[QualityView]:
    """Give how rules did over the last 90 days, by name; or the one of that name. Raises `rulebook.NoRuleError`."""
    now = ctx.now()
    since = now - STRETCH
    with ctx.database.reading() as tx:
        chosen = [rulebook.named(tx, name)] if name else rules.listing(tx)
        ends = {one.rule_id: one for one in results.outcomes(tx, since=since)}
        waits: dict[int, list[int]] = defaultdict(list)
        for rule_id, wait in results.claim_waits(tx, since=since):
            waits[rule_id].append(wait)
        said, promised = votes.of_rules(tx, since=since), promises.latest(tx)
        made: list[QualityView] = []
        for rule in chosen:
            end, (useful, useless) = ends.get(rule.id), said.get(rule.id, (0, 0))
            begun = max(since, rules.version_of(tx, rule.id, 1).at)
            messages, days = promised.get(rule.id, (0, 0))
            made.append(
                QualityView(
                    rule=rule.name,
                    kind=rule.body.kind,
                    opened=end.opened if end else 0,
                    posted=end.posted if end else 0,
                    claimed=end.claimed if end else 0,
                    by_itself=end.by_itself if end else 0,
                    useful=useful,
                    useless=useless,
                    wait=int(median(waits[rule.id])) if waits[rule.id] else None,
                    messages=end.messages if end else 0,
                    days=max(1, (now - begun) // DAY),
                    promised=(messages, days) if days else None,
                )
            )
        return made
