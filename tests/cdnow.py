"""CDNOW's real purchases for tests, from the package that carries them, and read without any of Warmline's code."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import metadata
from pathlib import Path


@dataclass(frozen=True)
class Purchase:
    day: date
    dollars: Decimal


def path(name: str = "CDNOW_master.txt") -> Path:
    """Where the file lies; a run without the package fails here, and says what to install."""
    try:
        found = metadata.distribution("lifetimes").locate_file(f"lifetimes/datasets/{name}")
    except metadata.PackageNotFoundError as error:
        raise RuntimeError(
            "CDNOW's purchases are missing: make setup installs requirements-data.lock"
        ) from error
    return Path(str(found))


@cache
def purchases() -> Mapping[str, Sequence[Purchase]]:
    """Every customer's purchases, in the order of the file."""
    found: dict[str, list[Purchase]] = defaultdict(list)
    for line in path().read_text().splitlines():
        parts = line.split()
        if len(parts) == 4 and parts[0].isdigit():
            found[parts[0]].append(Purchase(date.fromisoformat(parts[1]), Decimal(parts[3])))
    return found


def midnight(day: date) -> int:
    """The instant at which ``day`` begins in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
