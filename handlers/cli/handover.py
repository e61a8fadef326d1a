"""The other side of the desk: hand a command over to the process that writes the database.

What the command prints there is printed here, and its exit code is given. It must not know any command.
"""

import http.client
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TextIO

from rules.errors import WarmlineError
from storage.database import writer_of
from storage.errors import SecondWriterError

_LOOPBACK: Final = "127.0.0.1"
_ANSWER_WITHIN: Final = 15.0
"""Seconds; the desk says something every second, even where the command does not."""


class HandoverLostError(WarmlineError):
    """The process that writes, ``pid``, ended before the command it had been given was done."""

    code: ClassVar[str] = "handover_lost"


class HandoverFailedError(WarmlineError):
    """The command failed in the process that writes, ``pid``; its log has the ``reference``."""

    code: ClassVar[str] = "handover_failed"


def hand_over(
    database: Path,
    argv: Sequence[str],
    *,
    folder: Path,
    out: TextIO,
    err: TextIO,
    given: str | None = None,
    answer_within: float = _ANSWER_WITHIN,
) -> int | None:
    """Have ``argv`` done by the process that writes the SQLite file ``database``, and give the exit code.

    None where no process writes it, or the one that does takes no work. ``folder`` is where relative paths begin,
    ``given`` what was read from standard input, where the command reads that.
    Raises `SecondWriterError` where the process does not answer, `HandoverLostError` where it ends in mid-command and
    `HandoverFailedError` where the command crashes it.
    """
    writer = writer_of(database)
    port, token, pid = writer.get("port"), writer.get("token"), writer.get("pid", "?")
    if not isinstance(port, int) or not isinstance(token, str):
        return None
    terminals = [name for name, stream in (("out", out), ("err", err)) if stream.isatty()]
    asked = {"argv": list(argv), "folder": str(folder), "terminals": terminals, "given": given}
    body = json.dumps(asked).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(_LOOPBACK, port, timeout=answer_within)
    try:
        connection.request("POST", "/command", body=body, headers=headers)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise SecondWriterError(pid=pid, path=str(database))
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise SecondWriterError(pid=pid, path=str(database)) from error
    try:
        return _relayed(response, out, err, pid)
    finally:
        connection.close()


def _relayed(response: http.client.HTTPResponse, out: TextIO, err: TextIO, pid: object) -> int:
    for line in _lines(response, pid):
        if "out" in line:
            out.write(line["out"])
            out.flush()
        elif "err" in line:
            err.write(line["err"])
            err.flush()
        elif "failed" in line:
            raise HandoverFailedError(pid=pid, reference=line["failed"])
        else:
            return int(line["exit"])
    raise HandoverLostError(pid=pid)


def _lines(response: http.client.HTTPResponse, pid: object) -> Iterator[dict[str, Any]]:
    try:
        for raw in response:
            if raw.strip():
                yield json.loads(raw)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise HandoverLostError(pid=pid) from error
