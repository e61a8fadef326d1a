"""``/lifecycle processes`` as people type it; it is registered with the life cycle's command."""

import pytest

from handlers.context import Context
from handlers.slack.asked import Asked
from handlers.slack.processes import lifecycle_processes
from handlers.slack.typed import ExtraArgumentError, MissingArgumentError, UnknownCommandError
from handlers.sweep import sweep
from rules.errors import WarmlineError
from storage.database import Database
from tests.contexts import StillClock, context
from tests.handlers.slack.world import MANAGER, TOM, Known, everything
from tests.handlers.test_processes import D, event, kinds, take


@pytest.fixture
def ctx(database: Database) -> Context:
    made = context(database, now=StillClock(D))
    take(made, *(event("purchase", -day, "c1") for day in range(1, 5)))
    return made


def said(ctx: Context, line: str, *, user: str = MANAGER, key: str = "") -> str:
    asked = Asked(ctx, Known({}), user, key or line)
    answer = lifecycle_processes(asked, line)
    return "" if answer is None else everything(answer)


def test_a_manager_gives_a_kind_its_process_and_takes_it_out(ctx: Context) -> None:
    take(ctx, event("demo_booked", -5, "c1"))
    listed = said(ctx, "", user=TOM)
    assert "*9 processes in which customers meet us*; one kind of event belongs to none" in listed
    assert "• `demo_booked` (1)" in listed
    assert "• `purchase` (4): They bought" in listed
    assert "• `order_completed` stands for `purchase`" in listed
    line = "assign Demo-Booked sales “A call &amp; a visit follow.”"
    assert "✅ `demo_booked` belongs to *Sales* now." in said(ctx, line, key="k1")
    assert said(ctx, line, key="k1") == "", "the same request again"
    assert "• `demo_booked` (1): A call &amp; a visit follow." in said(ctx, "list")
    assert "is taken out of *Sales*" in said(ctx, "unassign demo_booked")
    assert "belongs to none" in said(ctx, "", key="k2")
    assert "+ process: sales" in said(ctx, "history demo_booked")
    assert "Nobody has changed" in said(ctx, "history purchase")
    assert "see whether the name is right" in said(ctx, "assign demo_bookd sales")


def test_an_alias_with_events_asks_for_a_word_more(ctx: Context) -> None:
    take(ctx, event("placed", -5, "c1"))
    with pytest.raises(WarmlineError) as refused:
        said(ctx, "alias placed purchase")
    assert "`/lifecycle processes alias placed purchase move`" in ctx.words.error(refused.value)
    assert "1 stored event moves with the next sweep" in said(ctx, "alias placed purchase move")
    assert "its events move with the next sweep" in said(ctx, "list")
    sweep(ctx)
    assert kinds(ctx) == {"purchase": 5}
    assert "stands for itself again" in said(ctx, "unalias placed")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("asign x sales", UnknownCommandError),
        ("assign x", MissingArgumentError),
        ("alias x", MissingArgumentError),
        ("alias a b c", ExtraArgumentError),
        ("unalias", MissingArgumentError),
        ("history a b", ExtraArgumentError),
        ("assign x sails", WarmlineError),
        ("assign 🎉 sales", WarmlineError),
        ("unassign nothing", WarmlineError),
        (f"assign x sales {'y' * 301}", WarmlineError),
    ],
)
def test_what_cannot_be_done_is_said_in_words(ctx: Context, line: str, error: type[WarmlineError]) -> None:
    with pytest.raises(error) as refused:
        said(ctx, line)
    assert len(ctx.words.error(refused.value)) > 20
    assert "`/lifecycle processes assign" in said(ctx, "help")
