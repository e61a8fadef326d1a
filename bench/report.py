"""What was measured, as a table for a terminal, as Markdown for the documents, as JSON for programs."""

import json
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.measure import Measure

HEADINGS: Final = ("database", "what", "Warmline", "the other side", "ratio", "goal", "met")
_MET: Final = {True: "yes", False: "no", None: ""}

Found = Sequence[tuple[str, Measure]]
"""Pairs of engine and measure."""


def as_table(found: Found, *, title: str, machine: str, console: Console) -> None:
    """Print a table."""
    table = Table(title=title, caption=machine)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("database", "what") else "right")
    for line in _lines(found):
        table.add_row(*line)
    console.print(table)


def as_markdown(found: Found, *, title: str, machine: str) -> str:
    """Give a table in Markdown, under what it was measured on."""
    rule = ["---"] * 2 + ["---:"] * (len(HEADINGS) - 2)
    lines = [HEADINGS, rule, *_lines(found)]
    table = "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
    return f"{title}. {machine}.\n\n{table}\n"


def as_json(found: Found, *, sizes: dict[str, int], machine: str) -> str:
    """Give everything as one JSON object."""
    measures = [{"database": engine, **one.as_json()} for engine, one in found]
    return json.dumps({"machine": machine, "sizes": sizes, "measures": measures}, indent=2)


def _lines(found: Found) -> list[tuple[str, ...]]:
    return [(engine, *one.cells(), _MET[one.met]) for engine, one in found]
