"""Word about the bot itself, as direct messages: to the managers, or to whoever wrote a rule."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from handlers.context import Context
from storage import outbox
from storage.database import Transaction
from storage.outbox import Call, New, Subject

_PERSON: Final = re.compile(r"[UW][A-Z0-9]+\Z")


def owner_of(author: str, ctx: Context) -> frozenset[str]:
    """Give whom to tell of a rule: its author, or the managers where that is nobody in Slack."""
    return frozenset({author}) if _PERSON.match(author) else ctx.managers


def tell_managers(tx: Transaction, ctx: Context, code: str, params: Mapping[str, object]) -> None:
    """Ask for the notice ``code`` of ``text/notices.j2`` to be sent to each manager."""
    tell_everyone(tx, ctx, ctx.managers, code, params)


def tell_everyone(
    tx: Transaction,
    ctx: Context,
    to: Iterable[str],
    code: str,
    params: Mapping[str, object],
    *,
    about: int | None = None,
    choose: int | None = None,
) -> None:
    """Ask for the notice ``code`` of ``text/notices.j2`` to be sent to each of these; user groups have no messages.

    ``about``: the number of the rule that it is about, which somebody must hear of: where no person is to be told, it
    is said in the default channel; ``choose``: that of a rule another channel can be chosen for.
    """
    payload: dict[str, object] = {"code": code, "params": dict(params)}
    payload |= {name: value for name, value in (("about", about), ("choose", choose)) if value is not None}
    people = [person for person in sorted(set(to)) if _PERSON.match(person)]
    if not people and about is not None and ctx.default_channel:
        people = [ctx.default_channel]
    notices = [
        New(call=Call.POST, subject=Subject.NOTICE, channel=person, payload=payload) for person in people
    ]
    outbox.add_all(tx, notices, now=ctx.elapsed())
