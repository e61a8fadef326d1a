"""``bot.py lifecycle health``: how health is worked out, by the same use cases that chat calls."""

from typing import Any

import click
from rich.table import Table

from handlers import health as use_case
from handlers import health_plans as plans
from handlers import shown
from handlers.cli.base import Cli, as_json, console, print_json
from handlers.cli.lifecycle_told import told
from handlers.cli.manager import request
from handlers.lifecycle import make
from handlers.lifecycle_plans import HEALTH, Planned
from rules.instants import iso
from templates.health import ran, steps
from templates.views import HealthPage


@click.group("health")
def health() -> None:
    """Show and change how health from 0 to 100 is worked out."""


@health.command("show")
@as_json
@click.pass_obj
def show(cli: Cli, as_json: bool) -> None:
    """Show the dimensions, their parts and scales, and how many customers have how much health."""
    found = use_case.show(cli.context)
    if as_json:
        print_json(_as_json(found))
        return
    voice = shown.voice(cli.context)
    table = Table("dimension", "weight", "term", "scale", "weight", title=f"health, {found.preset}")
    for one in found.health.measured:
        for place, part in enumerate(one.parts):
            first = () if place else (one.dimension.value, str(one.weight))
            table.add_row(*(first or ("", "")), part.text, part.scale_text, str(part.weight))
    console().print(table)
    console().print(str(ran(found, voice)), soft_wrap=True)
    if found.scored:
        table = Table("score", "customers")
        for step, customers in steps(found):
            table.add_row(step, f"{customers:,}")
        console().print(table)


@health.command("weight")
@click.argument("dimension")
@click.argument("weight")
@as_json
@click.pass_obj
def weight(cli: Cli, dimension: str, weight: str, as_json: bool) -> None:
    """Let a dimension count more or less: 0 to 100; with 0 not at all."""
    _make(cli, plans.weighing(dimension, weight), as_json=as_json)


@health.command("part")
@click.argument("dimension")
@click.argument("term")
@click.argument("scale", required=False)
@click.option("--weight", default=None, help="How much it counts within its dimension, 1 to 100.")
@click.option("--remove", is_flag=True, help="Take the part away.")
@as_json
@click.pass_obj
def part(
    cli: Cli,
    dimension: str,
    term: str,
    *,
    scale: str | None,
    weight: str | None,
    remove: bool,
    as_json: bool,
) -> None:
    """Give a dimension another part, or a part of it another scale: "days_since(login)" "0:100 30:70 90:0"."""
    if remove:
        planned = plans.dropping(dimension, term)
    else:
        planned = plans.scaling(dimension, term, scale or "", weight)
    _make(cli, planned, as_json=as_json)


@health.command("run")
@as_json
@click.pass_obj
def run(cli: Cli, as_json: bool) -> None:
    """Work out everybody's health now; the bot does it every night from 4:00, business time."""
    found = use_case.compute(cli.context)
    if as_json:
        counts = {"customers": found.customers, "scored": found.scored, "changed": found.changed}
        print_json({"at": iso(found.at), **counts})
        return
    click.echo(f"{found.scored:,} of {found.customers:,} customers have a score; {found.changed:,} changed")


def _make(cli: Cli, planned: Planned, *, as_json: bool) -> None:
    told(cli, make(cli.context, request(), planned, did=HEALTH), as_json)


def _as_json(found: HealthPage) -> dict[str, Any]:
    return {
        "preset": found.preset or None,
        "edited": found.edited,
        "at": None if found.at is None else iso(found.at),
        "customers": found.customers,
        "scored": found.scored,
        "spread": [{"score": step.replace("–", "-"), "customers": n} for step, n in steps(found)],
        "dimensions": [
            {
                "dimension": one.dimension.value,
                "weight": one.weight,
                "parts": [
                    {"term": part.text, "scale": part.scale_text, "weight": part.weight} for part in one.parts
                ],
            }
            for one in found.health.measured
        ],
    }
