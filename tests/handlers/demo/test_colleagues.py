"""What the demo's colleagues did before it opens: they claimed most of what was told, and voted."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from handlers.context import Context
from handlers.demo import colleagues
from handlers.demo.company import Company
from handlers.demo.furnish import Demo
from handlers.demo.simulated import Simulated
from handlers.quality import quality
from tests.handlers.demo.test_furnish import clock, ctx, database

__all__ = ["clock", "ctx", "database"]


def test_they_take_most_alerts_once_and_say_whether_those_helped(ctx: Context, tmp_path: Path) -> None:
    company = Company(["tom@x"], people=250)
    demo = Demo(ctx, tmp_path, Simulated(ctx.calendar, ctx.now(), ["tom@x"], company))
    demo.furnish(manager="UMAYA", agents=["UTOM", "UAIKO"], console=Console(file=StringIO()))
    found = quality(ctx)
    claimed = sum(one.claimed for one in found)
    assert claimed > 0
    assert sum(one.useful + one.useless for one in found) == claimed
    colleagues.work(ctx, ["UTOM"], swept_at=ctx.now())
    again = sum(one.claimed for one in quality(ctx))
    colleagues.work(ctx, ["UTOM"], swept_at=ctx.now())
    assert sum(one.claimed for one in quality(ctx)) == again, "what somebody has is left to them"
