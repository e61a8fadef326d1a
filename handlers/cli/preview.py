"""``bot.py rules preview``: what a rule or a condition would have done over a stretch of the past"""

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from handlers import shown
from handlers.cli.base import Cli, Instant, as_json, console, print_json
from handlers.preview import as_json as preview_as_json
from handlers.preview import preview, subject
from rules.preview.steps import USUAL_EVERY, Stretch
from templates.preview import bar_lines, bars, chart_title, figures, notes
from templates.views import PreviewView

_MOST_BARS = 60


@click.command("preview")
@click.argument("what", metavar="(NAME|CONDITION)")
@click.option(
    "--from",
    "since",
    type=Instant(),
    default=None,
    help="The first look; who matches then is the backlog. Default: 90 days before the end.",
)
@click.option("--to", "until", type=Instant(), default=None, help="The end. Default: now; no later than now.")
@click.option(
    "--every",
    default=USUAL_EVERY,
    show_default=True,
    help="How long from one look to the next, such as 12h, 1d or 1w.",
)
@as_json
@click.pass_obj
def preview_command(
    cli: Cli, /, what: str, *, since: int | None, until: int | None, every: str, as_json: bool
) -> None:
    """Show what a rule, or a condition, would have done in the past: who, how often, how many messages.

    Just what sweeps at those instants would have found. Profiles and attributes count as they are today. Changes
    nothing.
    """
    ctx = cli.context
    stretch = Stretch.of(since=since, until=until, every=every, now=ctx.now())
    of = subject(ctx, what)
    with _progress() as bar:
        task = bar.add_task("customers", total=None)
        view = preview(
            ctx, of, stretch, progress=lambda done, whole: bar.update(task, completed=done, total=whole)
        )
    if as_json:
        print_json(preview_as_json(view))
        return
    _show(cli, view)


def _progress() -> Progress:
    """Show how far it is, where somebody looks on."""
    to = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=to,
        transient=True,
        disable=not to.is_terminal,
    )


def _show(cli: Cli, view: PreviewView) -> None:
    voice = shown.voice(cli.context)
    out = console()
    out.print(view.condition, soft_wrap=True)
    table = Table(
        show_header=False, title=f"{voice.figures.day(view.since)} – {voice.figures.day(view.until)}"
    )
    for label, value in figures(view, voice):
        table.add_row(label, value)
    out.print(table)
    if view.entered:
        each, drawn = bars(view.weeks, voice, _MOST_BARS)
        out.print(f"\n{chart_title(each, voice)}")
        for line in bar_lines(drawn, voice):
            out.print(line, soft_wrap=True)
    if view.top:
        table = Table("customer", "name", "would have matched from", "spent", title="most valuable")
        for one in view.top:
            spent = voice.figures.money(one.spent.minor, one.spent.currency) if one.spent else ""
            name = one.customer.name or ""
            table.add_row(one.customer.external_id, name, voice.figures.day(one.entered_at), spent)
        out.print("")
        out.print(table)
    for note in notes(view, voice):
        out.print(note, soft_wrap=True)
    for problem in view.warnings:
        click.echo(cli.words.plain("conditions", problem.code, **problem.params), err=True)
