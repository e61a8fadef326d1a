"""Word to the managers about the bot itself, as a direct message to each of them."""

from collections.abc import Mapping

from handlers.context import Context
from storage import outbox
from storage.database import Transaction
from storage.outbox import Call, New, Subject


def tell_managers(tx: Transaction, ctx: Context, code: str, params: Mapping[str, object]) -> None:
    """Ask for the notice ``code`` of ``text/notices.j2`` to be sent to each manager; user groups have no messages."""
    notices = [
        New(
            call=Call.POST,
            subject=Subject.NOTICE,
            channel=manager,
            payload={"code": code, "params": dict(params)},
        )
        for manager in sorted(one for one in ctx.managers if one.startswith(("U", "W")))
    ]
    outbox.add_all(tx, notices, now=ctx.elapsed())
