"""What it was measured on, in one line."""

import os
import platform
import sqlite3
from pathlib import Path

from tests import postgres


def machine(server: str | None) -> str:
    """Say cores, memory and versions; ``server`` is the URL of PostgreSQL, where it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores",
        *_model(),
        f"{memory:.0f} GiB of memory",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
    ]
    if server is not None:
        parts.append(f"PostgreSQL {postgres.version(server)}")
    return ", ".join(parts)


def _model() -> list[str]:
    """Give the processor's name, where the system says one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[:1]
